"""Streams over HTTP that a client can come back to, with `Last-Event-ID`.

Each connection keeps what it has said lately, in memory: what a call gives is in the log of its
session anyhow, and its key joins that again. A connection sees its own streams only.
Source: MCP 2025-11-25, basic/transports, resumability; SEP-1699."""

import asyncio
import base64
import binascii
import secrets
from collections import OrderedDict, deque
from typing import Final

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
        self._streams: OrderedDict[int, Streams] = OrderedDict()

    def grown(self, streams: "Streams", size: int) -> None:
        """Take note that a connection keeps more; who has said nothing for longest gives way."""
        self.size += size
        self._streams[id(streams)] = streams
        self._streams.move_to_end(id(streams))
        while self.size > self._bytes_max and len(self._streams) > 1:
            _, oldest = self._streams.popitem(last=False)
            oldest.forget()

    def shrunk(self, size: int) -> None:
        """Take note that a connection keeps less."""
        self.size -= size


class Streams(EventStore):
    """The streams of one connection."""

    def __init__(self, room: Room, *, bytes_max: int = BYTES_MAX) -> None:
        self._room, self._bytes_max = room, bytes_max
        self._mark = secrets.token_urlsafe(9)
        """Begins the ids of this connection's events."""
        self._events: deque[Kept] = deque()
        self._size = 0
        self._last = 0
        self._came = asyncio.Event()

    def __del__(self) -> None:
        """A connection that is gone keeps nothing."""
        self._room.shrunk(self._size)

    async def store_event(self, stream_id: str, message: types.JSONRPCMessage | None) -> str:
        """Keep an event; return its id."""
        self._last += 1
        size = _EVENT_BYTES
        if message is not None:
            size += len(message.model_dump_json(by_alias=True, exclude_unset=True))
        self._events.append(Kept(number=self._last, stream=stream_id, message=message, size=size))
        self._size += size
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

        Returns when the stream has ended, or the id is none of this connection's. All is sent here:
        who gave the rest back to the transport would lose what comes in between."""
        found = self._place(last_event_id)
        if found is None:
            return None
        stream, after = found
        while True:
            came = self._came
            for event in [one for one in self._events if one.number > after]:
                after = event.number
                if event.stream != stream or event.message is None:
                    continue
                message_id = self._id(stream, event.number)
                await send_callback(EventMessage(event.message, message_id))
                if isinstance(event.message, types.JSONRPCResponse | types.JSONRPCError):
                    return None
            if self._last <= after:
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
            stream = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        return stream, min(int(number), self._last)


class Manager(StreamableHTTPSessionManager):
    """Serves connections, each with streams of its own.

    The SDK would give all of them one store, in which the streams of two clients have one name."""

    def __init__(self, server: Server[object], security: TransportSecuritySettings) -> None:
        self._room = Room()
        super().__init__(server, security_settings=security, retry_interval=RETRY_MS)

    @property
    def event_store(self) -> EventStore | None:
        """Return a store for one more connection."""
        return Streams(self._room)

    @event_store.setter
    def event_store(self, store: EventStore | None) -> None:
        assert store is None, "each connection has its own"
