"""`tenuto trace`: a session for the tools that show traces."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TextIO

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.finding import find_session
from tenuto.cli.options import db_option, session_argument
from tenuto.cli.printing import say
from tenuto.core.errors import Rejected
from tenuto.views.otlp import Span, span_json, trace_json
from tenuto.views.trace import Trace


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    session: str
    output: str | None
    db: str | None


@click.command()
@session_argument()
@click.option("-o", "--output", metavar="FILE", help="Write there instead of to stdout.")
@db_option
def command(**options: Any) -> int:
    """Export session ID as an OpenTelemetry trace in OTLP/JSON.

    Spans: the session, its tasks, attempts, turns of models and calls of tools, with the attribute
    names that OpenTelemetry has for generative AI. Any OTLP/HTTP receiver takes the file:

    \b
    tenuto trace last -o trace.json
    curl -H 'Content-Type: application/json' -d @trace.json http://localhost:4318/v1/traces
    """
    return drive(_export(Options(**options)))


async def _export(asked: Options) -> int:
    async with tenuto.open(asked.db, readonly=True) as runtime:
        session = runtime.session(await find_session(runtime, asked.session))
        if asked.output is None:
            await _write(session, sys.stdout)
            return exit_codes.COMPLETED
        with _opened(asked.output) as file:
            count = await _write(session, file)
        say(f"{count:,} spans of {session.id} are in {asked.output}")
        return exit_codes.COMPLETED


def _opened(path: str) -> TextIO:
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise Rejected(f"{path!r} cannot be written: {error.strerror}.") from None


async def _write(session: tenuto.Session, file: TextIO) -> int:
    """Return how many spans were written. They are written as they end: a log may be long."""
    empty = msgspec.json.encode(trace_json((), version=tenuto.__version__)).decode()
    begin, _, end = empty.partition('"spans":[]')
    file.write(begin + '"spans":[')
    count = 0
    async for span in _spans(session):
        file.write(",\n" if count else "\n")
        file.write(msgspec.json.encode(span_json(span)).decode())
        count += 1
    file.write("\n]" + end + "\n")
    return count


async def _spans(session: tenuto.Session) -> AsyncIterator[Span]:
    trace = Trace(session.id, await session.definition())
    async for stored in session.events(follow=False):
        for span in trace.add(stored.event):
            yield span
    for span in trace.close():
        yield span
