"""A gate before each table of a migration: once it is closed, no batch of that migration comes into
the table any more, whoever still moves one.

Its row among the checkpoints is looked at in each batch's transaction, behind the rows. Where the
system lets two write at once, who closes the gate then waits for those that passed it (`shut`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tenuto.teams.migration.databases.port import Database, DatabaseError, Writing
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.moving.checkpoints import TABLE, Batch

GATE: Final = -9
"""The number of a range that is none: its only row is the gate, and `is_last` says it is closed."""
_OWN: Final = "migration = ? AND table_name = ? AND range_number = ? AND batch = ?"


class TakenBack(DatabaseError):
    """The migration is being taken back: nothing more of it is to be written."""


def made(writing: Writing, migration: str, tables: Iterable[str]) -> None:
    """Put an open gate before each table."""
    for table in tables:
        writing.execute(
            f"INSERT INTO {TABLE} (migration, table_name, range_number, batch, first_key, "
            "last_key, rows_read, rows_loaded, rows_bad, is_last) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (migration, table, GATE, 0, "null", "null", 0, 0, 0, 0),
        )


def passed(writing: Writing, migration: str, batch: Batch) -> None:
    """Return when the transaction of a batch, whose checkpoint is written, may be committed.

    Raises:
        TakenBack: the gate is closed.
    """
    gone = writing.execute(
        f"DELETE FROM {TABLE} WHERE {_OWN} AND EXISTS (SELECT 1 FROM {TABLE} AS gate WHERE "
        "gate.migration = ? AND gate.table_name = ? AND gate.range_number = ? AND gate.batch = ? "
        "AND gate.is_last = 1)",
        (migration, batch.table, batch.range, batch.number, migration, batch.table, GATE, 0),
    )
    if gone:
        raise TakenBack(
            f"The table {batch.table!r} takes no more rows: migration {migration} is taken back."
        )


def shut(target: Database, migration: str, table: str, *, is_there: bool) -> None:
    """Close the gate of a table, and wait for those that were about to commit."""
    with target.writing() as writing:
        # MariaDB: whoever passed holds a lock on this row until the end of its transaction.
        writing.execute(f"UPDATE {TABLE} SET is_last = 1 WHERE {_OWN}", (migration, table, GATE, 0))
    if is_there and target.system == "postgresql":
        with target.writing() as writing:
            name = quoted(target.system, table)
            writing.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
