"""Many light clients of streams in one process: `python -m bench.stream_clients KIND PORT IDS`.

Each says which events it got and when; the clock is that of the machine, the same in every process.
Says `ready` once all of them stream, and the path of what they saw when all have come to their end.
"""

from __future__ import annotations

import array
import asyncio
import base64
import os
import re
import sys
import time
from typing import Final

_SSE_ID: Final = re.compile(rb"^id: (\d+)\n", re.M)
_WS_ID: Final = re.compile(rb'"session":"[^"]*","id":(\d+),')


class Client(asyncio.Protocol):
    """One connection. `seen`: client, version, seconds, one after the other."""

    seen: array.array[float] = array.array("d")
    open_count = 0
    ready_count = 0
    changed: asyncio.Event

    def __init__(self, number: int, kind: str, session: str) -> None:
        self.number, self.kind, self.session = number, kind, session
        self.rest = b""
        self.is_ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "TCP"
        lines = [f"GET /api/v1/sessions/{self.session}/stream HTTP/1.1", "Host: 127.0.0.1"]
        if self.kind == "ws":
            key = base64.b64encode(os.urandom(16)).decode()
            lines += ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}"]
            lines += ["Sec-WebSocket-Version: 13"]
        transport.write("\r\n".join([*lines, "", ""]).encode())
        Client.open_count += 1

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        if not self.is_ready:
            assert b" 200 OK" in data or b" 101 " in data, data[:500]
            self.is_ready = True
            Client.ready_count += 1
            Client.changed.set()
        data = self.rest + data
        pattern = _WS_ID if self.kind == "ws" else _SSE_ID
        end = 0
        for found in pattern.finditer(data):
            Client.seen.extend((self.number, int(found[1]), now_s))
            end = found.end()
        # An id may be cut in two.
        self.rest = data[max(end, len(data) - 120) :]

    def connection_lost(self, exc: Exception | None) -> None:
        Client.open_count -= 1
        Client.changed.set()


async def main(kind: str, port: int, sessions: list[str], path: str) -> None:
    Client.changed = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, session in enumerate(sessions):
        await loop.create_connection(
            lambda number=number, session=session: Client(number, kind, session),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    while Client.ready_count < len(sessions):
        await Client.changed.wait()
        Client.changed.clear()
    print("ready", flush=True)
    while Client.open_count:
        await Client.changed.wait()
        Client.changed.clear()
    with open(path, "wb") as file:  # noqa: ASYNC230  (all is over)
        Client.seen.tofile(file)
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3].split(","), sys.argv[4]))
