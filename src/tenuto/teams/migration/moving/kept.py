"""The plan by which a target was filled, and how far the source was when that began: kept in the
target, so that whoever goes on there later needs nothing else.
"""

from __future__ import annotations

import datetime
from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import Database, DatabaseError
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.plan import Plan, TablePlan
from tenuto.teams.migration.schema import System

TABLE: Final = "tenuto_plan"
MADE: Final = """
CREATE TABLE IF NOT EXISTS tenuto_plan (
    migration VARCHAR(64) NOT NULL,
    what VARCHAR(16) NOT NULL,
    part BIGINT NOT NULL,
    kept_at VARCHAR(40) NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (migration, what, part)
)
"""
PART: Final = 8_000
"""Characters of a part: TEXT of MariaDB ends at 64 KB."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a table of the source was."""

    column: str = ""
    """Its key, of whole numbers that grow; empty: it has no such one."""
    last: int | None = None
    """The greatest one; None: there was no row."""
    moment_column: str = ""
    """The column that says when a row was changed; empty: there is none."""
    moment: str = ""
    """The latest one, as ISO 8601."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a target knows of the migration that filled it."""

    migration: str
    plan: Plan
    marks: dict[str, Mark]
    """By tables of the target."""


def marks_of(source: Database, plan: Plan) -> dict[str, Mark]:
    """Return how far the tables of a source are.

    Raises:
        DatabaseError: it cannot be read.
    """
    return {table.name: _mark(source, table) for table in plan.tables}


def _mark(source: Database, table: TablePlan) -> Mark:
    columns = {column.name: column for column in table.columns}
    mark = Mark()
    key = columns.get(table.key[0]) if len(table.key) == 1 else None
    if key is not None and key.source and key.kind == "integer" and not key.changes:
        last = _greatest(source, table, key.source)
        if last is None or isinstance(last, int):
            mark = Mark(column=key.source, last=last)
    moment = next(
        (one for one in table.columns if one.semantic == "updated_at" and one.source), None
    )
    if moment is not None and moment.source is not None:
        latest = str(_greatest(source, table, moment.source) or "")
        if _read_moment(latest) is not None:
            mark = msgspec.structs.replace(mark, moment_column=moment.source, moment=latest)
    return mark


def _greatest(source: Database, table: TablePlan, column: str) -> object:
    name, of = quoted(source.system, column), quoted(source.system, table.source)
    ((found,),) = source.query(f"SELECT max({name}) FROM {of}").rows
    return found


def changed_since(system: System, mark: Mark, overlap: datetime.timedelta) -> str | None:
    """Return the condition of rows that are new or changed since a mark, in the SQL of the source;
    None: nothing tells them.

    Args:
        overlap: so long before the latest moment rows are looked at again.
    """
    found = []
    if mark.column and mark.last is not None:
        found.append(f"{quoted(system, mark.column)} > {mark.last}")
    moment = _read_moment(mark.moment)
    if moment is not None:
        separator = "T" if "T" in mark.moment else " "
        said = literal(system, (moment - overlap).isoformat(separator))
        found.append(f"{quoted(system, mark.moment_column)} >= {said}")
    return " OR ".join(found) or None


def _read_moment(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def keep(
    target: Database, migration: str, plan: Plan, marks: dict[str, Mark] | None = None
) -> None:
    """Keep a plan in a target, and marks, if they are given. Marks that are there stay: those of
    the beginning are true."""
    with target.writing() as writing:
        writing.execute(MADE)
    has_marks = bool(_words(target, migration, "marks"))
    parts = {"plan": msgspec.json.encode(plan).decode()}
    if marks is not None and not has_marks:
        parts["marks"] = msgspec.json.encode(marks).decode()
    now = datetime.datetime.now(datetime.UTC).isoformat()
    with target.writing() as writing:
        for what, words in parts.items():
            writing.execute(
                f"DELETE FROM {TABLE} WHERE migration = ? AND what = ?", (migration, what)
            )
            for part, start in enumerate(range(0, len(words), PART)):
                row = (migration, what, part, now, words[start : start + PART])
                writing.execute(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?)", row)


def kept(target: Database) -> Kept | None:
    """Return what was kept last in a target; None: nothing was, by no migration.

    Raises:
        DatabaseError: it cannot be read.
    """
    try:
        rows = target.query(
            f"SELECT migration FROM {TABLE} WHERE what = 'plan' ORDER BY kept_at DESC, migration",
            limit=1,
        ).rows
    except DatabaseError:
        target.query("SELECT 1")
        return None
    if not rows:
        return None
    migration = str(rows[0][0])
    marks = _words(target, migration, "marks") or "{}"
    return Kept(
        migration=migration,
        plan=msgspec.json.decode(_words(target, migration, "plan"), type=Plan),
        marks=msgspec.json.decode(marks, type=dict[str, Mark]),
    )


def _words(target: Database, migration: str, what: str) -> str:
    rows = target.query(
        f"SELECT words FROM {TABLE} WHERE migration = ? AND what = ? ORDER BY part",
        (migration, what),
    ).rows
    return "".join(str(words) for (words,) in rows)
