"""Streams over HTTP that a client can come back to, with `Last-Event-ID`.

Each connection keeps what it has said lately, in memory: what a call gives is in the log of its
session anyhow, and its key joins that again. A connection sees its own streams only.
Source: MCP 2025-11-25, basic/transports, resumability; SEP-1699."""

import asyncio
import base64
import binascii
import secrets
import weakref
from collections import OrderedDict, deque
from contextlib import suppress
from typing import Any, Final

import mcp_types as types
import msgspec
from mcp.server import Server
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

BYTES_MAX: Final = 4 * 1024 * 1024
"""Kept of one connection; the oldest goes first."""
ALL_BYTES_MAX: Final = 64 * 1024 * 1024
"""Kept of all connections."""
_EVENT_BYTES: Final = 200
"""What an event costs beside its text."""
RETRY_MS: Final = 500
"""After so long a client shall come back to a stream that has ended."""


class Kept(msgspec.Struct):
    """One event of a stream."""

    number: int
    stream: str
    message: types.JSONRPCMessage | None
    size: int


class Room:
    """What all connections keep together."""

    def __init__(self, *, bytes_max: int = ALL_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self.size = 0
        self._streams: OrderedDict[int, weakref.ref[Streams]] = OrderedDict()

    def grown(self, streams: "Streams", size: int) -> None:
        """Take note that a connection keeps more; who has said nothing for longest gives way."""
        self.size += size
        self._streams[id(streams)] = weakref.ref(streams)
        self._streams.move_to_end(id(streams))
        while self.size > self._bytes_max and len(self._streams) > 1:
            _, found = self._streams.popitem(last=False)
            oldest = found()
            if oldest is not None:
                oldest.forget()

    def shrunk(self, size: int) -> None:
        """Take note that a connection keeps less."""
        self.size -= size

    def left(self, streams: "Streams", size: int) -> None:
        """Take note that a connection is gone, and all that it kept."""
        self.size -= size
        self._streams.pop(id(streams), None)


class Streams(EventStore):
    """The streams of one connection."""

    def __init__(
        self, room: Room, *, bytes_max: int = BYTES_MAX, poll_seconds: float = 0.0
    ) -> None:
        self._room, self._bytes_max, self._poll_seconds = room, bytes_max, poll_seconds
        self._mark = secrets.token_urlsafe(9)
        """Begins the ids of this connection's events."""
        self._events: deque[Kept] = deque()
        self._size = 0
        self._last = 0
        self._came = asyncio.Event()
        self._going: set[str] = set()
        """Streams that have not had their answer."""

    def __del__(self) -> None:
        """A connection that is gone keeps nothing."""
        self._room.left(self, self._size)

    async def store_event(self, stream_id: str, message: types.JSONRPCMessage | None) -> str:
        """Keep an event; return its id."""
        self._last += 1
        size = _EVENT_BYTES
        if message is not None:
            size += len(message.model_dump_json(by_alias=True, exclude_unset=True))
        self._events.append(Kept(number=self._last, stream=stream_id, message=message, size=size))
        self._size += size
        if _is_answer(message):
            self._going.discard(stream_id)
        else:
            self._going.add(stream_id)
        while self._size > self._bytes_max and len(self._events) > 1:
            self._drop()
        self._room.grown(self, size)
        self._came.set()
        self._came = asyncio.Event()
        return self._id(stream_id, self._last)

    async def replay_events_after(
        self, last_event_id: str, send_callback: EventCallback
    ) -> str | None:
        """Send what a stream has said since an event, and what it says from now on.

        Returns when the stream has ended, when it is time to come back once more, or when the id is
        none of this connection's. All is sent here: who gave the rest back to the transport would
        lose what comes in between."""
        found = self._place(last_event_id)
        if found is None:
            return None
        stream, after = found
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_seconds or None):
                await self._follow(stream, after, send_callback)
        return None

    async def _follow(self, stream: str, after: int, send: EventCallback) -> None:
        while True:
            came = self._came
            for event in [one for one in self._events if one.number > after]:
                after = event.number
                if event.stream != stream or event.message is None:
                    continue
                message_id = self._id(stream, event.number)
                await send(EventMessage(event.message, message_id))
                if _is_answer(event.message):
                    return
            if self._last <= after:
                if stream not in self._going:
                    return
                await came.wait()

    def forget(self) -> None:
        """Keep nothing of what was said."""
        while self._events:
            self._drop()

    def _drop(self) -> None:
        dropped = self._events.popleft()
        self._size -= dropped.size
        self._room.shrunk(dropped.size)

    def _id(self, stream: str, number: int) -> str:
        name = base64.urlsafe_b64encode(stream.encode()).decode().rstrip("=")
        return f"{self._mark}.{number}.{name}"

    def _place(self, event_id: str) -> tuple[str, int] | None:
        """Return stream and number of an event of this connection."""
        mark, _, rest = event_id.partition(".")
        number, _, name = rest.partition(".")
        if mark != self._mark or not number.isdecimal() or len(number) > 18:
            return None
        try:
            stream = base64.b64decode(
                name + "=" * (-len(name) % 4), altchars=b"-_", validate=True
            ).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        return stream, min(int(number), self._last)


def _is_answer(message: types.JSONRPCMessage | None) -> bool:
    return isinstance(message, types.JSONRPCResponse | types.JSONRPCError)


class Manager(StreamableHTTPSessionManager):
    """Serves connections, each with streams of its own.

    The SDK would give all of them one store, in which the streams of two clients have one name."""

    def __init__(
        self, server: Server[Any], security: TransportSecuritySettings, *, poll_seconds: float
    ) -> None:
        self._room, self._poll_seconds = Room(), poll_seconds
        super().__init__(server, security_settings=security, retry_interval=RETRY_MS)

    @property
    def event_store(self) -> EventStore | None:
        """Return a store for one more connection."""
        return Streams(self._room, poll_seconds=self._poll_seconds)

    @event_store.setter
    def event_store(self, store: EventStore | None) -> None:
        assert store is None, "each connection has its own"
