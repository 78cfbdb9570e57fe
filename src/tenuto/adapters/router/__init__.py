"""A model that is several: failover, turns, the cheapest that will do; may import ports and the
core."""

from tenuto.adapters.router.router import Router

__all__ = ["Router"]
