"""Redis for tests: places of one's own on a server, and a server that a test may kill."""

from __future__ import annotations

import secrets
from functools import cache

import pytest

from scripts import redis_server
from scripts.redis_server import Server

OWN_FAULT = redis_server.fault()
FAULT = "" if redis_server.named() else OWN_FAULT

needs_redis = pytest.mark.skipif(bool(FAULT), reason=f"{FAULT}. Skipped: what goes by Redis.")
"""On a test that takes a fresh place. With CI=true a skipped test is a failed one."""

needs_own_redis = pytest.mark.skipif(
    bool(OWN_FAULT),
    reason=f"{OWN_FAULT}. Skipped: what is done to no server that was named, as outages.",
)
"""On a test that kills the server: that is not done to one that was named."""


@cache
def own_redis() -> Server:
    """Return the server of this process: pytest-xdist's workers have one each."""
    return Server()


def fresh_redis(*, on: Server | None = None) -> str:
    """Return an address with a prefix that nobody else uses, on the server that TENUTO_TEST_REDIS
    names, or else on `own_redis()`.

    Args:
        on: the server it is to lie on; when that is away, it is started.
    """
    if on is None and redis_server.named():
        url = redis_server.named()
    else:
        server = on or own_redis()
        server.start()
        url = server.url
    return f"{url}?prefix=test-{secrets.token_hex(6)}"
