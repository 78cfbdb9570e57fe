"""Snapshots to bytes and back. A snapshot is a cache: one that cannot be read is not an error."""

from typing import Final

import msgspec

from tenuto.core.session.state import SessionState

SNAPSHOT_FORMAT: Final = 2
"""Raised with every change to `SessionState` or to what `evolve` makes of old events."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[int, SessionState])


def encode_snapshot(state: SessionState) -> bytes:
    """Return `state` as bytes."""
    return _encoder.encode((SNAPSHOT_FORMAT, state))


def decode_snapshot(payload: bytes) -> SessionState | None:
    """Return the state, or None if another release wrote it: then the log is folded from its
    start."""
    try:
        format_number, state = _decoder.decode(payload)
    except msgspec.DecodeError:
        return None
    return state if format_number == SNAPSHOT_FORMAT else None
