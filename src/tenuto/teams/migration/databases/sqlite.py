"""SQLite, read by ADBC into Arrow's arrays, written by its own module of Python.

A column of SQLite may hold anything. So each read names the class its values are expected to be
stored as, found in a sample, and SQL itself puts aside what is stored otherwise: ADBC would take
the blob x'6162' in a column of texts for the text 'ab', and 9007199254740993 among reals for
9007199254740992. What is put aside comes in the column `STRANGE`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.databases.sqlite_errors import translated
from tenuto.teams.migration.databases.sqlite_turns import turns_at
from tenuto.teams.migration.schema import Schema, System

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from tenuto.teams.migration.databases.sqlite_writing import Transaction, Writer


BUSY_SECONDS: Final = 10.0
SAMPLE_ROWS: Final = 1_000
SMALL_ROWS: Final = 5_000
ROWIDS: Final = ("rowid", "_rowid_", "oid")

Class = port.StoredAs


class Sqlite:
    """A database in a file."""

    system: System = "sqlite"

    def __init__(self, path: Path, *, writing: bool = False) -> None:
        """Open it.

        Raises:
            CannotConnect: there is no such database.
        """
        self.path = path
        self.busy_seconds = BUSY_SECONDS
        """How long a call waits for another program that has locked the file."""
        self._uri = f"file:{quote(str(path))}?mode={'rwc' if writing else 'ro'}"
        self._turns = turns_at(path)
        self._writing = writing
        self._writer: Writer | None = None
        self._classes: dict[tuple[str, str], Class] = {}
        if not writing and not path.is_file():
            raise port.CannotConnect(
                f"There is no SQLite database at {str(path)!r}: no such file. Check the address; "
                "sqlite:///name is a path from here, sqlite:////name one from the root."
            )
        with self._connected() as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        how = f"{self._uri} {self.busy_seconds}"
        with translated(str(self.path)), self._turns.querying(how, self._connect) as connection:
            yield connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._uri,
            uri=True,
            timeout=self.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )

    def describe(self) -> Schema:
        """Return what it holds beside its rows."""
        from tenuto.teams.migration.databases.describing import sqlite

        return sqlite.describe(self)

    def query(self, sql: str, arguments: Sequence[object] = (), *, limit: int = 0) -> port.Rows:
        """Return the rows of a query, or the first `limit` of them."""
        with self._connected() as connection:
            cursor = connection.execute(sql, tuple(arguments))
            rows = cursor.fetchmany(limit) if limit else cursor.fetchall()
            names = tuple(column[0] for column in cursor.description or ())
        return port.Rows(names, rows)

    def rowid(self, table: str) -> str | None:
        """Return a name for the number of each row of a table; None: it has none."""
        info = self.query("SELECT name FROM pragma_table_xinfo(?)", (table,)).rows
        taken = {str(name).lower() for (name,) in info}
        for name in ROWIDS:
            if name in taken:
                continue
            try:
                self.query(f"SELECT {name} FROM {quoted('sqlite', table)} LIMIT 0")
            except port.DatabaseError:
                return None
            return name
        return None

    def read(self, read: port.Read) -> Iterator[pa.RecordBatch]:
        """Return batches of rows; see the head of this module."""
        from tenuto.teams.migration.databases import sqlite_reading

        classes = tuple(self._class_of(read.table, name) for name in read.columns)
        small = self._rows_at_once(read, classes)
        with self._turns.reading():
            yield from sqlite_reading.batches(
                self._uri, read, classes, busy_seconds=self.busy_seconds, small=small
            )

    def _rows_at_once(self, read: port.Read, classes: tuple[Class, ...]) -> int:
        """Return how many rows may be gathered where nobody counts their bytes: by the longest of
        some at either end of the table."""
        long = [
            f"coalesce(length(CAST({quoted('sqlite', name)} AS BLOB)), 0)"
            for name, kind in zip(read.columns, classes, strict=True)
            if kind in ("text", "blob")
        ]
        if not long:
            return SMALL_ROWS
        of = quoted("sqlite", read.table)
        ends = [f"SELECT {' + '.join(long)} AS size FROM {of} LIMIT {SAMPLE_ROWS}"]
        number = self.rowid(read.table)
        if number:
            ends.append(
                f"SELECT {' + '.join(long)} FROM {of} ORDER BY {number} DESC LIMIT {SAMPLE_ROWS}"
            )
        parts = " UNION ALL ".join(f"SELECT * FROM ({one})" for one in ends)
        longest = self.query(f"SELECT max(size) FROM ({parts})").rows[0][0]
        return max(1, min(SMALL_ROWS, port.BATCH_BYTES // (int(str(longest or 0)) + 1)))

    def _class_of(self, table: str, column: str) -> Class:
        """Return as what most values of a column are stored."""
        if (table, column) not in self._classes:
            self._classes[table, column] = self._found_class(table, column)
        return self._classes[table, column]

    def _found_class(self, table: str, column: str) -> Class:
        if column in ROWIDS and self.rowid(table) == column:
            return "integer"
        name, of = quoted("sqlite", column), quoted("sqlite", table)
        found = self.query(
            f"SELECT typeof(v), count(*) FROM (SELECT {name} AS v FROM {of} LIMIT {SAMPLE_ROWS}) "
            "WHERE v IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        ).rows
        if not found:
            declared = self.query(
                "SELECT type FROM pragma_table_xinfo(?) WHERE name = ?", (table, column)
            ).rows
            return class_of_declared(str(declared[0][0]) if declared else "")
        most: Class = found[0][0]  # type: ignore[assignment]  # typeof gives these
        numbers = {kind for kind, _ in found} & {"integer", "real"}
        return "real" if most == "integer" and "real" in numbers else most

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Return a transaction: committed at the end of the block, else rolled back."""
        from tenuto.teams.migration.databases import sqlite_writing

        if not self._writing:
            raise port.NotPermitted("This database was opened to be read only.")
        if self._writer is None:
            self._writer = sqlite_writing.Writer(self._uri, str(self.path))
        with self._turns.writing(), self._writer.transaction(self.busy_seconds) as transaction:
            yield transaction

    def close(self) -> None:
        """Let go of it."""
        if self._writer is not None:
            self._writer.close()


def class_of_declared(declared: str) -> Class:
    """Return as what a column of a declared type stores what it is given, by the rules of affinity.

    Source: sqlite.org/datatype3.html, section 3.1.
    """
    upper = declared.upper()
    if "INT" in upper:
        return "integer"
    if any(part in upper for part in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if "BLOB" in upper or not upper:
        return "blob"
    if any(part in upper for part in ("REAL", "FLOA", "DOUB")):
        return "real"
    if any(part in upper for part in ("DATE", "TIME")):
        return "text"
    return "integer"
