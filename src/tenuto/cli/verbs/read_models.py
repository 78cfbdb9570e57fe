"""`tenuto read-models`: the tables that are kept from events, for who asks with SQL."""

from __future__ import annotations

from typing import Final

import click

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import show, show_json
from tenuto.core.errors import StoreOwned
from tenuto.sdk.read_models import Progress

_OWNED: Final = (
    "The tables are written by who owns the file. A running `tenuto serve` keeps them all the "
    "time, and makes them anew when an admin asks: POST /api/v1/read-models/rebuild."
)


@click.group(no_args_is_help=True)
def command() -> None:
    """Keep the tables agents, agent_sessions, agent_tasks, agent_messages, agent_usage,
    agent_durations and agent_memory.

    They follow the log: whatever happens to them, they can be made again.

    \b
    tenuto read-models status
    tenuto read-models update
    tenuto read-models rebuild
    """


@command.command()
@json_option("Print one JSON object.")
@db_option
def status(as_json: bool, db: str | None) -> int:
    """Say how far behind the log the tables are."""
    return drive(_status(db, as_json=as_json))


@command.command()
@json_option("Print one JSON object.")
@db_option
def update(as_json: bool, db: str | None) -> int:
    """Take in what is new in the log."""
    return drive(_made(db, anew=False, as_json=as_json))


@command.command()
@json_option("Print one JSON object.")
@db_option
def rebuild(as_json: bool, db: str | None) -> int:
    """Empty the tables and make them again from the log."""
    return drive(_made(db, anew=True, as_json=as_json))


async def _status(db: str | None, *, as_json: bool) -> int:
    async with tenuto.open(db, readonly=True) as runtime:
        progress = await runtime.read_models.progress()
    return _told(progress, as_json=as_json)


async def _made(db: str | None, *, anew: bool, as_json: bool) -> int:
    try:
        async with tenuto.open(db, hold=True, alone=True) as runtime:
            models = runtime.read_models
            progress = await (models.rebuild() if anew else models.catch_up())
    except StoreOwned as error:
        raise StoreOwned(f"{error} {_OWNED}") from None
    return _told(progress, as_json=as_json)


def _told(progress: Progress, *, as_json: bool) -> int:
    if as_json:
        show_json(
            {"position": progress.position, "end": progress.end, "behind": progress.behind},
            indent=False,
        )
    elif progress.behind:
        show(
            f"{progress.behind:,} of {progress.end:,} events are not in the tables yet;"
            " `tenuto read-models update` takes them in."
        )
    else:
        show(f"The tables hold all {progress.end:,} events.")
    return exit_codes.COMPLETED
