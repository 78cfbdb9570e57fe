"""Writing to MariaDB: many rows in one INSERT, whose text Arrow makes for whole columns at once.

LOAD DATA LOCAL would be quicker, and is not safe: it passes over rows that are there twice, and
makes what does not fit fit, with a warning; and a server may ask the client for any file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.connections import Connection

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.addresses import redacted
from tenuto.teams.migration.databases.arrays import one_array
from tenuto.teams.migration.databases.mariadb import close, connect, marked
from tenuto.teams.migration.databases.mariadb_errors import translated
from tenuto.teams.migration.databases.quoting import listed, quoted

BYTES_MAX: Final = 4_000_000
"""Of one statement; the server takes 16 MB unless it was set to less."""
ROWS_MAX: Final = 5_000


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
            with translated(redacted(self._url)):
                current = Transaction(connect(self._url), redacted(self._url))
        try:
            current.execute("START TRANSACTION")
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

    def __init__(self, connection: Connection[Any], place: str) -> None:
        self._connection = connection
        self._place = place

    def close(self) -> None:
        """Let go of the connection; what is not committed is lost."""
        close(self._connection)

    def execute(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Return how many rows it changed."""
        with translated(self._place), self._connection.cursor() as cursor:
            cursor.execute(marked(sql) if arguments else sql, tuple(arguments) or None)
            return max(int(cursor.rowcount), 0)

    def ingest(self, table: str, batch: pa.RecordBatch) -> int:
        """Append rows, columns by name; return how many.

        Raises:
            BadValue: with the row's place, where MariaDB tells it.
        """
        names = listed("mariadb", batch.schema.names)
        head = f"INSERT INTO {quoted('mariadb', table)} ({names}) VALUES ".encode()
        columns = [literals(one_array(column)) for column in batch.columns]
        rows = pc.binary_join_element_wise(
            pa.scalar(b"(", pa.binary()), _joined(columns), pa.scalar(b")", pa.binary()), b""
        )
        for start, stop in pieces(rows):
            try:
                self._run(head + b",".join(rows[start:stop].to_pylist()))
            except port.BadValue as error:
                at = tuple(start + row for row in error.rows)
                raise port.BadValue(
                    str(error), detail=error.detail, column=error.column, rows=at
                ) from error
        return int(batch.num_rows)

    def _run(self, sql: bytes) -> None:
        with translated(self._place):
            self._connection.query(sql)


def pieces(rows: pa.Array) -> Iterator[tuple[int, int]]:
    """Return from where to where rows make one statement that is not too long."""
    sizes = pc.binary_length(rows).to_pylist()
    start, size = 0, 0
    for place, one in enumerate(sizes):
        if place > start and (size + one > BYTES_MAX or place - start >= ROWS_MAX):
            yield start, place
            start, size = place, 0
        size += one + 1
    if start < len(sizes):
        yield start, len(sizes)


def _joined(columns: list[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*columns, b",")


def literals(column: pa.Array) -> pa.Array:
    """Return the values of a column as SQL writes them, in bytes."""
    kind = column.type
    if pa.types.is_null(kind):
        return pa.array([b"NULL"] * len(column), pa.binary())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        written = pa.array(
            [
                None if raw is None else b"x'" + raw.hex().encode() + b"'"
                for raw in column.to_pylist()
            ],
            pa.binary(),
        )
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        number = pc.cast(column, pa.int8()) if pa.types.is_boolean(kind) else column
        written = pc.cast(pc.cast(number, pa.string()), pa.binary())
    elif pa.types.is_floating(kind):
        # With an exponent it is a double; without one it would be read as a decimal first.
        digits = pc.cast(column, pa.string())
        plain = pc.invert(pc.match_substring(digits, "e"))
        some = pc.if_else(plain, pc.binary_join_element_wise(digits, "e0", ""), digits)
        written = pc.cast(some, pa.binary())
    else:
        written = _quoted(_texts(column))
    return pc.fill_null(written, b"NULL")


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.cast(pc.cast(column, pa.timestamp("us")), pa.string())
    return pc.cast(column, pa.string())


def _quoted(texts: pa.Array) -> pa.Array:
    doubled = pc.cast(pc.replace_substring(texts, "'", "''"), pa.binary())
    quote = pa.scalar(b"'", pa.binary())
    return pc.binary_join_element_wise(quote, doubled, quote, b"")
