"""What MariaDB says when it refuses, in the words of the port."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from tenuto.teams.migration.databases import port

ROW: Final = re.compile(r"at row (\d+)")
COLUMN: Final = re.compile(r"(?:[Cc]olumn|[Ff]ield) '?(?:`[^`]+`\.`[^`]+`\.)?[`']?([^`']+)[`']?")
KEY: Final = re.compile(r"for key '(?:[^'.]+\.)?([^']+)'")
BAD: Final = frozenset(
    # Null, twice, incorrect, too long, out of range, truncated, a check, a foreign key, an enum.
    (1048, 1062, 1169, 1264, 1265, 1292, 1364, 1366, 1406, 1411, 1425, 1452, 1586, 1690, 4025, 4038)
)
AWAY: Final = frozenset(
    # Shutting down, gone, lost, waited too long for a lock, a deadlock, too many connections.
    (
        *(1040, 1053, 1077, 1079, 1152, 1153, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1927),
        *(2006, 2013, 2014, 2055, 1637),
    )
)
REFUSED: Final = frozenset([1044, 1045, 1049, 1130, 1698])
NOT_PERMITTED: Final = frozenset([1142, 1143, 1227, 1290, 1370, 1036, 1836])
NO_ROOM: Final = frozenset([3, 1021, 1026, 1114])
NOBODY: Final = frozenset([2002, 2003, 2005])


@contextlib.contextmanager
def translated(place: str, *, was_open: bool = True) -> Iterator[None]:
    """Raise errors of the port where the block raises those of PyMySQL.

    Args:
        place: the address, redacted.
        was_open: it has answered before, so that one which does not is away.
    """
    import pymysql

    try:
        yield
    except (pymysql.Error, OSError) as error:
        raise told(error, place, was_open=was_open) from error


def told(error: Exception, place: str, *, was_open: bool) -> port.DatabaseError:
    """Return an error of PyMySQL as one of the port."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = str(error.args[1]) if len(error.args) > 1 else str(error)
    if number in BAD:
        return bad_value(said)
    if number in REFUSED:
        return port.CannotConnect(
            f"MariaDB at {place} refuses us. Check the user, the password and the name of the "
            "database.",
            detail=said,
        )
    if number in NOBODY and not was_open:
        return port.CannotConnect(
            f"No MariaDB answers at {place}. Check that it runs, the host and the port.",
            detail=said,
        )
    if number in NO_ROOM:
        return port.NoRoom(f"The disk of MariaDB at {place} takes no more. Make room.", detail=said)
    if number in NOT_PERMITTED:
        return port.NotPermitted(f"MariaDB at {place} does not permit that: {said}", detail=said)
    if number in AWAY or number in NOBODY or isinstance(error, OSError) or not number:
        return port.Unavailable(f"MariaDB at {place} went away or is busy: {said}", detail=said)
    return port.DatabaseError(f"MariaDB does not do that: {said}", detail=said)


def bad_value(said: str) -> port.BadValue:
    """Return what is known of a row that was refused: its place in the batch, its column."""
    row, column, key = ROW.search(said), COLUMN.search(said), KEY.search(said)
    name = column[1] if column else key[1] if key else None
    return port.BadValue(
        f"MariaDB refuses a row: {said}",
        detail=said,
        column=name,
        rows=(int(row[1]) - 1,) if row else (),
    )
