"""Pages of lists: opaque cursors, newest first, counts only where they are asked for."""

from __future__ import annotations

import base64
from typing import Final, Generic, TypeVar

import msgspec

from tenuto.server.problems import ProblemError

LIMIT_MAX: Final = 500

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """A part of a list. `next_cursor` leads to the next one; null at the end."""

    items: list[T]
    next_cursor: str | None = None


def cursor_of(place: object) -> str:
    """Return an opaque text for a place in a list (anything that JSON can hold)."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str | None, kind: type[T]) -> T | None:
    """Return the place that `cursor_of` hid, or None where there is no cursor.

    Raises:
        ProblemError: it is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=kind
        )
    except (ValueError, msgspec.DecodeError):
        raise ProblemError(
            "bad_request", "The cursor is not one that this list gave; leave it out to begin anew."
        ) from None
