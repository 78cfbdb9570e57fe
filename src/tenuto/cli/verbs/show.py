"""`tenuto show`: one session, looked at from every side."""

import time
from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.family import costs_below
from tenuto.cli.finding import find_session
from tenuto.cli.options import db_option, json_option, session_argument
from tenuto.cli.portrait import Portrait, portrait_json, show_portrait
from tenuto.cli.printing import show, show_json
from tenuto.cli.talk import show_message
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.events import ChildSessionStarted
from tenuto.core.vocabulary import SessionId
from tenuto.views.cost import Costs
from tenuto.views.messages import Message, Messages
from tenuto.views.sequence import Sequence
from tenuto.views.timeline import Timeline
from tenuto.views.waiting import why_waiting


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    session: str
    at: int | None
    messages: bool
    mermaid: bool
    as_json: bool
    db: str | None


@click.command()
@session_argument()
@click.option(
    "--at", type=click.IntRange(1), metavar="V", help="As it was at version V. [default: now]"
)
@click.option("--messages", is_flag=True, help="Show what agents and tools said instead.")
@click.option("--mermaid", is_flag=True, help="Draw them as a sequence diagram instead.")
@json_option("Print one JSON object.")
@db_option
def command(**options: Any) -> int:
    """Show session ID: tasks, waits, cost by agent, state and output.

    \b
    tenuto show last
    tenuto show last --at 40
    tenuto show last --messages
    tenuto show last --mermaid
    """
    return drive(_show(Options(**options)))


async def _show(asked: Options) -> int:
    async with tenuto.open(asked.db, readonly=True) as runtime:
        session = runtime.session(await find_session(runtime, asked.session))
        state = await session.state(asked.at)
        definition = await session.definition()
        timeline, costs, messages = Timeline(definition), Costs(definition), Messages(definition)
        said: list[Message] = []
        children: list[SessionId] = []
        async for stored in session.events(follow=False):
            if stored.version > state.version:
                break
            timeline.add(stored.version, stored.event)
            costs.add(stored.version, stored.event)
            if isinstance(stored.event, ChildSessionStarted):
                children.append(stored.event.session)
            wanted = asked.messages or asked.mermaid
            message = messages.add(stored.version, stored.event) if wanted else None
            if message is not None:
                said.append(message)
        queues = await runtime.pools.queues_of(session.id) if asked.at is None else {}
        for child in children:
            costs.include(await costs_below(runtime, child, until_ms=state.updated_ms))
    if asked.mermaid:
        sequence = Sequence()
        for message in said:
            sequence.add(message)
        show(sequence.text())
        return exit_codes.COMPLETED
    if asked.messages:
        for message in said:
            if asked.as_json:
                show_json(message, indent=False)
            else:
                show_message(message)
        return exit_codes.COMPLETED
    now_ms = time.time_ns() // 1_000_000 if asked.at is None else state.updated_ms
    since = {row.no: row.since_ms for row in timeline.rows.values()}
    portrait = Portrait(
        state=state,
        timeline=timeline,
        costs=costs,
        waits=()
        if state.phase in TERMINAL
        else why_waiting(state, definition, since=since, in_pools=queues),
        now_ms=now_ms,
        is_now=asked.at is None,
    )
    if asked.as_json:
        show_json(portrait_json(portrait))
    else:
        show_portrait(portrait)
    return exit_codes.COMPLETED
