"""`tenuto events`: the log itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.finding import find_session
from tenuto.cli.options import db_option, json_option, session_argument
from tenuto.cli.printing import faint, show, show_json
from tenuto.views.event_json import event_json
from tenuto.views.event_lines import event_line
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTasks


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    session: str
    follow: bool
    after: int
    as_json: bool
    db: str | None


@click.command()
@session_argument()
@click.option("-f", "--follow", is_flag=True, help="Wait for more, until the session has ended.")
@click.option(
    "--after", type=click.IntRange(0), default=0, metavar="V", help="Only events beyond version V."
)
@json_option("Print one JSON object per line.")
@db_option
def command(**options: Any) -> int:
    """Print the events of session ID in their order.

    \b
    tenuto events last --follow
    tenuto events last --json | grep TaskFailed
    """
    return drive(_print(Options(**options)))


async def _print(asked: Options) -> int:
    async with tenuto.open(asked.db, readonly=True) as runtime:
        session = runtime.session(await find_session(runtime, asked.session))
        tasks = await _open_tasks(session, asked.after)
        async for stored in _events(session, asked.after, follow=asked.follow):
            tasks.begin(stored.event)
            if asked.as_json:
                told = event_json(
                    stored.event, version=stored.version, position=stored.position, tasks=tasks
                )
                show_json(told, indent=False)
            else:
                show(_line(stored, tasks))
            tasks.end(stored.event)
    return exit_codes.COMPLETED


async def _events(
    session: tenuto.Session, after: int, *, follow: bool
) -> AsyncIterator[tenuto.StoredEvent]:
    """Following ends with the event that ends the session; those of its commit come after it."""
    for live in (True, False) if follow else (False,):
        async for stored in session.events(after, follow=live):
            after = stored.version
            yield stored


async def _open_tasks(session: tenuto.Session, after: int) -> OpenTasks:
    """Return what is open after that version, so that the next events can name it."""
    definition = await session.definition()
    head = await session.head()
    if not 0 < after <= head.version:
        return OpenTasks(definition)
    return OpenTasks.of_state(await session.state(at=after), definition)


def _line(stored: tenuto.StoredEvent, tasks: OpenTasks) -> str:
    kind = type(stored.event).__name__
    at = moment_text(stored.event.at_ms)
    text = event_line(stored.event, tasks)
    return f"{stored.version:>6}  {faint(at)}  {kind:<20}  {text}"
