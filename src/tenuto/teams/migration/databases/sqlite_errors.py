"""What SQLite says when it refuses, in the words of the port."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from typing import Final

from tenuto.teams.migration.databases import port

COLUMN: Final = re.compile(r"constraint failed: [^.]+\.([^,]+)")
GONE: Final = ("locked", "busy")
AWAY: Final = ("unable to open", "not a database", "malformed")


@contextlib.contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise errors of the port where the block raises those of SQLite."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        raise told(error, place) from error


def told(error: Exception, place: str) -> port.DatabaseError:
    """Return an error of SQLite or of its ADBC driver as one of the port."""
    said = str(error).partition("\nquery")[0].removeprefix("INTERNAL: ")
    if "constraint failed" in said or "datatype mismatch" in said or "cannot store" in said:
        column = COLUMN.search(said)
        return port.BadValue(
            f"SQLite refuses a row: {said}.", detail=said, column=column[1] if column else None
        )
    if any(word in said for word in GONE):
        return port.Unavailable(
            f"The SQLite database {place!r} is locked by another program: {said}. Wait until that "
            "ends, or end it.",
            detail=said,
        )
    if any(word in said for word in AWAY):
        return port.CannotConnect(
            f"The SQLite database {place!r} cannot be opened: {said}.", detail=said
        )
    if "readonly" in said:
        return port.NotPermitted(
            f"The SQLite database {place!r} is read-only: {said}. Check who may write the file and "
            "its folder.",
            detail=said,
        )
    if "full" in said or "disk I/O" in said:
        return port.NoRoom(
            f"The disk of the SQLite database {place!r} takes no more: {said}. Make room.",
            detail=said,
        )
    return port.DatabaseError(f"SQLite does not do that: {said}.", detail=said)
