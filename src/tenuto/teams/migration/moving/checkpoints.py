"""How far each range has come, kept in the target: a row for each batch, committed with the
batch's rows. What is read from here is true, whatever died when.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import Database, Writing
from tenuto.teams.migration.schema import Scalar

TABLE: Final = "tenuto_checkpoints"
MADE: Final = """
CREATE TABLE IF NOT EXISTS tenuto_checkpoints (
    migration VARCHAR(64) NOT NULL,
    table_name VARCHAR(128) NOT NULL,
    range_number BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    first_key TEXT,
    last_key TEXT,
    rows_read BIGINT NOT NULL,
    rows_loaded BIGINT NOT NULL,
    rows_bad BIGINT NOT NULL,
    is_last BIGINT NOT NULL,
    PRIMARY KEY (migration, table_name, range_number, batch)
)
"""
COLUMNS: Final = "batch, first_key, last_key, rows_read, rows_loaded, rows_bad, is_last"


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint: what one batch did."""

    table: str
    range: int
    number: int
    first_key: tuple[Scalar, ...] | None = None
    last_key: tuple[Scalar, ...] | None
    """None: of a batch without rows, or without an order."""
    read: int
    loaded: int
    bad: int
    last: bool = False
    """The range is at its end."""


def prepare(target: Database) -> None:
    """Make the table of checkpoints, where there is none yet."""
    with target.writing() as writing:
        writing.execute(MADE)


def saved(writing: Writing, migration: str, batch: Batch) -> None:
    """Write a checkpoint in the transaction of its rows. Another with the same number cannot be
    written: of two movers of one range, one is refused."""
    writing.execute(
        f"INSERT INTO {TABLE} (migration, table_name, range_number, {COLUMNS}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            migration,
            batch.table,
            batch.range,
            batch.number,
            _text(batch.first_key),
            _text(batch.last_key),
            batch.read,
            batch.loaded,
            batch.bad,
            int(batch.last),
        ),
    )


def _text(key: tuple[Scalar, ...] | None) -> str:
    return "null" if key is None else msgspec.json.encode(key).decode()


def of_range(target: Database, migration: str, table: str, range: int) -> list[Batch]:
    """Return the checkpoints of a range, in their order."""
    rows = target.query(
        f"SELECT {COLUMNS} FROM {TABLE} WHERE migration = ? AND table_name = ? AND "
        "range_number = ? ORDER BY batch",
        (migration, table, range),
    ).rows
    return [_read(table, range, row) for row in rows]


def _read(table: str, range: int, row: tuple[object, ...]) -> Batch:
    number, first, last, read, loaded, bad, end = row
    key = tuple[str | int | float | bool | None, ...] | None
    return Batch(
        table=table,
        range=range,
        number=int(str(number)),
        first_key=msgspec.json.decode(str(first), type=key),
        last_key=msgspec.json.decode(str(last), type=key),
        read=int(str(read)),
        loaded=int(str(loaded)),
        bad=int(str(bad)),
        last=bool(end),
    )
