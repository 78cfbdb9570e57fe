"""A line between a client and a server that fails as networks do, when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

End = Literal["client", "server"]
ENDS: Final[tuple[End, ...]] = ("client", "server")
SECONDS_MAX: Final = 30
CONNECT_SECONDS_MAX: Final = 5
PIECES_MAX: Final = 64
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: closing throws away what was not sent, and the other side learns it by a reset."""


class FaultyLine:
    """A TCP proxy on 127.0.0.1 with a thread of its own: it carries on whatever the test waits for.

    Each fault holds until `resume`, and for connections to come too; when a method returns, it is
    in force. `to` is the end that the bytes go to; without it the fault is on both ways.
    """

    def __init__(self, port: int) -> None:
        """Lead to this port of 127.0.0.1, when it is entered."""
        self._server_port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._listening: socket.socket | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._connections: set[Connection] = set()
        self._faults = Faults()
        # Bound for good, so that nobody else gets the port while connections are refused.
        self._kept = bound(0)
        self._making = asyncio.Lock()
        self.port: int = self._kept.getsockname()[1]

    def __enter__(self) -> FaultyLine:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(SECONDS_MAX)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS_MAX)
        self._loop.close()
        self._kept.close()

    def leading(self, url: str) -> str:
        """Return the address with this line in the server's place."""
        parts = urlsplit(url)
        login, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{login}{at}127.0.0.1:{self.port}").geturl()

    @property
    def connection_count(self) -> int:
        """How many connections there are now."""
        return len(self._connections)

    def cut(self) -> None:
        """Reset all connections, on both ends; what is under way is lost. New ones are welcome."""
        self._do(self._cut())

    def refuse(self) -> None:
        """Cut, and refuse new connections, as a machine does where nobody listens."""
        self._do(self._refuse())
        self._do(self._cut())

    def cut_after(self, count: int, *, to: End) -> None:
        """Let so many more bytes arrive on each connection, then end it: this end is told in good
        order that no more comes, the other by a reset."""

        async def limit() -> None:
            self._faults.bytes_max[to] = count
            for connection in self._connections:
                connection.left[to] = count

        self._do(limit())

    def delay(self, seconds: float, *, to: End | None = None) -> None:
        """Let what is sent from now on arrive so much later, in order."""

        async def slow() -> None:
            for end in ends(to):
                self._faults.delay_s[end] = seconds

        self._do(slow())

    def black_hole(self, *, to: End | None = None) -> None:
        """Let nothing pass, not even the end of a connection, and tell nobody. Connections can be
        made. After `resume` all arrives that is not cut before."""

        async def close() -> None:
            for end in ends(to):
                self._faults.is_open[end].clear()

        self._do(close())

    def wait_held(self, *, to: End) -> None:
        """Return when a black hole holds back something that was sent to this end.

        Raises:
            TimeoutError: nothing was sent.
        """
        if not self._faults.is_holding[to].wait(SECONDS_MAX):
            raise TimeoutError(f"Nothing was sent to the {to} in {SECONDS_MAX} s.")

    def half_close(self, *, to: End) -> None:
        """Tell this end of each connection that no more comes, and drop what the other sends; what
        it sends itself still arrives. Connections to come are whole."""

        async def end() -> None:
            for connection in self._connections:
                connection.end(to)

        self._do(end())

    def resume(self) -> None:
        """Lift all faults; connections that are cut or half closed stay so."""

        async def lift() -> None:
            self._faults.lift()
            for connection in self._connections:
                connection.left = dict.fromkeys(ENDS)
            if self._listening is None:
                await self._listen()

        self._do(lift())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        async def alone() -> None:
            # A connection in the making would escape.
            async with self._making:
                await work

        asyncio.run_coroutine_threadsafe(alone(), self._loop).result(SECONDS_MAX)

    async def _listen(self) -> None:
        self._listening = bound(self.port)
        self._listening.setblocking(False)
        self._listening.listen()
        # Not asyncio's server: one that closes while it accepts loses what it accepted.
        self._loop.add_reader(self._listening, self._accept, self._listening)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client, _ = listening.accept()
            serving = self._loop.create_task(self._serve(client))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
        self._listening = None

    async def _cut(self) -> None:
        for connection in tuple(self._connections):
            await connection.cut()

    async def _close(self) -> None:
        await self._refuse()
        # What was just accepted becomes a connection yet.
        while serving := tuple(self._serving):
            await self._cut()
            await asyncio.wait(serving, timeout=0.01)

    async def _serve(self, client: socket.socket) -> None:
        client.setblocking(False)
        async with self._making:
            try:
                async with asyncio.timeout(CONNECT_SECONDS_MAX):
                    there = await asyncio.open_connection("127.0.0.1", self._server_port)
            except OSError:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
                return
            here = await asyncio.open_connection(sock=client)
            connection = Connection(self._faults, here, there)
            self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


@dataclass
class Faults:
    """What a line does wrong now, by the end that is sent to."""

    delay_s: dict[End, float] = field(default_factory=lambda: dict.fromkeys(ENDS, 0.0))
    bytes_max: dict[End, int | None] = field(default_factory=lambda: dict.fromkeys(ENDS))
    is_open: dict[End, asyncio.Event] = field(
        default_factory=lambda: {end: asyncio.Event() for end in ENDS}
    )
    is_holding: dict[End, threading.Event] = field(
        default_factory=lambda: {end: threading.Event() for end in ENDS}
    )

    def __post_init__(self) -> None:
        self.lift()

    def lift(self) -> None:
        for end in ENDS:
            self.delay_s[end], self.bytes_max[end] = 0.0, None
            self.is_holding[end].clear()
            self.is_open[end].set()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Pieces = asyncio.Queue[tuple[float, bytes | None]]
"""When it is due, by the loop's clock, and what: `b""` is the end, None a reset."""


class Connection:
    """One connection through a line: two ways, each with a queue."""

    def __init__(self, faults: Faults, client: Streams, server: Streams) -> None:
        self._faults = faults
        self._reader = {"client": client[0], "server": server[0]}
        self._writer = {"client": client[1], "server": server[1]}
        self.left = dict(faults.bytes_max)
        self._has_ended = dict.fromkeys(ENDS, False)
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Return when both ways have ended, or one was reset."""
        self._task = asyncio.ensure_future(self._carry())
        await asyncio.wait([self._task])
        for writer in self._writer.values():
            await closed(writer)

    async def cut(self) -> None:
        for writer in self._writer.values():
            reset(writer)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def end(self, to: End) -> None:
        """Tell `to` that no more comes, and let nothing more through that way."""
        if not self._has_ended[to]:
            self._has_ended[to] = True
            with contextlib.suppress(OSError):
                self._writer[to].write_eof()

    async def _carry(self) -> None:
        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for to, other in (ENDS, ENDS[::-1]):
                    pieces: Pieces = asyncio.Queue(PIECES_MAX)
                    group.create_task(self._fill(pieces, to=to, of=other))
                    group.create_task(self._drain(pieces, to=to, of=other))

    async def _fill(self, pieces: Pieces, *, to: End, of: End) -> None:
        clock = asyncio.get_running_loop().time
        piece: bytes | None = b"anything"
        while piece:
            try:
                piece = await self._reader[of].read(65_536)
            except ConnectionError:
                piece = None
            await pieces.put((clock() + self._faults.delay_s[to], piece))

    async def _drain(self, pieces: Pieces, *, to: End, of: End) -> None:
        clock = asyncio.get_running_loop().time
        piece: bytes | None = b"anything"
        while piece:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - clock()))
            if not self._faults.is_open[to].is_set():
                self._faults.is_holding[to].set()
                await self._faults.is_open[to].wait()
            if piece is None:
                reset(self._writer[to])
                raise ConnectionResetError
            if not self._has_ended[to]:
                await self._send(piece, to=to, of=of)
        self.end(to)

    async def _send(self, piece: bytes, *, to: End, of: End) -> None:
        left = self.left[to]
        allowed = piece if left is None else piece[:left]
        self._writer[to].write(allowed)
        if left is not None:
            self.left[to] = left - len(allowed)
            if not self.left[to]:
                reset(self._writer[of])
                # Not at once: what was written is to arrive, then nothing more.
                self._writer[to].close()
                raise ConnectionResetError
        await self._writer[to].drain()


def ends(to: End | None) -> tuple[End, ...]:
    return (to,) if to else ENDS


def reset(writer: asyncio.StreamWriter) -> None:
    """Close without sending what is still there; the other side sees a reset."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close, and return when nothing of it is left."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def bound(port: int) -> socket.socket:
    """Return a socket on this port of 127.0.0.1, which may be bound more than once."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made
