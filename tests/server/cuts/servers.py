"""A `tenuto serve` that can be killed and started again, and clients that come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, Final

import httpx2
import websockets

import tenuto
from tenuto.core.errors import PortError
from tenuto.server.listening import listening

SECONDS_MAX: Final = 60
WHOLE_SECONDS_MAX: Final = 180
_TLS: Final = ssl.create_default_context()
"""Not needed, and made by each client that is not given one: that takes its time."""


def own_port() -> int:
    """Return a port that nobody is given who asks for any: a server that was killed comes back to
    it, and must not find another test's socket there. Those given out begin at 32,768 or later."""
    for place in range(1_000):
        port = 20_000 + (os.getpid() * 37 + place) % 12_000
        with contextlib.suppress(PortError), listening("127.0.0.1", port):
            return port
    raise AssertionError("some port is free")


def run(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` in a loop of its own. What waits for ever fails, and hangs nobody."""

    async def bounded() -> None:
        async with asyncio.timeout(WHOLE_SECONDS_MAX):
            await work

    asyncio.run(bounded())


class Nursery:
    """A server's process, one life after the other, on one file and port."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self.port = process, port
        self.address = f"http://127.0.0.1:{port}"

    async def start(self) -> None:
        """Return when the server answers."""
        await self._tell("start")
        async with httpx2.AsyncClient(verify=_TLS) as client, asyncio.timeout(SECONDS_MAX):
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    if (await client.get(f"{self.address}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """Kill the server so that nothing of it can do anything more."""
        await self._tell("kill")

    async def _tell(self, word: str) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{word}\n".encode())
        assert await self._process.stdout.readline() == b"done\n"


@contextlib.asynccontextmanager
async def nursery(folder: Path) -> AsyncIterator[Nursery]:
    """Give a running server on a file in `folder`."""
    port = own_port()
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, str(Path(__file__).with_name("nursery.py"))],
        *[str(folder / "cuts.db"), str(port)],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    made = Nursery(process, port)
    try:
        await made.start()
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def prepared(folder: Path, flow: tenuto.Workflow, count: int) -> list[str]:
    """Return sessions in the file, begun by nobody yet; each waits for the signal `go`."""
    async with tenuto.open(f"sqlite:///{folder / 'cuts.db'}", hold=True) as runtime:
        return [(await runtime.start(flow)).id for _ in range(count)]


async def go(address: str, session: str) -> None:
    """Let a session begin."""
    async with httpx2.AsyncClient(verify=_TLS, base_url=f"{address}/api/v1") as client:
        answer = await client.post(f"/sessions/{session}/signal", json={"name": "go"})
        assert answer.status_code == 200, answer.text


class Seen:
    """What a client got of a session, over as many connections as it took."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.versions: list[int] = []
        self.has_ended = False
        self.connections = 0
        self.changed = asyncio.Event()

    @property
    def last(self) -> int:
        return self.versions[-1] if self.versions else 0

    def take(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "event":
            self.versions.append(data["seq"])
        self.has_ended = self.has_ended or kind == "end"
        self.changed.set()

    def assert_whole(self) -> None:
        """Check that each event came once, in order, and the end."""
        assert self.has_ended
        assert self.versions == list(range(1, self.last + 1))

    async def until(self, count: int) -> None:
        """Return when so many events came."""
        while len(self.versions) < count and not self.has_ended:
            await self.changed.wait()
            self.changed.clear()


async def follow(
    kind: str, address: str, seen: Seen, *, then: str | None = None, drop_after: int | None = None
) -> Seen:
    """Stream until the end, and come back whenever the line breaks.

    Args:
        then: where to connect after the first time, if somewhere else.
        drop_after: hang up, once, after so many events.
    """
    frames = sse_frames if kind == "sse" else socket_frames
    while not seen.has_ended:
        seen.connections += 1
        with contextlib.suppress(httpx2.TransportError, websockets.WebSocketException, OSError):
            async with contextlib.aclosing(frames(address, seen)) as coming:
                async for name, data in coming:
                    seen.take(name, data)
                    if len(seen.versions) == drop_after:
                        drop_after = None
                        break
        address = then or address
        if not seen.has_ended:
            await asyncio.sleep(0.005)
    return seen


async def sse_frames(address: str, seen: Seen) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Return whole frames of one connection, as browsers read them."""
    headers = {"Last-Event-ID": str(seen.last)} if seen.versions else {}
    url = f"{address}/api/v1/sessions/{seen.session}/stream"
    async with (
        httpx2.AsyncClient(verify=_TLS) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        text = ""
        async for piece in answer.aiter_text():
            text += piece
            while "\n\n" in text:
                block, text = text.split("\n\n", 1)
                yield told_in(block)


def told_in(block: str) -> tuple[str, dict[str, Any]]:
    """Return kind and data of a block of server-sent events."""
    fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
    return fields.get("event", ""), json.loads(fields.get("data", "{}"))


async def socket_frames(address: str, seen: Seen) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Return the frames of one connection."""
    url = f"{address.replace('http', 'ws', 1)}/api/v1/sessions/{seen.session}/stream"
    async with websockets.connect(f"{url}?after={seen.last}") as connection:
        async for message in connection:
            told = json.loads(message)
            yield told["frame"], told["data"]
