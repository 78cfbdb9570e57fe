"""What went wrong with a database, as the runtime knows failures (DESIGN 3.4)."""

from collections.abc import Iterator
from contextlib import contextmanager

import tenuto
from tenuto.teams.migration.databases.port import (
    BadValue,
    CannotConnect,
    DatabaseError,
    MissingDriver,
    NotPermitted,
    Unavailable,
    Unsupported,
)

_CODES = {
    CannotConnect: "cannot_connect",
    MissingDriver: "missing_driver",
    NotPermitted: "not_permitted",
    Unavailable: "database_away",
    BadValue: "bad_value",
    Unsupported: "unsupported",
}


@contextmanager
def told(*, asks: bool = False) -> Iterator[None]:
    """Raise what a database refuses as a failure of its class.

    Args:
        asks: rows are there already: a person is asked to mend what is wrong, and it goes on.

    Raises:
        Transient: it is away or busy.
        Escalatable: it refuses, and a person is to be asked.
        Fatal: it refuses, and nothing is lost by beginning anew.
    """
    try:
        yield
    except Unavailable as error:
        raise tenuto.Transient(str(error), code="database_away") from error
    except DatabaseError as error:
        kind = tenuto.Escalatable if asks else tenuto.Fatal
        raise kind(str(error), code=code_of(error)) from error


def code_of(error: DatabaseError) -> str:
    """Return a stable name for a refusal."""
    return _CODES.get(type(error), "database_refused")
