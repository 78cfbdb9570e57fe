"""Writing to PostgreSQL: rows by binary COPY, which takes exactly the type of each column.

BEGIN and COMMIT are said here, not by ADBC: after an error its own transactions take nothing but a
rollback of all, and savepoints are what bad rows are found with.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.arrays import one_array
from tenuto.teams.migration.databases.postgresql import kept_alive, numbered
from tenuto.teams.migration.databases.postgresql_errors import told
from tenuto.teams.migration.databases.postgresql_types import Taken, binary
from tenuto.teams.migration.databases.quoting import listed, quoted

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

TYPES: Final = """
SELECT a.attname, coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text,
       CASE WHEN t.typbasetype <> 0 THEN t.typtypmod ELSE a.atttypmod END, b.typtype::text,
       format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped
"""
CHANGES: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
RETURNS: Final = re.compile(r"\bRETURNING\b|;", re.IGNORECASE)
ASIDE: Final = "tenuto_ingest"
PIECE_ROWS: Final = 5_000
STATE: Final = "adbc.postgresql.transaction_status"


class Writer:
    """A connection that is kept from one transaction to the next, until one fails."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._kept: Transaction | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Return a transaction: committed at the end of the block, else rolled back."""
        # While it is in use nobody else may have it.
        current, self._kept = self._kept, None
        if current is None:
            with _told(self._url):
                current = Transaction(
                    adbc.connect(kept_alive(self._url), autocommit=True), self._url
                )
        try:
            current.execute("BEGIN")
            yield current
            current.commit()
        except BaseException:
            current.close()
            raise
        self._keep(current)

    def _keep(self, transaction: Transaction) -> None:
        # Another may have come back since.
        self.close()
        self._kept = transaction

    def close(self) -> None:
        """Let go of the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except (adbc_driver_manager.Error, OSError) as error:
        raise told(error, getattr(error, "sqlstate", None), url) from error


class Transaction:
    """A transaction that writes."""

    def __init__(self, connection: Connection, url: str) -> None:
        self.connection = connection
        self._url = url
        self._types: dict[str, dict[str, Taken]] = {}

    def commit(self) -> None:
        """End it for good.

        Raises:
            DatabaseError: it is lost already. PostgreSQL itself would take COMMIT for ROLLBACK,
                and say nothing.
        """
        state = self.connection.adbc_connection.get_option(STATE)
        if state == "active":
            # ADBC has not taken the end of what COPY said.
            self.execute("SELECT 1")
            state = self.connection.adbc_connection.get_option(STATE)
        if state != "intrans":
            raise port.DatabaseError(f"The transaction cannot be committed: it is {state!r}.")
        self.execute("COMMIT")

    def close(self) -> None:
        """Let go of the connection; what is not committed is lost."""
        with contextlib.suppress(adbc_driver_manager.Error):
            self.connection.close()

    def execute(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Return how many rows it changed, where it is an INSERT, UPDATE or DELETE."""
        counts = CHANGES.match(sql) is not None and not RETURNS.search(sql)
        if counts:
            # ADBC does not tell.
            sql = f"WITH changed AS ({sql} RETURNING 1) SELECT count(*) FROM changed"
        with _told(self._url), self.connection.cursor() as cursor:
            cursor.execute(numbered(sql), tuple(arguments) or None)
            # Until all that it gives is taken, the connection does nothing else.
            found = cursor.fetchall() if cursor.description else []
        return int(found[0][0]) if counts and found else 0

    def ingest(self, table: str, batch: pa.RecordBatch) -> int:
        """Append rows, columns by name; return how many.

        Raises:
            BadValue: with the row's place, where it is known.
        """
        taken = self._taken(table)
        columns: dict[str, pa.Array] = {}
        for name in batch.schema.names:
            if name not in taken:
                raise port.DatabaseError(f"The table {table!r} has no column {name!r}.")
            columns[name] = binary(one_array(batch.column(name)), taken[name], name)
        rows = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        if all(taken[name].type is not None for name in columns):
            return self._copy(table, rows)
        return self._by_way_of_texts(table, rows, taken)

    def _copy(self, table: str, rows: pa.RecordBatch, *, temporary: bool = False) -> int:
        with _told(self._url), self.connection.cursor() as cursor:
            # In pieces, so that the server works at one while the next is made ready.
            pieces = [rows.slice(at, PIECE_ROWS) for at in range(0, rows.num_rows, PIECE_ROWS)]
            stream = pa.RecordBatchReader.from_batches(rows.schema, pieces)
            cursor.adbc_ingest(table, stream, mode="append", temporary=temporary)
        return int(rows.num_rows)

    def _by_way_of_texts(self, table: str, rows: pa.RecordBatch, taken: dict[str, Taken]) -> int:
        """Append rows with columns of types that have no binary form here: PostgreSQL makes them
        of texts."""
        names = rows.schema.names
        made = ", ".join(
            f"{quoted('postgresql', name)} {taken[name].declared if taken[name].type else 'text'}"
            for name in names
        )
        values = ", ".join(
            f"{quoted('postgresql', name)}::{taken[name].declared}" for name in names
        )
        self.execute(f"DROP TABLE IF EXISTS pg_temp.{ASIDE}")
        self.execute(f"CREATE TEMPORARY TABLE {ASIDE} ({made}) ON COMMIT DROP")
        self._copy(ASIDE, rows, temporary=True)
        self.execute(
            f"INSERT INTO {quoted('postgresql', table)} ({listed('postgresql', names)}) "
            f"SELECT {values} FROM pg_temp.{ASIDE}"
        )
        return int(rows.num_rows)

    def _taken(self, table: str) -> dict[str, Taken]:
        if table not in self._types:
            with _told(self._url), self.connection.cursor() as cursor:
                cursor.execute(numbered(TYPES), (quoted("postgresql", table),))
                rows = cursor.fetchall()
            self._types[table] = {row[0]: Taken.of(*row[1:]) for row in rows}
            if not rows:
                raise port.DatabaseError(f"The target has no table {table!r}.")
        return self._types[table]
