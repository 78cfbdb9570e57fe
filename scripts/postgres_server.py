"""A PostgreSQL server for the tests or benchmarks of this process, and empty databases on it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

BIN: Final = "TENUTO_TEST_POSTGRES_BIN"
PROGRAM: Final = Path(__file__).with_name("postgres.py")


class Server:
    """A server that ends with this process, however that ends: its keeper, a process of its own,
    ends it when the pipe to here breaks.

    Raises:
        RuntimeError: from each method, when the server does not do what it is told.
    """

    def __init__(self, programs: Path | None = None, **settings: str) -> None:
        """Start a new, empty one. Settings are those of PostgreSQL, as `fsync="off"`.

        Args:
            programs: the folder of the server's programs; None: of the newest that are there.
        """
        environment = {**os.environ, **({BIN: str(programs)} if programs else {})}
        self._keeper = subprocess.Popen(
            [sys.executable, PROGRAM, "run", *(f"{name}={to}" for name, to in settings.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            # Ctrl-C is for this process; the keeper ends after it.
            start_new_session=True,
        )
        facts = self._answer()
        self.url: str = facts["url"]
        """The address for a role that may make databases and roles, and is no superuser."""
        self.admin_url: str = facts["admin_url"]
        """The address for a superuser."""
        self.port: int = facts["port"]
        self.pid: int = facts["pid"]
        """Of the server's first process; 0 while it is down."""

    def start(self) -> None:
        """Return when it takes connections again, on the same port. Does nothing where it runs."""
        self._order("start")

    def stop(self) -> None:
        """Break all connections, write everything back, and be away until `start`."""
        self._order("stop")

    def restart(self) -> None:
        """Stop it in good order, and return when it takes connections again."""
        self._order("restart")

    def kill(self) -> None:
        """End every process of it as a power cut would, and leave it away until `start`."""
        self._order("kill")

    def close(self) -> None:
        """End the server and throw its data away."""
        assert self._keeper.stdin is not None and self._keeper.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.close()
        self._keeper.wait()
        self._keeper.stdout.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _order(self, word: str) -> None:
        assert self._keeper.stdin is not None, "it is a pipe"
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.write(f"{word}\n")
            self._keeper.stdin.flush()
        self.pid = self._answer()["pid"]

    def _answer(self) -> dict[str, Any]:
        assert self._keeper.stdout is not None, "it is a pipe"
        line = self._keeper.stdout.readline()
        facts: dict[str, Any] = json.loads(line or '{"fault": "Its keeper has ended."}')
        if "fault" in facts:
            self.close()
            raise RuntimeError(f"No PostgreSQL for tests: {facts['fault']}")
        return facts


@contextlib.contextmanager
def database(url: str, admin_url: str = "") -> Iterator[str]:
    """Give the address of a new, empty database of the role of `url`; drop it afterwards.

    Args:
        admin_url: who drops it. A role can end only connections of its own; those of others would
            keep the database.
    """
    import psycopg
    from psycopg import sql

    name = f"tenuto_{os.getpid()}_{secrets.token_hex(6)}"
    made = sql.SQL(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(made.format(sql.Identifier(name)))
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(admin_url or url, autocommit=True) as connection:
            dropped = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(dropped.format(sql.Identifier(name)))
