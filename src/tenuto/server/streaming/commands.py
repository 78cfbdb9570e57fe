"""What a client may say on its WebSocket."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from tenuto.server.problems import ProblemError

COMMAND_BYTES_MAX: Final = 16_384


class Subscribe(msgspec.Struct, tag="subscribe", tag_field="do", forbid_unknown_fields=True):
    """Stream this session too, after a version; one that is streamed already, anew."""

    session: str
    after: int = 0
    pieces: int | None = None


class Unsubscribe(msgspec.Struct, tag="unsubscribe", tag_field="do", forbid_unknown_fields=True):
    """Stream this session no more."""

    session: str


class Pause(msgspec.Struct, tag="pause", tag_field="do", forbid_unknown_fields=True):
    """Send nothing until told to continue. What comes meanwhile stays in the log."""


class Continue(msgspec.Struct, tag="continue", tag_field="do", forbid_unknown_fields=True):
    """Go on where `pause` stopped."""


Command: TypeAlias = Subscribe | Unsubscribe | Pause | Continue

_decoder: Final = msgspec.json.Decoder(Command)


def command_of(text: str | bytes) -> Command:
    """Return the command that a client's message is.

    Raises:
        ProblemError: it is none.
    """
    if len(text) > COMMAND_BYTES_MAX:
        raise ProblemError(
            "too_large", f"A command has {COMMAND_BYTES_MAX:,} bytes at most, found {len(text):,}."
        )
    try:
        command: Command = _decoder.decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        raise ProblemError("bad_request", f"The message is no command: {error}.") from None
    if isinstance(command, Subscribe) and (command.after < 0 or (command.pieces or 0) < 0):
        raise ProblemError("bad_request", "`after` and `pieces` are 0 or more.")
    return command
