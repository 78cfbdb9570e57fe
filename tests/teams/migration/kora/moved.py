"""Databases that were moved in earnest: planned, made, loaded and finished by the team's parts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tenuto.teams.migration import ddl, moving
from tenuto.teams.migration.architect import Options, make_plan
from tenuto.teams.migration.databases.addresses import open_database, system_of
from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Annotated
from tests.teams.migration import samples


@contextlib.contextmanager
def opened(source: str, target: str) -> Iterator[tuple[Database, Database]]:
    """Give both databases, the target open for writing."""
    with (
        contextlib.closing(open_database(source)) as left,
        contextlib.closing(open_database(target, writing=True)) as right,
    ):
        yield left, right


def moved(source: str, target: str) -> Plan:
    """Move all of a source into an empty target; return the plan by which that was done."""
    with opened(source, target) as (left, right):
        plan = make_plan(
            Annotated(schema=left.describe(), columns={}),
            target_system=system_of(target),
            source="source",
            target="target",
            options=Options(exclude=("tenuto_*",)),
        )
        moving.prepare(right)
        run(right, ddl.prepare(plan))
        for table in plan.tables:
            for range in moving.ranges_of(left, plan, table):
                load = moving.Load(migration="m", plan=plan, table=table.name, range=range)
                done = moving.move(left, right, load)
                assert done.failure is None, done.failure
        run(right, ddl.finish(plan))
    return plan


def run(database: Database, statements: list[ddl.Statement]) -> None:
    """Run statements, but those whose work is done."""
    for statement in statements:
        if statement.unless and database.query(statement.unless).rows:
            continue
        with database.writing() as writing:
            writing.execute(statement.sql)


def chinook(folder: Path) -> str:
    """Return the address of the music shop."""
    assert samples.SAMPLES is not None
    return f"sqlite:///{samples.SAMPLES / 'chinook' / 'chinook.sqlite'}"


def northwind(folder: Path) -> str:
    """Return the address of the trading company, made in a folder."""
    file = folder / "northwind.db"
    with contextlib.closing(samples.northwind()) as connection:
        connection.execute("VACUUM INTO ?", (str(file),))
    return f"sqlite:///{file}"
