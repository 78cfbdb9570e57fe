"""Ask a SQLite database: one statement at a time, read-only unless said otherwise."""

import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Unpack

import tenuto
from tenuto.tools.options import UNTRUSTED, ToolOptions, refuse_others

ROWS_MAX: Final = 200
SECONDS_MAX: Final = 10.0

RESULT_BYTES_MAX: Final = 256 * 1024
"""Of all values of one result, about."""

VALUE_BYTES_MAX: Final = 1024 * 1024
"""Of one value, also within a statement: a function cannot be used to fill the memory."""

_STEPS_BETWEEN_LOOKS: Final = 10_000
"""Instructions of the database between two looks at the clock: well under a millisecond."""

_ALLOWED: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
    }
)
"""No tables are made or dropped, no other file is attached, no setting is changed. That rows are
not changed either, where that is not wanted, the database itself sees to, whose file is open for
reading only: a full-text index asks to insert, and does not, whenever it is read."""

_FUNCTIONS_REFUSED: Final = frozenset({"load_extension", "fts3_tokenizer", "readfile", "writefile"})

SqlOptions = ToolOptions


@tenuto.tool_factory
def sql(
    database: str | os.PathLike[str], *, write: bool = False, **options: Unpack[SqlOptions]
) -> tenuto.Tool:
    """Return a tool that runs one SQL statement on a SQLite file, within 10 seconds.

    It reads, and with `write` also inserts, updates and deletes rows; then it is `once`. A result
    has at most 200 rows. A relative path is taken from the working folder of the process.

    Args:
        database: a path, or `sqlite:///path`.
        write: rows can be changed.
        name: what models call it; `sql` by default.
        permission: `sql:read` or `sql:write` by default.
        labels: of what comes back; `untrusted` by default.

    Raises:
        Rejected: it is no SQLite database, or an option does not fit.
    """
    refuse_others("sql", options, SqlOptions)
    place = _place(os.fspath(database))

    def run(statement: str, parameters: list[Any] | dict[str, Any] = []) -> dict[str, Any]:  # noqa: B006  # the tool makes a new one for each call
        with _opened(place, write=write) as connection:
            cursor = connection.execute(statement, parameters)
            if cursor.description is None:
                connection.commit()
                return {"changed": max(0, cursor.rowcount)}
            columns = [column[0] for column in cursor.description]
            rows, truncated = _rows(cursor)
            connection.commit()
        told = {"columns": columns, "rows": rows}
        return {**told, "truncated": True} if truncated else told

    run.__doc__ = _description(write)
    return tenuto.Tool(
        run,
        name=options.get("name", "sql"),
        permission=options.get("permission", "sql:write" if write else "sql:read"),
        labels=options.get("labels", UNTRUSTED),
        once=write,
        safe=not write,
    )


def _description(write: bool) -> str:
    kinds = "SELECT, INSERT, UPDATE or DELETE" if write else "SELECT; nothing can be changed"
    return f"""Run one statement of SQL on a SQLite database: {kinds}.

Gives `columns` and `rows`, at most {ROWS_MAX}, or the number of rows `changed`. What tables there
are: SELECT name, sql FROM sqlite_master.

Args:
    statement: one statement, with ? or :name in place of values.
    parameters: the values: a list for ?, an object for :name.
"""


def _place(database: str) -> Path:
    path = database.removeprefix("sqlite:///")
    if not path or "://" in path or path == ":memory:":
        raise tenuto.Rejected(
            f"{database!r:.200} is no SQLite file; give a path, or sqlite:///path/to/file.db."
        )
    return Path(os.path.abspath(path))


@contextmanager
def _opened(place: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
    """Give a connection on which nothing but one's own rows can be reached.

    Raises:
        Fatal: the statement is refused or wrong, or takes too long.
        Transient: somebody else is writing.
    """
    ends = time.monotonic() + SECONDS_MAX
    try:
        uri = f"{place.as_uri()}?mode={'rw' if write else 'ro'}"
        with closing(sqlite3.connect(uri, uri=True, timeout=SECONDS_MAX / 2)) as connection:
            if not write:
                connection.execute("PRAGMA query_only = ON")
            connection.text_factory = _text
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS_BETWEEN_LOOKS)
            connection.set_authorizer(_judge)
            yield connection
            connection.set_authorizer(None)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _told(error, write=write, late=time.monotonic() > ends) from None


def _judge(action: int, one: str | None, other: str | None, *_: str | None) -> int:
    """Return whether a step of a statement is allowed, as the database asks for each."""
    if action == sqlite3.SQLITE_FUNCTION and (other or "").lower() in _FUNCTIONS_REFUSED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (one, other) == ("data_version", None):
        return sqlite3.SQLITE_OK  # A full-text index asks whether it was changed.
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _told(error: Exception, *, write: bool, late: bool) -> tenuto.WorkFailed:
    said = str(error)
    if "locked" in said or "busy" in said:
        return tenuto.Transient(f"The database is in use: {said}.", code="busy")
    if late and "interrupted" in said:
        return tenuto.Fatal(
            f"The statement took longer than {SECONDS_MAX:g} seconds; ask for less.",
            code="too_slow",
        )
    if any(word in said for word in ("not authorized", "prohibited", "readonly database")):
        kinds = "SELECT, INSERT, UPDATE and DELETE" if write else "SELECT"
        return tenuto.Fatal(
            f"The statement is not allowed ({said}); only {kinds} are.", code="not_allowed"
        )
    return tenuto.Fatal(f"The database refused the statement: {said}.", code="sql")


def _rows(cursor: sqlite3.Cursor) -> tuple[list[list[Any]], bool]:
    """Return the rows that fit a result, and whether there are more."""
    rows: list[list[Any]] = []
    left = RESULT_BYTES_MAX
    for row in cursor:
        values = [_plain(value) for value in row]
        left -= sum(len(value) if isinstance(value, str) else 8 for value in values)
        if len(rows) == ROWS_MAX or left < 0:
            return rows, True
        rows.append(values)
    return rows, False


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
