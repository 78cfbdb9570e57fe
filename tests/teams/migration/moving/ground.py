"""Small databases and plans for tests of moving."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.moving import checkpoints, quarantine
from tenuto.teams.migration.moving.loads import Load, Moved
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tenuto.teams.migration.plan import Change, ColumnPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Kind

TYPES: dict[Kind, str] = {
    "boolean": "boolean",
    "integer": "bigint",
    "decimal": "numeric(12,2)",
    "float": "double precision",
    "text": "text",
    "bytes": "bytea",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "json": "jsonb",
    "uuid": "uuid",
}


def column(name: str, kind: Kind, *changes: Change, **more: object) -> ColumnPlan:
    """Return the plan of a column that keeps its name."""
    facts: dict[str, object] = {"source": name, "type": TYPES[kind], **more}
    if kind == "decimal":
        facts = {"precision": 12, "scale": 2, **facts}
    return ColumnPlan(name=name, kind=kind, changes=changes, **facts)  # type: ignore[arg-type]


def plan_of(*columns: ColumnPlan, key: Sequence[str] = ("id",), **more: object) -> Plan:
    """Return a plan that moves the table `t`."""
    facts: dict[str, object] = {"by": tuple(key), "batch_rows": 100, **more}
    table = TablePlan(name="t", source="t", columns=columns, key=tuple(key), **facts)  # type: ignore[arg-type]
    return Plan(
        source="source",
        target="target",
        source_system="sqlite",
        target_system="postgresql",
        tables=(table,),
    )


def made(target: Database, plan: Plan, *, extra: str = "") -> None:
    """Make the table `t` and what the mover keeps in a target."""
    table = plan.table("t")
    parts = [
        f"{quoted(target.system, one.name)} {one.type}{'' if one.nullable else ' NOT NULL'}"
        for one in table.columns
    ]
    if table.key:
        parts.append(f"PRIMARY KEY ({', '.join(table.key)})")
    with target.writing() as writing:
        writing.execute(f"CREATE TABLE t ({', '.join(parts)}{extra})")
    checkpoints.prepare(target)
    quarantine.prepare(target)


def sqlite_file(path: Path, made: str, rows: Iterable[Sequence[object]]) -> str:
    """Return the address of a new SQLite database with the table `t`."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(made)
        for row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO t VALUES ({marks})", tuple(row))
    return f"sqlite:///{path}"


def moved(source: Database, target: Database, plan: Plan, **more: object) -> list[Moved]:
    """Move all ranges of the table `t`, one after the other."""
    return [
        move(source, target, Load(migration="m", plan=plan, table="t", range=range, **more))  # type: ignore[arg-type]
        for range in ranges_of(source, plan, plan.table("t"))
    ]


@contextlib.contextmanager
def opened(source: str, target: str) -> Iterator[tuple[Database, Database]]:
    """Give both databases, open."""
    with (
        contextlib.closing(open_database(source)) as left,
        contextlib.closing(open_database(target, writing=True)) as right,
    ):
        yield left, right
