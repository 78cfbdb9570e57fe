"""`tenuto replay`: do today's rules decide what was recorded?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.finding import find_session
from tenuto.cli.options import db_option, json_option, session_argument
from tenuto.cli.printing import show, show_json
from tenuto.core.session.events import SessionEvent
from tenuto.core.vocabulary import Json, SessionId
from tenuto.views.event_json import event_json

if TYPE_CHECKING:
    from tenuto.runtime.replaying import ReplayReport


@click.command()
@session_argument()
@json_option("Print the report as JSON.")
@db_option
def command(session: str, as_json: bool, db: str | None) -> int:
    """Decide the log of session ID anew from its inputs and report the first difference.

    Nothing is run and nothing is written. Exit code 1 when the rules decide otherwise.

    \b
    tenuto replay last
    """
    return drive(_replay(session, as_json=as_json, db=db))


async def _replay(text: str, *, as_json: bool, db: str | None) -> int:
    async with tenuto.open(db, readonly=True) as runtime:
        session = runtime.session(await find_session(runtime, text))
        report = await session.replay()
    tell_report(session.id, report, as_json=as_json)
    return exit_codes.COMPLETED if report.divergence is None else exit_codes.FAILED


def tell_report(session: SessionId, report: ReplayReport, *, as_json: bool) -> None:
    """Print what a replay found."""
    found = report.divergence
    if as_json:
        divergence = found and {
            "version": found.version,
            "recorded": _event(found.recorded, found.version),
            "decided": _event(found.decided, found.version),
            "reason": found.reason,
        }
        show_json({"session": session, "events": report.events, "divergence": divergence})
    elif found is None:
        show(f"{session}: all {report.events:,} events are decided again as they were")
    else:
        reason = f" ({found.reason})" if found.reason else ""
        show(f"{session}: diverges at version {found.version}{reason}")
        show(f"  recorded: {_text(found.recorded, found.version)}")
        show(f"  decided:  {_text(found.decided, found.version)}")


def _event(event: SessionEvent | None, version: int) -> Json:
    return None if event is None else event_json(event, version=version, position=0)


def _text(event: SessionEvent | None, version: int) -> str:
    if event is None:
        return "nothing"
    told = event_json(event, version=version, position=0)
    fields = {name: part for name, part in told.items() if name not in ("version", "position")}
    return msgspec.json.encode(fields).decode()
