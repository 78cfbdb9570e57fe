"""Verbs of `tenuto migration` that take a migration back."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

import tenuto
from tenuto.teams.migration.commands_shared import COMPLETED, FAILED, USAGE, beside

if TYPE_CHECKING:
    from tenuto.teams.migration.moving.undoing import Undone


@click.command()
@click.argument("target")
@click.option("--session", metavar="ID", help="The migration, where the target has several.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--force", is_flag=True, help="Also where tables hold other rows than the migration brought."
)
def rollback(target: str, session: str | None, yes: bool, force: bool) -> int:
    """Take a migration back: what it made in TARGET and brought there goes, what was there before
    stays. Rows that were put aside are kept, in the table tenuto_taken_back."""
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.databases.port import DatabaseError
    from tenuto.teams.migration.moving import undoing

    try:
        with closing(open_database(target, writing=True)) as database:
            there = undoing.migrations(database)
            if session is None and len(there) == 1:
                session = there[0]
            if session not in there:
                click.echo(_which(there, session), err=True)
                return FAILED if there else USAGE
            todo = [one for one in undoing.known(database, session) if one.what != "foreign key"]
            for one in todo:
                what = "empty table" if one.what == "rows" else f"drop {one.what}"
                click.echo(f"{what} {one.name}")
            if not yes and not click.confirm(f"Take migration {session} back?"):
                return FAILED
            undone = undoing.take_back(database, session, forced=force)
    except DatabaseError as error:
        click.echo(f"tenuto: {error}", err=True)
        return FAILED
    _tell_undone(undone)
    return COMPLETED


def _tell_undone(undone: Undone) -> None:
    aside = f" {undone.kept_aside:,} rows that were put aside are kept, in tenuto_taken_back."
    said = aside if undone.kept_aside else ""
    click.echo(f"Taken back: {undone.rows:,} rows.{said}", err=True)


@click.command()
@click.argument("session")
@click.option("--db", metavar="URL", help="The database of sessions, as of `tenuto run`.")
@click.pass_context
def cancel(context: click.Context, session: str, db: str | None) -> int:
    """Cancel a migration; one that was started with --on-failure roll_back is taken back."""
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.databases.port import DatabaseError
    from tenuto.teams.migration.moving import undoing

    session_id, inputs = asyncio.run(_of_session(session, db))
    passed = [session_id, *([f"--db={db}"] if db else [])]
    code = int(beside(context, "cancel").main(passed, standalone_mode=False) or COMPLETED)
    if code != COMPLETED or inputs.get("on_failure") != "roll_back":
        return code
    try:
        with closing(open_database(inputs["target"], writing=True)) as database:
            _tell_undone(undoing.take_back(database, session_id))
    except DatabaseError as error:
        click.echo(f"tenuto: {error}", err=True)
        return FAILED
    return COMPLETED


async def _of_session(session: str, db: str | None) -> tuple[str, dict[str, Any]]:
    """Return the id and the inputs of a migration that somebody named: by its id, or `last`."""
    async with tenuto.open(db, readonly=True) as runtime:
        if session == "last":
            heads = await runtime.sessions()
            session = next((str(one.session) for one in heads if one.parent is None), session)
        state = await runtime.session(session).state()
        return session, dict(state.inputs)


def _which(there: list[str], session: str | None) -> str:
    if not there:
        return "tenuto: nothing is there that could be taken back."
    named = ", ".join(there)
    found = f"no migration {session!r}" if session else "several migrations"
    return f"tenuto: the target has {found}. Name one with --session: {named}."
