"""`tenuto resume`: go on."""

from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.attending import attend
from tenuto.cli.attending_all import attend_all, find_unfinished
from tenuto.cli.driving import drive
from tenuto.cli.family import take_up_below
from tenuto.cli.finding import find_session
from tenuto.cli.options import by_option, db_option, json_option, session_argument
from tenuto.cli.pools import pools_option
from tenuto.cli.printing import say
from tenuto.cli.starting import make_importable
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.budget import NAMES, UNBOUNDED
from tenuto.core.errors import Rejected, StoreOwned
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.vocabulary import SessionId


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    session: str | None
    steps: int
    budget: tenuto.Budget
    by: str
    as_json: bool
    quiet: bool
    tools: str | None
    pools: str | None
    db: str | None


@click.command()
@session_argument(required=False)
@click.option(
    "--steps", type=click.IntRange(0), default=0, metavar="N", help="Add N to its budget of steps."
)
@click.option("--tokens", type=click.IntRange(0), metavar="N", help="Add N tokens.")
@click.option("--usd", type=click.FloatRange(0), metavar="N", help="Add N US dollars.")
@click.option("--turns", type=click.IntRange(0), metavar="N", help="Add N turns of models.")
@click.option("--tool-calls", type=click.IntRange(0), metavar="N", help="Add N calls by models.")
@click.option("--seconds", type=click.FloatRange(0), metavar="N", help="Add N seconds.")
@by_option
@json_option("Print events as JSON lines, and the outcome as the last one.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@pools_option
@tools_option
@db_option
def command(**options: Any) -> int:
    """Go on with session ID and stay with it; without ID, with everything that is unfinished.

    A session that was interrupted, or whose process died, goes on where its log ends; a paused one
    is taken up again. Without ID paused sessions stay paused. Where another process works on the
    database, that process is told.

    \b
    tenuto resume
    tenuto resume last --steps 1000
    """
    budget = tenuto.Budget(**{name: options.pop(name) for name in NAMES})
    asked = Options(budget=budget, **options)
    if asked.session is None:
        if asked.steps or asked.budget != UNBOUNDED:
            raise click.UsageError("What is added to a budget is for one session: name it.")
        return drive(_resume_all(asked))
    return drive(_resume(asked.session, asked))


async def _resume(text: str, asked: Options) -> int:
    make_importable()
    sources = sources_in(asked.tools)
    try:
        async with tenuto.open(
            asked.db, recover=False, tools=sources, pools=asked.pools
        ) as runtime:
            session = runtime.session(await find_session(runtime, text))
            state = await session.state()
            if state.phase not in TERMINAL:
                await session.resume(asked.steps, budget=asked.budget, by=asked.by)
                await take_up_below(runtime, session.id)
            say(f"session {session.id}  {state.workflow} {state.workflow_version}")
            return await attend(
                runtime, session, before=state, as_json=asked.as_json, quiet=asked.quiet
            )
    except StoreOwned:
        return await _resume_elsewhere(text, asked)


async def _resume_elsewhere(text: str, asked: Options) -> int:
    from tenuto.bootstrap import deliver

    async with tenuto.open(asked.db, readonly=True) as runtime:
        session_id: SessionId = await find_session(runtime, text)
    budget = msgspec.to_builtins(asked.budget)
    arguments = {"steps": asked.steps, "budget": budget, "by": asked.by}
    await deliver(asked.db, session_id, "resume", arguments)
    say(f"resumed: {session_id}, in the process that works on the database")
    say(f"Watch it: tenuto events {session_id} --follow")
    return exit_codes.COMPLETED


async def _resume_all(asked: Options) -> int:
    make_importable()
    sources = sources_in(asked.tools)
    async with tenuto.open(asked.db, readonly=True) as reader:
        unfinished = await find_unfinished(reader)
    try:
        async with tenuto.open(asked.db, tools=sources, pools=asked.pools) as runtime:
            return await attend_all(runtime, unfinished, as_json=asked.as_json, quiet=asked.quiet)
    except StoreOwned as error:
        raise Rejected(f"{error} It goes on with what is unfinished by itself.") from None
