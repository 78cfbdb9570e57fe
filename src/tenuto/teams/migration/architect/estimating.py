"""How large, how long, and in which portions.

Source: measured on two cores, 500,000 mixed rows of some 100 bytes: SQLite to PostgreSQL took some
3 s with two threads, so 150,000 rows or 20 MB a second; transformations by Python rows a tenth.
"""

from typing import Final

from tenuto.teams.migration.schema import Kind, Table

ROWS_A_SECOND: Final = 150_000
BYTES_A_SECOND: Final = 20_000_000
BATCH_BYTES: Final = 16_000_000
"""A few such are held at once, on both sides: memory stays below 300 MB."""
RANGED_FROM: Final = 400_000
"""Rows; below, more than one range costs more than it brings."""

_WIDTHS: Final[dict[Kind, int]] = {
    "boolean": 1,
    "integer": 8,
    "decimal": 12,
    "float": 8,
    "text": 24,
    "bytes": 200,
    "date": 4,
    "time": 8,
    "timestamp": 8,
    "timestamptz": 8,
    "json": 200,
    "uuid": 16,
}


def row_bytes(table: Table) -> int:
    """Return how many bytes a row has, from what is told of the table, or by its types."""
    if table.rows and table.bytes:
        return max(1, table.bytes // table.rows)
    return sum(_WIDTHS[column.type.kind] for column in table.columns) + 8


def batch_rows(table: Table) -> int:
    """Return how many rows come at once: some 16 MB, and never more than 100,000."""
    return max(100, min(100_000, BATCH_BYTES // row_bytes(table)))


def range_count(table: Table, by: tuple[str, ...], parallel: int) -> int:
    """Return how many ranges of the key are moved at once."""
    if table.rows is None or table.rows < RANGED_FROM or not by:
        return 1
    return max(1, min(parallel, table.rows // (RANGED_FROM // 2)))


def seconds(table: Table, rows: int | None, *, rate_limit: int | None = None) -> float | None:
    """Return how long moving a table takes with one worker."""
    if rows is None:
        return None
    takes = max(rows / ROWS_A_SECOND, rows * row_bytes(table) / BYTES_A_SECOND)
    return round(0.02 + max(takes, rows / rate_limit if rate_limit else 0.0), 2)
