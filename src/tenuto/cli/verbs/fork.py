"""`tenuto fork`: another way from an earlier moment."""

from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.attending import attend
from tenuto.cli.driving import drive
from tenuto.cli.finding import find_session
from tenuto.cli.inputs import json_from
from tenuto.cli.options import db_option, json_option, session_argument
from tenuto.cli.printing import say, show
from tenuto.cli.starting import make_importable
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import JsonObject


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    session: str
    at: int | None
    patches: tuple[str, ...]
    run: bool
    as_json: bool
    tools: str | None
    db: str | None


@click.command()
@session_argument()
@click.option(
    "--at",
    type=click.IntRange(1),
    metavar="V",
    help="The last version to share; `tenuto events` shows them. [default: the newest]",
)
@click.option(
    "--set",
    "patches",
    multiple=True,
    metavar="KEY=JSON",
    help="Replace a state key; again for more.",
)
@click.option("--run", is_flag=True, help="Stay with the new session, as `tenuto run` does.")
@json_option("With --run, print events as JSON lines.")
@tools_option
@db_option
def command(**options: Any) -> int:
    """Start a new session that shares the past of session ID up to version V and goes on there.

    Nothing is copied, and what completed is not done again. Prints the new session's id; without
    --run it is left to `tenuto resume`.

    \b
    tenuto fork last --at 12 --set round=0 --run
    """
    return drive(_fork(Options(**options)))


async def _fork(asked: Options) -> int:
    make_importable()
    patch = _patch(asked.patches)
    hold, sources = not asked.run, sources_in(asked.tools if asked.run else None)
    async with tenuto.open(asked.db, recover=False, hold=hold, tools=sources) as runtime:
        origin = runtime.session(await find_session(runtime, asked.session))
        before = await origin.state(asked.at)
        session = await origin.fork(at=asked.at, patch=patch)
        if not asked.run:
            show(session.id)
            say(f"Go on with it: tenuto resume {session.id}")
            return exit_codes.COMPLETED
        say(f"session {session.id}  forked from {origin.id}")
        return await attend(runtime, session, before=before, as_json=asked.as_json)


def _patch(given: tuple[str, ...]) -> JsonObject:
    patch: JsonObject = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Rejected(f"--set {text!r} is no patch; write KEY=JSON, as in --set round=0.")
        patch[name] = json_from(value, where=f"--set {name}")
    return patch
