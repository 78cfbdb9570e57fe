"""How far a migration is, told by its target alone: whoever may read it can watch from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.moving import checkpoints
from tenuto.teams.migration.plan import TablePlan

TABLE: Final = "tenuto_expected"
MADE: Final = """
CREATE TABLE IF NOT EXISTS tenuto_expected (
    migration VARCHAR(64) NOT NULL,
    table_name VARCHAR(128) NOT NULL,
    rows_expected BIGINT NOT NULL,
    PRIMARY KEY (migration, table_name)
)
"""
_SO_FAR: Final = f"""
SELECT e.table_name, e.rows_expected, COALESCE(SUM(c.rows_loaded), 0), COALESCE(SUM(c.rows_bad), 0)
FROM {TABLE} AS e LEFT JOIN {checkpoints.TABLE} AS c
    ON c.migration = e.migration AND c.table_name = e.table_name
GROUP BY e.table_name, e.rows_expected ORDER BY e.table_name
"""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a table is."""

    table: str
    expected: int
    """Rows of the source, counted or estimated."""
    loaded: int
    quarantined: int


def expect(target: Database, migration: str, tables: Iterable[TablePlan]) -> None:
    """Say in the target how many rows will come. Doing it again changes nothing."""
    with target.writing() as writing:
        writing.execute(MADE)
    there = {
        str(name)
        for (name,) in target.query(
            f"SELECT table_name FROM {TABLE} WHERE migration = ?", (migration,)
        ).rows
    }
    with target.writing() as writing:
        for table in tables:
            if table.name not in there:
                row = (migration, table.name, table.rows or 0)
                writing.execute(f"INSERT INTO {TABLE} VALUES (?, ?, ?)", row)


def so_far(target: Database) -> list[Progress]:
    """Return how far each table is.

    Raises:
        DatabaseError: the target is away, or nothing has been prepared there yet.
    """
    return [
        Progress(
            table=str(table),
            expected=int(str(expected)),
            loaded=int(str(loaded)),
            quarantined=int(str(quarantined)),
        )
        for table, expected, loaded, quarantined in target.query(_SO_FAR).rows
    ]
