"""`tenuto sessions`: what there is."""

import time
from typing import Any, get_args

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import columns, faint, say, show, show_json, status_text
from tenuto.core.lifecycle import Status, WaitsFor
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.views.excerpts import excerpt
from tenuto.views.moments import duration_text, moment_text


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    status: tuple[Status, ...]
    waits_for: tuple[WaitsFor, ...]
    workflow: str | None
    parent: str | None
    limit: int
    as_json: bool
    db: str | None


@click.command()
@click.option(
    "--status",
    multiple=True,
    type=click.Choice(get_args(Status)),
    help="Only these; may be given again.",
)
@click.option(
    "--waits-for",
    multiple=True,
    type=click.Choice(get_args(WaitsFor)),
    help="Only those of which some work waits for this, whatever the status; may be given again.",
)
@click.option("--workflow", metavar="NAME", help="Only sessions of this workflow.")
@click.option("--parent", metavar="ID", help="Only sessions that this one started.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    help="At most so many.",
)
@json_option("Print one JSON object per line.")
@db_option
def command(**options: Any) -> int:
    """List sessions, newest first.

    \b
    tenuto sessions --status waiting
    tenuto sessions --workflow research -n 5 --json
    """
    return drive(_list(Options(**options)))


async def _list(asked: Options) -> int:
    query = HeadQuery(
        statuses=asked.status,
        waits_for=asked.waits_for,
        workflow=asked.workflow,
        parent=SessionId(asked.parent) if asked.parent else None,
        limit=asked.limit,
    )
    async with tenuto.open(asked.db, readonly=True) as runtime:
        heads = await runtime.sessions(query)
    if asked.as_json:
        for head in heads:
            show_json(head_json(head), indent=False)
        return exit_codes.COMPLETED
    if not heads:
        say("no session" + (" like that" if asked.status or asked.workflow else " yet"))
        return exit_codes.COMPLETED
    now_ms = time.time_ns() // 1_000_000
    names = ("SESSION", "WORKFLOW", "STATUS", "EVENTS", "STARTED", "")
    rows = [tuple(faint(name) for name in names)] + [_row(head, now_ms) for head in heads]
    for line in columns(rows):
        show(line)
    if len(heads) == asked.limit:
        say(f"the newest {asked.limit:,}; -n shows more")
    return exit_codes.COMPLETED


def _row(head: Head, now_ms: int) -> tuple[str, ...]:
    return (
        head.session,
        f"{head.workflow} {head.workflow_version}",
        status_text(head.status),
        f"{head.version:,}",
        f"{duration_text(now_ms - head.started_ms)} ago",
        excerpt(head.waiting_for, 60),
    )


def head_json(head: Head) -> dict[str, object]:
    """Return a head for programs: moments as RFC 3339."""
    told: dict[str, object] = msgspec.to_builtins(head)
    for name in ("started", "updated", "wake"):
        at_ms = told.pop(f"{name}_ms")
        told[name] = moment_text(at_ms) if isinstance(at_ms, int) else None
    return told
