"""Writing to SQLite by ADBC, which binds Arrow's values without making Python's of them: more than
twice as fast as `executemany` of rows.

The journal and its safety stay as the file has them: a batch and its checkpoint are one
transaction, also when the power fails.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

import adbc_driver_manager
import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa

from tenuto.teams.migration.databases.sqlite_errors import told
from tenuto.teams.migration.databases.sqlite_values import storable

CACHE_KB: Final = 16_384


class Writer:
    """A connection that is kept from one transaction to the next, until one fails."""

    def __init__(self, uri: str, place: str) -> None:
        self._uri, self._place = uri, place
        self._kept: Transaction | None = None

    @contextlib.contextmanager
    def transaction(self, busy_seconds: float) -> Iterator[Transaction]:
        """Return a transaction: committed at the end of the block, else rolled back."""
        # While it is in use nobody else may have it.
        current, self._kept = self._kept, None
        if current is None:
            current = Transaction(self._uri, self._place, busy_seconds)
        try:
            current.execute("BEGIN IMMEDIATE")
            yield current
            current.execute("COMMIT")
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


class Transaction:
    """A transaction that writes."""

    def __init__(self, uri: str, place: str, busy_seconds: float) -> None:
        self._place = place
        with self._told():
            self._connection = adbc.connect(uri, autocommit=True)
        self.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
        self.execute(f"PRAGMA cache_size = -{CACHE_KB}")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (adbc_driver_manager.Error, OSError) as error:
            raise told(error, self._place) from error

    def close(self) -> None:
        """Let go of the connection; what is not committed is lost."""
        with contextlib.suppress(adbc_driver_manager.Error):
            self._connection.close()

    def execute(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Return how many rows it changed."""
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(arguments) or None)
            if not sql.lstrip()[:6].upper().startswith(("INSERT", "UPDATE", "DELETE")):
                return 0
            cursor.execute("SELECT changes()")
            found = cursor.fetchone()
        return int(found[0]) if found else 0

    def ingest(self, table: str, batch: pa.RecordBatch) -> int:
        """Append rows, columns by name; return how many."""
        rows = pa.RecordBatch.from_arrays(
            [storable(column) for column in batch.columns], names=batch.schema.names
        )
        with self._told(), self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append")
        return int(batch.num_rows)
