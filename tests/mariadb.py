"""MariaDB for tests: fresh databases, and a server that a test may kill."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote, urlsplit

import pymysql
import pytest

from scripts import mariadb_server
from scripts.mariadb_server import Server

OWN_FAULT = mariadb_server.fault()
FAULT = "" if mariadb_server.named() else OWN_FAULT

needs_mariadb = pytest.mark.skipif(
    bool(FAULT), reason=f"{FAULT}. Skipped: what is moved from and to MariaDB."
)
"""On a test that takes a fresh database. With CI=true a skipped test is a failed one."""

needs_own_mariadb = pytest.mark.skipif(
    bool(OWN_FAULT),
    reason=f"{OWN_FAULT}. Skipped: what is done to no server that was named, as outages.",
)
"""On a test that stops or kills the server: that is not done to one that was named."""


@cache
def own_mariadb() -> Server:
    """Return the server of this process: pytest-xdist's workers have one each. It is started for
    the first who asks, in some seconds."""
    return Server()


@contextlib.contextmanager
def fresh_database(*, on: Server | None = None) -> Iterator[str]:
    """Give the address of an empty database, which nobody else uses; it is dropped afterwards. It
    lies on the server that TENUTO_TEST_MARIADB names, or else on `own_mariadb()`.

    Args:
        on: the server it is to lie on; when that is away, it is started.
    """
    if on is None and mariadb_server.named():
        url = mariadb_server.named()
    else:
        server = on or own_mariadb()
        server.start()
        url = server.url
    name = f"tenuto_{os.getpid()}_{secrets.token_hex(6)}"
    _done(url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        if on is not None:
            on.start()
        _done(url, f"DROP DATABASE {name}")


def _done(url: str, sql: str) -> None:
    parts = urlsplit(url)
    with contextlib.closing(
        pymysql.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
    ) as connection:
        connection.cursor().execute(sql)
