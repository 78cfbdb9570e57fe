"""Events to bytes and back.

A commit's payload is a MessagePack array of events; an event is an array of its tag `Name/format`
and its fields. An older format is brought up to date by its upcaster before it is decoded. A
payload field that is too large for an event is kept as an artifact and stands in the log as its
SHA-256.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from tenuto.codec.upcast import upcast
from tenuto.core import limits
from tenuto.core.errors import CorruptLog
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Digest, Json

Fetch: TypeAlias = Callable[[Digest], bytes]
"""Gives an artifact's payload by its digest."""

_ARTIFACT: Final = 1
"""Code of the MessagePack extension that stands for an artifact."""

_SPILLABLE: Final[dict[type[e.SessionEvent], tuple[str, ...]]] = {
    e.SessionStarted: ("inputs",),
    e.SessionForked: ("patch",),
    e.TaskCompleted: ("output", "updates"),
    e.TaskRetried: ("inputs",),
    e.Noted: ("data",),
    e.SignalReceived: ("data",),
    e.SessionCompleted: ("output",),
}

_encoder: Final = msgspec.msgpack.Encoder()
_EVENTS: Final = list[e.SessionEvent]


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """A payload, and the artifacts that it refers to: to be stored before it."""

    payload: bytes
    artifacts: tuple[bytes, ...] = ()


def encode_events(events: Sequence[e.SessionEvent]) -> Encoded:
    """Return `events` as bytes.

    Raises:
        TypeError, ValueError, OverflowError: a payload holds what JSON cannot.
    """
    payload = _encoder.encode(events)
    if len(payload) <= limits.PAYLOAD_BYTES_INLINE_MAX:
        return Encoded(payload)
    artifacts: list[bytes] = []
    slim = [_spilled(event, artifacts) for event in events]
    return Encoded(_encoder.encode(slim), tuple(artifacts))


def _spilled(event: e.SessionEvent, artifacts: list[bytes]) -> e.SessionEvent:
    """Return `event` with its large payload fields replaced by references to `artifacts`."""
    changes: dict[str, msgspec.msgpack.Ext] = {}
    for name in _SPILLABLE.get(type(event), ()):
        value: Json = getattr(event, name)
        if isinstance(value, str | list | dict):
            payload = _encoder.encode(value)
            if len(payload) > limits.PAYLOAD_BYTES_INLINE_MAX:
                artifacts.append(payload)
                digest = hashlib.sha256(payload).digest()
                changes[name] = msgspec.msgpack.Ext(_ARTIFACT, digest)
    return msgspec.structs.replace(event, **changes) if changes else event


class EventDecoder:
    """Turns payloads back into events; large payload fields are fetched by `fetch`."""

    def __init__(self, fetch: Fetch) -> None:
        def inflate(code: int, data: memoryview) -> Json:
            if code != _ARTIFACT:
                raise CorruptLog(f"A payload holds extension {code}, which no release wrote.")
            value: Json = msgspec.msgpack.decode(fetch(Digest(bytes(data).hex())))
            return value

        self._fast = msgspec.msgpack.Decoder(_EVENTS, ext_hook=inflate)
        self._plain = msgspec.msgpack.Decoder(ext_hook=inflate)

    def decode(self, payload: bytes) -> list[e.SessionEvent]:
        """Return the events of one commit.

        Raises:
            CorruptLog: the bytes are no events of this or an older release.
            NotFound: an artifact is missing.
        """
        try:
            return self._fast.decode(payload)
        except msgspec.DecodeError:
            # Another format, or damage: the slow way finds out.
            pass
        try:
            return msgspec.convert(upcast(self._plain.decode(payload)), _EVENTS)
        except msgspec.DecodeError as error:
            raise CorruptLog(
                f"A commit of {len(payload)} bytes cannot be read: {error}. "
                "If a newer release of Tenuto wrote it, use that release."
            ) from None
