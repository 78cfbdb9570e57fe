"""Servers as processes on one PostgreSQL database, which a test may kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from tests.postgres import fresh_database
from tests.server.cuts.servers import own_port
from tests.server.several.pairs import KEY

_OWNER = """
    SELECT m.name FROM sessions AS s
    JOIN shards AS h ON h.workflow = s.workflow AND h.number = s.shard
    JOIN members AS m ON m.number = h.owner WHERE s.id = %s"""


class Server:
    """A `tenuto serve`, and a client of it."""

    def __init__(self, port: int, pid: int, client: httpx2.AsyncClient) -> None:
        self.port, self.pid, self.client = port, pid, client

    def kill(self) -> None:
        """End it so that nothing of it can do anything more."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Let it do nothing, until it is told to go on."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Wake it up."""
        os.kill(self.pid, signal.SIGCONT)

    async def start(self, workflow: str, **asked: Any) -> str:
        """Return a new session, whichever server runs it."""
        answer = await self.client.post(f"/workflows/{workflow}/start", json=asked)
        assert answer.status_code in (200, 201, 202), answer.text
        return str(answer.json()["id"])


class Servers:
    """The servers of a database, the first one first."""

    def __init__(self, nursery: subprocess.Popen[str], url: str) -> None:
        self._nursery, self.url = nursery, url
        self.all: list[Server] = []

    async def add(self, stack: contextlib.AsyncExitStack) -> Server:
        """Return one more, which answers."""
        port = own_port()
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        self._nursery.stdin.write(f"start {port} {self.url}\n")
        self._nursery.stdin.flush()
        pid = int(self._nursery.stdout.readline())
        address = f"http://127.0.0.1:{port}"
        client = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=f"{address}/api/v1", timeout=40)
        )
        async with asyncio.timeout(40):
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    if (await client.get(f"{address}/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.01)
        server = Server(port, pid, client)
        self.all.append(server)
        return server

    async def owner(self, session: str) -> Server | None:
        """Return the server that runs a session; None: for the moment nobody does."""
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            row = await (await connection.execute(_OWNER, (session,))).fetchone()
        found = [one for one in self.all if row and str(row[0]).startswith(f"pid {one.pid} ")]
        return found[0] if found else None

    async def start_at(self, server: Server, workflow: str) -> str:
        """Return a new session that `server` runs."""
        async with asyncio.timeout(30):
            while True:
                session = await server.start(workflow)
                if await self.owner(session) is server:
                    return session


@contextlib.contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    """Give a process that forks servers; they end with it."""
    environment = {**os.environ, "TENUTO_SECRET_KEY": KEY}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("nursery.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()


@contextlib.asynccontextmanager
async def servers(forks: subprocess.Popen[str], count: int) -> AsyncIterator[Servers]:
    """Give so many servers on a fresh database."""
    with fresh_database() as url:
        found = Servers(forks, url)
        async with contextlib.AsyncExitStack() as stack:
            try:
                for _ in range(count):
                    await found.add(stack)
                yield found
            finally:
                for one in found.all:
                    with contextlib.suppress(ProcessLookupError):
                        one.kill()
