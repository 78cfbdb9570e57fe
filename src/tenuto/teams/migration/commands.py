"""`tenuto migration`: the team's own verbs. Its sessions are sessions like any others, on which
`tenuto show`, `approve`, `resume` and the rest work."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import click

import tenuto
from tenuto.teams.migration.commands_back import cancel, rollback
from tenuto.teams.migration.commands_later import catch_up, replay
from tenuto.teams.migration.commands_shared import (
    COMPLETED,
    FAILED,
    USAGE,
    beside,
    input_file,
    of_session,
    passed_on,
)
from tenuto.teams.migration.passwords import without_password
from tenuto.teams.migration.watching import Watch


@click.group()
def command() -> None:
    """Move a database to another system, and prove that it behaves the same.

    \b
    tenuto migration plan sqlite:///old.db postgresql://localhost/new -o plan.yaml
    tenuto migration run sqlite:///old.db postgresql://localhost/new --plan plan.yaml

    Addresses: sqlite:///FILE, postgresql://…, mariadb://…, csv:///FOLDER, parquet:///FOLDER. A
    password may stand in an address, or as ${NAME} of the environment; it is never kept.
    """


_LIMITS: Final = (
    click.option(
        "--max-source-load",
        type=click.FloatRange(0, 32),
        help="Reads of the source at work at a time, on average, at most; as 0.5.",
    ),
    click.option(
        "--window",
        metavar="FROM-TO ZONE",
        help="Move at this time of day alone: '22:00-05:00 Europe/Madrid'.",
    ),
    click.option(
        "--deadline",
        metavar="WHEN",
        help="Ask when rows are still to be moved then: 6h, or a moment.",
    ),
    click.option(
        "--report-seconds",
        type=click.FloatRange(0.05, 3600),
        help="How often workers report, at least.",
    ),
)
"""Options that say when, how much and until when."""


def _options(function: Any) -> Any:
    """Add the options of `plan` and `run`."""
    for option in reversed(
        (
            click.argument("source"),
            click.argument("target"),
            click.option(
                "--tables", multiple=True, metavar="NAME", help="Only these; * and ? work."
            ),
            click.option("--exclude", multiple=True, metavar="NAME", help="All but these."),
            click.option(
                "--where",
                multiple=True,
                metavar="TABLE=CONDITION",
                help="Only these rows of a table, in the SQL of the source.",
            ),
            click.option("--parallel", type=click.IntRange(1, 32), help="Ranges moved at once."),
            click.option(
                "--rate-limit", type=click.IntRange(1), help="Rows read in a second, at most."
            ),
            click.option(
                "--on-error",
                type=click.Choice(["quarantine", "stop"]),
                help="What becomes of rows that the target does not take.",
            ),
            *_LIMITS,
            click.option(
                "--on-failure",
                type=click.Choice(["keep", "roll_back"]),
                help="What becomes of the target when the migration fails for good.",
            ),
            click.option(
                "--mask", multiple=True, metavar="KIND=MASK", help="As email=hash, name=null."
            ),
            click.option(
                "--threshold",
                type=click.FloatRange(0, 1),
                help="Mappings of less confidence are asked about.",
            ),
            click.option(
                "--names",
                type=click.Choice(["kept", "lower", "snake"]),
                help="How tables and columns are called in the target.",
            ),
            click.option(
                "--onto-existing",
                "onto",
                is_flag=True,
                help="Fill the tables that the target has already: columns are matched to them.",
            ),
            click.option("--model", metavar="MODEL", help="The model of the agents that judge."),
        )
    ):
        function = option(function)
    return function


@command.command()
@_options
@click.option("-o", "--output", metavar="FILE", help="Write the plan there, not to stdout.")
def plan(output: str | None, model: str | None, **given: Any) -> int:
    """Look at SOURCE and print the plan as YAML. Nothing is written to TARGET."""
    from tenuto.teams.migration.flow import migration_workflow

    inputs = {**inputs_from(given), "dry_run": True}
    try:
        found: Any = tenuto.run(migration_workflow(model or "offline"), inputs, db="memory://")
    except tenuto.TenutoError as error:
        return _fails(error)
    if output is None:
        click.echo(found["yaml"], nl=False)
    else:
        Path(output).write_text(found["yaml"], "utf-8")
        click.echo(
            f"The plan is in {output}. Edit it, and: tenuto migration run … --plan {output}",
            err=True,
        )
    return COMPLETED


@command.command()
@_options
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Carry this plan out, as it is.",
)
@click.option("--dry-run", is_flag=True, help="Make the plan, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask whether the plan is to be carried out.")
@click.option("--workload", metavar="FILE", help="Queries that both must answer alike.")
@click.option("--report", metavar="FILE", help="Write the report there, as HTML.")
@of_session
@click.pass_context
def run(context: click.Context, /, **options: Any) -> int:
    """Move SOURCE to TARGET, and verify it; the exit code 0 says that both is done.

    It is `tenuto run migration`, with a bar. Without --yes it waits until the plan is approved:
    look at it with `tenuto show last`, say yes with `tenuto approve last`, and go on with
    `tenuto resume last`.
    """
    passed = passed_on(options, "model")
    options["approve"] = not options.pop("yes")
    if options["plan"]:
        options["plan"] = Path(options["plan"]).read_text("utf-8")
    inputs = inputs_from(options)
    verb = beside(context, "run")
    with input_file(inputs) as given:
        arguments = ["migration", given, *passed]
        if not sys.stderr.isatty():
            return int(verb.main(arguments, standalone_mode=False))
        with Watch(inputs["target"]):
            return int(verb.main([*arguments, "--quiet"], standalone_mode=False))


@command.command()
@click.argument("target")
def watch(target: str) -> int:
    """Show how far the migration to TARGET is, until it is interrupted."""
    variable = "TENUTO_MIGRATION_TARGET_PASSWORD"
    with suppress(KeyboardInterrupt), Watch(without_password(target, variable)):
        threading.Event().wait()
    return COMPLETED


@command.command()
@click.option(
    "--release", is_flag=True, help="Make known anew what migrations share; it is charged."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--tenant", metavar="NAME", default="local", show_default=True, help="Whose budget.")
def patterns(release: bool, as_json: bool, tenant: str) -> int:
    """Show which patterns many migrations share, as far as that may be known."""
    from tenuto.teams.migration.learning.library import BudgetSpent, Library
    from tenuto.teams.migration.learning.releasing import floor

    library = Library()
    try:
        known = library.release().counts if release else library.known()
    except BudgetSpent as error:
        click.echo(f"tenuto: {error}", err=True)
        return FAILED
    left = library.left(tenant)
    if as_json:
        facts = {"patterns": known, "floor": floor(), "left": left}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return COMPLETED
    for text, count in sorted(known.items(), key=lambda one: -one[1]):
        click.echo(f"{count:>6}  {text}")
    say = f"About {floor()} migrations must share a pattern before it is known. "
    click.echo(f"{say}Tenant {tenant!r} has a budget of ε = {left:g} left.", err=True)
    return COMPLETED


@command.command()
@click.argument("target")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, with the whole rows.")
def quarantine(target: str, as_json: bool) -> int:
    """List the rows that were put aside in TARGET, with the reasons."""
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.databases.port import DatabaseError
    from tenuto.teams.migration.moving.undoing import rows_aside

    try:
        with closing(open_database(target)) as database:
            for row in rows_aside(database):
                if as_json:
                    click.echo(json.dumps(row, ensure_ascii=False))
                else:
                    place = f"{row['table']} {row['key']}"
                    click.echo(f"{place:<32} {row['column']}: {row['reason']}")
    except DatabaseError as error:
        click.echo(f"tenuto: {error}", err=True)
        return FAILED
    return COMPLETED


@command.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False))
@click.argument("new", type=click.Path(exists=True, dir_okay=False))
def diff(old: str, new: str) -> int:
    """Say in words in what the plans OLD and NEW differ; the exit code is 1 when they do."""
    from tenuto.teams.migration import planfile
    from tenuto.teams.migration.plan_diff import diff as differences

    plans = []
    for file in (old, new):
        try:
            plans.append(planfile.load(Path(file).read_text("utf-8")))
        except ValueError as error:
            click.echo(f"tenuto: {file}: {error}", err=True)
            return USAGE
    said = differences(*plans)
    click.echo(said, nl=bool(said))
    return FAILED if said else COMPLETED


def inputs_from(given: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a session from options, those that were given; passwords go into the
    environment of this process."""
    inputs = {name: value for name, value in given.items() if value not in (None, (), "")}
    for name in ("source", "target"):
        inputs[name] = without_password(inputs[name], f"TENUTO_MIGRATION_{name.upper()}_PASSWORD")
    for name in ("where", "mask"):
        if name in inputs:
            inputs[name] = dict(_pair(text, name) for text in inputs[name])
    for name in ("tables", "exclude"):
        if name in inputs:
            inputs[name] = [part for text in inputs[name] for part in text.split(",") if part]
    return inputs


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} has no '='.", param_hint=f"--{option}")
    return name, value


def _fails(error: tenuto.TenutoError) -> int:
    click.echo(f"tenuto: {error}", err=True)
    return FAILED


command.add_command(cancel)
command.add_command(catch_up)
command.add_command(replay)
command.add_command(rollback)
