"""Rows that the target does not take, kept there with their original values and the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tenuto.teams.migration.databases.port import Database, Writing
from tenuto.teams.migration.moving.loads import BadRow
from tenuto.teams.migration.schema import Scalar

TABLE: Final = "tenuto_quarantine"
MADE: Final = """
CREATE TABLE IF NOT EXISTS tenuto_quarantine (
    migration VARCHAR(64) NOT NULL,
    table_name VARCHAR(128) NOT NULL,
    range_number BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    place BIGINT NOT NULL,
    row_key TEXT NOT NULL,
    column_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    original TEXT NOT NULL,
    PRIMARY KEY (migration, table_name, range_number, batch, place)
)
"""
COLUMNS: Final = (
    "migration",
    "table_name",
    "range_number",
    "batch",
    "place",
    "row_key",
    "column_name",
    "reason",
    "original",
)


def prepare(target: Database) -> None:
    """Make the table, where there is none yet."""
    with target.writing() as writing:
        writing.execute(MADE)


def put(writing: Writing, where: tuple[str, str, int, int], rows: Iterable[BadRow]) -> None:
    """Keep rows of a batch, in its transaction. `where` names migration, table, range, batch."""
    import pyarrow as pa

    kept = [
        (
            *where,
            place,
            msgspec.json.encode(row.key).decode(),
            row.column,
            row.reason.replace("\0", "\\0"),
            msgspec.json.encode(row.original).decode(),
        )
        for place, row in enumerate(rows)
    ]
    if kept:
        columns = [pa.array(values) for values in zip(*kept, strict=True)]
        writing.ingest(TABLE, pa.RecordBatch.from_arrays(columns, names=list(COLUMNS)))


def kept(target: Database, migration: str, table: str) -> list[BadRow]:
    """Return the rows of a table that are in quarantine, in the order of their batches."""
    rows = target.query(
        f"SELECT row_key, column_name, reason, original FROM {TABLE} WHERE migration = ? AND "
        "table_name = ? ORDER BY range_number, batch, place",
        (migration, table),
    ).rows
    return [
        BadRow(
            key=msgspec.json.decode(str(key), type=tuple[Scalar, ...]),
            column=str(column),
            reason=str(reason),
            original=msgspec.json.decode(str(original), type=dict[str, Scalar | list[Scalar]]),
        )
        for key, column, reason, original in rows
    ]


def everything(target: Database, *, of: str = TABLE) -> Iterator[dict[str, Any]]:
    """Return all rows in quarantine as JSON has them: table, key, column, reason, original.
    `of`: another table of the same form.

    Raises:
        DatabaseError: there is no quarantine, or the target is away.
    """
    rows = target.query(
        f"SELECT table_name, row_key, column_name, reason, original FROM {of} "
        "ORDER BY table_name, range_number, batch, place"
    ).rows
    for table, key, column, reason, original in rows:
        yield {
            "table": str(table),
            "key": msgspec.json.decode(str(key)),
            "column": str(column),
            "reason": str(reason),
            "original": msgspec.json.decode(str(original)),
        }


def migrations(target: Database) -> list[str]:
    """Return the migrations that put rows aside in a target."""
    rows = target.query(f"SELECT DISTINCT migration FROM {TABLE} ORDER BY migration").rows
    return [str(migration) for (migration,) in rows]
