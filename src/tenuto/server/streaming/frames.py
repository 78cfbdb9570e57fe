"""What streams are made of, encoded once for all clients that get it.

`snapshot` is first; `event` and `token` follow; `gap`, `lagging` and `problem` say what is wrong;
`end` is last. Only events (and the end) have an id for SSE: what a client resumes from is the last
event that it has.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.pieces import Piece
from tenuto.sdk.history import StoredEvent
from tenuto.server.streaming.framing import framed_text
from tenuto.views.event_json import event_json
from tenuto.views.open_tasks import OpenTasks

Kind: TypeAlias = Literal[
    "snapshot", "event", "token", "session", "gap", "lagging", "heartbeat", "problem", "end"
]

END_ID: Final = "end"
"""The SSE id of the last frame: who sends it back has everything."""

_encode: Final = msgspec.json.Encoder().encode


class Frame:
    """One frame. `seq` is the place that a client may resume after, 0 where it may not."""

    __slots__ = ("_event_text", "_framed", "data", "id", "kind", "seq", "session")

    def __init__(self, kind: Kind, data: bytes, *, session: str = "", seq: int = 0) -> None:
        self.kind, self.data, self.session, self.seq = kind, data, session, seq
        self.id = str(seq) if seq else END_ID if kind == "end" else ""
        self._event_text: bytes | None = None
        self._framed: bytes | None = None

    @property
    def event_text(self) -> bytes:
        """Return the frame as server-sent events write it."""
        if self._event_text is None:
            if self.kind == "heartbeat":
                # An id without data moves on where browsers resume, and tells the page nothing.
                id = f"id: {self.id}\n" if self.id else ""
                self._event_text = f"{id}: heartbeat\n\n".encode()
            else:
                id = f"id: {self.id}\n" if self.id else ""
                head = f"{id}event: {self.kind}\ndata: "
                self._event_text = head.encode() + self.data + b"\n\n"
        return self._event_text

    @property
    def message(self) -> bytes:
        """Return the frame as a JSON text, for WebSockets."""
        session = b',"session":' + _encode(self.session) if self.session else b""
        seq = b',"id":%d' % self.seq if self.seq else b""
        head = b'{"frame":"%s"' % self.kind.encode()
        return head + session + seq + b',"data":' + self.data + b"}"

    @property
    def framed(self) -> bytes:
        """Return the whole WebSocket message."""
        if self._framed is None:
            self._framed = framed_text(self.message)
        return self._framed


HEARTBEAT: Final = Frame("heartbeat", b"{}")


def frame(kind: Kind, data: JsonObject, *, session: str = "", seq: int = 0) -> Frame:
    """Return a frame of JSON."""
    return Frame(kind, _encode(data), session=session, seq=seq)


def event_frame(stored: StoredEvent, session: str, tasks: OpenTasks) -> Frame:
    """Return the frame of an event, in which `tasks` has begun; `session` is whose log is read (a
    fork's begins with events of its origin)."""
    told = event_json(stored.event, version=stored.version, position=stored.position, tasks=tasks)
    envelope: JsonObject = {
        "specversion": "1.0",
        "id": str(stored.version),
        "source": f"/api/v1/sessions/{session}",
        "type": f"tenuto.{told['type']}",
        "time": told["at"],
        "subject": told.get("path", "session"),
        "session_id": session,
        "seq": stored.version,
        "data": told,
    }
    return Frame("event", _encode(envelope), session=session, seq=stored.version)


def token_frame(piece: Piece, session: str, *, path: str) -> Frame:
    """Return the frame of a piece of an answer that is being given."""
    return frame(
        "token",
        {
            "session_id": session,
            "task": piece.task,
            "path": path,
            "text": piece.text,
            "restart": piece.restart,
            "offset": piece.offset,
        },
        session=session,
    )
