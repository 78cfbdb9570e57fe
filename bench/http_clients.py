"""A light HTTP client in a process of its own: `python -m bench.http_clients PORT SECONDS N`.

Reads a request from stdin, as it goes over the wire, and sends it again and again on N connections,
each as soon as the answer is there. Says how many answers came in a second, and their delays.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import ClassVar, Final

_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Client(asyncio.Protocol):
    """One connection."""

    delays_s: ClassVar[list[float]] = []
    until_s = 0.0
    open_count = 0
    done: asyncio.Event

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "TCP"
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_s = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        head, found, body = self._rest.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")), head + body
        self._rest = b""
        now_s = time.perf_counter()
        Client.delays_s.append(now_s - self._sent_s)
        if now_s < Client.until_s:
            self._send()
            return
        self._transport.close()
        Client.open_count -= 1
        if not Client.open_count:
            Client.done.set()


async def main(port: int, seconds: float, connections: int) -> None:
    """Ask, and print what came of it as JSON."""
    request = sys.stdin.buffer.read()
    Client.done = asyncio.Event()
    Client.open_count = connections
    began_s = time.perf_counter()
    Client.until_s = began_s + seconds
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(request), "127.0.0.1", port)
    await Client.done.wait()
    took_s = time.perf_counter() - began_s
    delays_s = sorted(Client.delays_s)
    print(
        json.dumps(
            {
                "per_s": len(delays_s) / took_s,
                "median_s": delays_s[len(delays_s) // 2],
                "p99_s": delays_s[min(len(delays_s) - 1, len(delays_s) * 99 // 100)],
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
