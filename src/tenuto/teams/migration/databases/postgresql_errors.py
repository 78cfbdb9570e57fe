"""What PostgreSQL says when it refuses, in the words of the port."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.addresses import redacted

LINE: Final = re.compile(r"COPY .*?, line (\d+)(?:, column (\S+?))?(?::|$|\n)")
COLUMN: Final = re.compile(r'column "([^"]+)"')
KEY: Final = re.compile(r"Key \(([^)]+)\)=")
AWAY: Final = (
    "server closed the connection",
    "connection is closed",
    "connection is lost",
    "no connection to the server",
    "could not receive data",
    "could not send data",
    "terminating connection",
    "connection not open",
    "ssl syscall error",
)
REFUSED: Final = ("authentication failed", "no pg_hba.conf entry", "no password supplied")
NOBODY: Final = (
    "connection refused",
    "could not translate host name",
    "connection failed",
    "failed to connect",
    "timeout expired",
    "no such file or directory",
)
STARTING: Final = ("the database system is",)


@contextlib.contextmanager
def translated(url: str, *, was_open: bool = True) -> Iterator[None]:
    """Raise errors of the port where the block raises those of psycopg.

    Args:
        was_open: it has answered before, so that one which does not is away.
    """
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise told(error, error.sqlstate, url, was_open=was_open) from error


def told(
    error: Exception, sqlstate: str | None, url: str, *, was_open: bool = True
) -> port.DatabaseError:
    """Return an error of a driver of PostgreSQL as one of the port."""
    said = " ".join(str(error).split())
    place, lower = redacted(url), said.lower()
    state = sqlstate or ""
    if state.startswith(("22", "23")):
        return bad_value(said, str(error))
    if state == "42501":
        return port.NotPermitted(f"PostgreSQL at {place} does not permit that: {said}", detail=said)
    if state.startswith("28") or state == "3D000" or any(word in lower for word in REFUSED):
        return port.CannotConnect(
            f"PostgreSQL at {place} refuses us. Check the user, the password and the name of the "
            "database.",
            detail=said,
        )
    if state in ("53100", "58030") or "no space left" in lower:
        return port.NoRoom(
            f"The disk of PostgreSQL at {place} takes no more. Make room.", detail=said
        )
    away = state.startswith(("08", "57P", "53", "40", "55P03"))
    if away or any(word in lower for word in (*AWAY, *STARTING)):
        return port.Unavailable(f"PostgreSQL at {place} went away or is busy: {said}", detail=said)
    nobody = not state and any(word in lower for word in NOBODY)
    if nobody and was_open:
        return port.Unavailable(f"PostgreSQL at {place} does not answer: {said}", detail=said)
    if nobody:
        return port.CannotConnect(
            f"No PostgreSQL answers at {place}. Check that it runs, the host and the port.",
            detail=said,
        )
    if "jsonb version number" in lower:
        return bad_value(said, str(error))
    return port.DatabaseError(f"PostgreSQL does not do that: {said}", detail=said)


def bad_value(said: str, whole: str) -> port.BadValue:
    """Return what is known of a row that was refused: its place in the batch, its column."""
    line = LINE.search(whole)
    named = COLUMN.search(whole) or KEY.search(whole)
    column = (line[2] if line else None) or (named[1] if named else None)
    reason = said.partition("ERROR:")[2].partition("CONTEXT:")[0].strip() or said
    return port.BadValue(
        f"PostgreSQL refuses a row: {reason}",
        detail=reason,
        column=column,
        rows=(int(line[1]) - 1,) if line else (),
    )
