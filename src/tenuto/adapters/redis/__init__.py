"""What processes that share a database do faster by Redis (extra `redis`). Nothing is kept there
that would be missed: when Redis is away, each part has another way."""

from tenuto.adapters.redis.allowances import RedisAllowances
from tenuto.adapters.redis.line import Line, RedisAway, parted
from tenuto.adapters.redis.signals import RedisSignals

__all__ = ["Line", "RedisAllowances", "RedisAway", "RedisSignals", "parted"]
