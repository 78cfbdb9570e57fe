"""The survey: the schema, a profile of each column, and what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import msgspec

from tenuto.teams.migration.databases.bookkeeping import BOOKKEEPING
from tenuto.teams.migration.schema import Annotated, ColumnNotes, Profile, Table
from tenuto.teams.migration.scout.meanings import meaning_of
from tenuto.teams.migration.scout.profiling import profile_of
from tenuto.teams.migration.scout.sampling import bounds_of, orphans_of, sample_of

if TYPE_CHECKING:
    from tenuto.teams.migration.databases.port import Database

SAMPLE_ROWS: Final = 10_000


def survey(
    database: Database,
    *,
    tables: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    sample: int = SAMPLE_ROWS,
) -> Annotated:
    """Return what a database holds and what it means. It takes some seconds for a table of millions
    of rows, and holds a sample of one table at a time.

    Args:
        tables: only these are looked into, by names with `*` and `?`; the schema has all.
        exclude: these are not.
        sample: of larger tables so many rows are looked at.

    Raises:
        DatabaseError: it cannot be read.
    """
    schema = database.describe()
    known = {table.name: table for table in schema.tables}
    notes: dict[str, ColumnNotes] = {}
    for table in schema.tables:
        asked = tables is None or any(fnmatchcase(table.name, name) for name in tables)
        asked = asked and table.name not in BOOKKEEPING
        if asked and not any(fnmatchcase(table.name, name) for name in exclude):
            notes |= _notes(database, table, known, sample)
    return Annotated(schema=schema, columns=notes)


def _notes(
    database: Database, table: Table, known: dict[str, Table], sample: int
) -> dict[str, ColumnNotes]:
    seen = sample_of(database, database.system, table, limit=sample)
    whole = table.rows is not None and len(seen) >= table.rows
    bounds = bounds_of(database, database.system, table)
    notes: dict[str, ColumnNotes] = {}
    for place, column in enumerate(table.columns):
        profile = profile_of(
            column,
            (row[place] for row in seen),
            whole=whole,
            bounds=bounds.get(column.name),
        )
        profile = _with_orphans(database, table, column.name, known, profile)
        meaning = meaning_of(table, column, profile)
        if meaning.personal:
            profile = _without_values(profile)
        notes[f"{table.name}.{column.name}"] = ColumnNotes(profile=profile, meaning=meaning)
    return notes


def _with_orphans(
    database: Database, table: Table, column: str, known: dict[str, Table], profile: Profile
) -> Profile:
    for key in table.foreign_keys:
        parent = known.get(key.table)
        if key.columns[0] == column and parent is not None and len(key.named) == len(key.columns):
            count = orphans_of(database, database.system, table, key, parent)
            return msgspec.structs.replace(profile, orphans=count)
    return profile


def _without_values(profile: Profile) -> Profile:
    """Return the profile of what tells of a person: its figures, and no value of it."""
    return msgspec.structs.replace(profile, least=None, greatest=None, top=(), examples=())
