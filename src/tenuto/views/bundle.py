"""A session as one portable file: JSON Lines, from which it can be read without a database.

In this order: a `bundle` line that names format, session and release; the `definition`; for each
event an `event` line, before it an `artifact` line for each payload in it that is large and was not
there before; last an `end` line with the number of events and the SHA-256 of all lines before it: a
file without it is not whole. Secrets are taken out.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import (
    WorkflowDefinition,
    definition_digest,
    encode_definition,
)
from tenuto.views.event_json import event_json
from tenuto.views.open_tasks import OpenTasks
from tenuto.views.redacting import redacted

FORMAT: Final = 1
INLINE_BYTES_MAX: Final = 65_536
"""A larger value of a payload is an artifact."""
_PAYLOADS: Final = ("inputs", "patch", "output", "updates", "data")


class Bundle:
    """The lines of a bundle, one after the other. Each ends with a line feed."""

    def __init__(self, definition: WorkflowDefinition, *, artifacts: bool = True) -> None:
        """`artifacts`: large payloads are in the bundle, not only their digests."""
        self._definition, self._artifacts = definition, artifacts
        self._tasks = OpenTasks(definition)
        self._digest = hashlib.sha256()
        self._events = 0
        self._known: set[str] = set()

    def begin(self, *, session: str, release: str, at: str) -> Iterator[bytes]:
        """Return the first lines. `at`: now, in words."""
        payload = encode_definition(self._definition)
        yield self._line(
            {
                "kind": "bundle",
                "format": FORMAT,
                "session": session,
                "release": release,
                "exported_at": at,
                "redacted": True,
                "artifacts": self._artifacts,
            }
        )
        yield self._line(
            {
                "kind": "definition",
                "digest": definition_digest(payload),
                "definition": redacted(msgspec.json.decode(payload)),
            }
        )

    def add(self, event: e.SessionEvent, *, version: int, position: int) -> Iterator[bytes]:
        """Return the lines of an event."""
        self._tasks.begin(event)
        told = event_json(event, version=version, position=position, tasks=self._tasks)
        self._tasks.end(event)
        clean = redacted(told)
        assert isinstance(clean, dict), "an event is an object"
        for name in _PAYLOADS:
            if name in clean:
                clean[name], artifact = self._apart(clean[name])
                if artifact is not None:
                    yield artifact
        self._events += 1
        yield self._line({"kind": "event", "event": clean})

    def end(self, *, status: str) -> Iterator[bytes]:
        """Return the last line."""
        digest = self._digest.hexdigest()
        yield self._line(
            {"kind": "end", "events": self._events, "status": status, "sha256": digest}
        )

    def _apart(self, value: Json) -> tuple[Json, bytes | None]:
        """Return what stands for a payload, and the line of its artifact, where there is one."""
        payload = msgspec.json.encode(value)
        if len(payload) <= INLINE_BYTES_MAX:
            return value, None
        digest = hashlib.sha256(payload).hexdigest()
        stand_in: JsonObject = {"$artifact": digest, "bytes": len(payload)}
        if digest in self._known or not self._artifacts:
            return stand_in, None
        self._known.add(digest)
        return stand_in, self._line({"kind": "artifact", "digest": digest, "value": value})

    def _line(self, told: JsonObject) -> bytes:
        line = msgspec.json.encode(told) + b"\n"
        self._digest.update(line)
        return line
