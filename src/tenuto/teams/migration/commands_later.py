"""Verbs of `tenuto migration` on targets that were filled before. The plan is in the target."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tenuto.teams.migration.commands_shared import (
    COMPLETED,
    FAILED,
    beside,
    input_file,
    of_session,
    passed_on,
)
from tenuto.teams.migration.passwords import without_password

if TYPE_CHECKING:
    from tenuto.teams.migration.databases.port import Database
    from tenuto.teams.migration.plan import Plan

WORKFLOW: Final = "tenuto.teams.migration.catching_up:team"

_plan = click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="A plan that was mended since, in place of the one that TARGET keeps.",
)


@click.command("catch-up")
@click.argument("source")
@click.argument("target")
@_plan
@click.option(
    "--by",
    type=click.Choice(["marks", "comparison"]),
    help="What tells which rows changed: keys that grow and moments of changes, where there are "
    "such; or a comparison of all rows.",
)
@click.option(
    "--overlap",
    type=click.IntRange(0),
    metavar="SECONDS",
    help="How long before the latest moment of the snapshot rows are looked at again.",
)
@click.option("--workload", metavar="FILE", help="Queries that both must answer alike.")
@click.option("--report", metavar="FILE", help="Write the report there, as HTML.")
@of_session
@click.pass_context
def catch_up(context: click.Context, /, plan_file: str | None, **options: Any) -> int:
    """Bring TARGET to where SOURCE is now, and verify it; the exit code 0 says that both is done.

    Rows that came, changed or went in SOURCE since TARGET was filled are followed, by the plan that
    was carried out. Run it as often as you like; for the last time when nobody writes to SOURCE.
    """
    passed = passed_on(options)
    inputs = {name: value for name, value in options.items() if value is not None}
    for name in ("source", "target"):
        inputs[name] = without_password(inputs[name], f"TENUTO_MIGRATION_{name.upper()}_PASSWORD")
    if plan_file is not None:
        inputs["plan"] = Path(plan_file).read_text("utf-8")
    with input_file(inputs) as given:
        return int(beside(context, "run").main([WORKFLOW, given, *passed], standalone_mode=False))


@click.command()
@click.argument("target")
@_plan
def replay(target: str, plan_file: str | None) -> int:
    """Try the rows that were put aside in TARGET again; the exit code is 1 when some stay."""
    from tenuto.teams.migration import moving
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.databases.port import DatabaseError
    from tenuto.teams.migration.moving.quarantine import everything, migrations

    try:
        with closing(open_database(target, writing=True)) as database:
            mended = plan_of(database, plan_file)
            came = [
                moving.replay(database, mended, table.name, migration=migration)
                for migration in migrations(database)
                for table in mended.tables
            ]
            left = sum(1 for _ in everything(database))
    except (DatabaseError, ValueError) as error:
        click.echo(f"tenuto: {error}", err=True)
        return FAILED
    click.echo(f"{sum(one.loaded for one in came)} rows were loaded, {left} stay aside.")
    return FAILED if left else COMPLETED


def plan_of(target: Database, plan_file: str | None) -> Plan:
    """Return the plan in a file, or that which a target keeps.

    Raises:
        ValueError: the file is no plan, or the target keeps none.
        DatabaseError: the target cannot be read.
    """
    from tenuto.teams.migration import planfile
    from tenuto.teams.migration.moving.kept import kept

    if plan_file is not None:
        return planfile.load(Path(plan_file).read_text("utf-8"))
    known = kept(target)
    if known is None:
        raise ValueError("The target keeps no plan. Give it, with --plan.")
    return known.plan
