"""Locks and counters of all who share a Redis, by scripts that are one step each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import ResponseError

from tenuto.adapters.redis.line import Line, RedisAway, Script, Value, packed

# A token is a moment in microseconds, so that it is higher than those before a Redis that lost
# everything, too.
TAKE: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local time = redis.call('TIME')
local token = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
if token <= last then token = last + 1 end
token = string.format('%.0f', token)
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
redis.call('SET', KEYS[2], token, 'EX', 86400)
return token
"""
KEEP: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
GIVE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
ADD: Final = """
local number = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return number
"""


class RedisLocks:
    """`Locks` of all who share a prefix. Each method raises `RedisAway` when that is so."""

    def __init__(self, line: Line, *, prefix: str = "") -> None:
        self._line, self._prefix = line, f"{line.maker.prefix}{prefix}:lock:"
        self._take, self._keep, self._give = Script(TAKE), Script(KEEP), Script(GIVE)

    async def take(self, name: str, *, lasting_ms: int) -> int | None:
        """See `Locks.take`."""
        key = self._prefix + name
        token = await _ran(self._line, self._take, [key, f"{key}:last"], lasting_ms)
        return None if token is None else int(token)

    async def keep(self, name: str, token: int, *, lasting_ms: int) -> bool:
        """See `Locks.keep`."""
        return bool(await _ran(self._line, self._keep, [self._prefix + name], token, lasting_ms))

    async def give(self, name: str, token: int) -> bool:
        """See `Locks.give`."""
        return bool(await _ran(self._line, self._give, [self._prefix + name], token))


class RedisCounters:
    """`Counters` of all who share a prefix. Each method raises `RedisAway` when that is so."""

    def __init__(self, line: Line, *, prefix: str = "") -> None:
        self._line, self._prefix = line, f"{line.maker.prefix}{prefix}:count:"
        self._add = Script(ADD)

    async def add(self, name: str, by: int, *, lasting_ms: int) -> int:
        """See `Counters.add`."""
        return int(await _ran(self._line, self._add, [self._prefix + name], by, lasting_ms))

    async def read(self, names: Sequence[str]) -> tuple[int, ...]:
        """See `Counters.read`."""
        if not names:
            return ()
        found = await self._line.ask(packed("MGET", *[self._prefix + name for name in names]))
        return tuple([int(one or 0) for one in found])


async def _ran(line: Line, script: Script, keys: Sequence[str], *values: Value) -> Any:
    try:
        return await script.ran(line, script.command(keys, values))
    except ResponseError as error:
        raise RedisAway(f"Redis {line.maker.name} refuses: {error}") from error
