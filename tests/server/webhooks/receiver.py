"""A program that receives webhooks, on a real socket; it can be stopped and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from tenuto.core.webhooks.signing import is_signed


class Received(msgspec.Struct, kw_only=True):
    """A message that came."""

    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(self.told["type"])

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    def is_signed(self, secret: str) -> bool:
        now_s = int(self.headers["webhook-timestamp"])
        return is_signed(secret, headers=self.headers, body=self.body, now_s=now_s)


class Receiver:
    """Answers with `statuses`, one after the other, then 200. A status 0: it never answers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        self.headers = ""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._news = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.close()
            self._server = None

    async def until(self, holds: Callable[[list[Received]], bool]) -> list[Received]:
        """Return what came, once it `holds`."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: holds(self.received))
        return list(self.received)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._one(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        path = head[0].split()[1]
        status = self.statuses.pop(0) if self.statuses else 200
        async with self._news:
            self.received.append(Received(headers=headers, body=body, path=path))
            self._news.notify_all()
        if not status:
            await reader.readexactly(1)  # Until who asks gives up.
        answer = f"HTTP/1.1 {status} Said\r\n{self.headers}content-length: 2\r\n\r\nok"
        writer.write(answer.encode())
        await writer.drain()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Give a receiver that listens."""
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()
