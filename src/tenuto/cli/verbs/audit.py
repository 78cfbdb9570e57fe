"""`tenuto audit`: who did what, and whether anything was changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from time import monotonic, time
from typing import Any, Final

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.core.audit.entries import Entry
from tenuto.core.session.moments import duration_ms
from tenuto.ports.ledger import EntryQuery
from tenuto.views.excerpts import excerpt
from tenuto.views.moments import moment_text

TELL_S: Final = 5.0
"""How long nothing is said while everything is looked at."""


class Moment(click.ParamType[int | None]):
    """A moment, in ms since 1970: written out, or how long ago."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        if not isinstance(value, str):
            return None if value is None else int(value)
        ago_ms = duration_ms(value)
        if ago_ms is not None:
            return round(time() * 1000) - ago_ms
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no moment; write 2026-01-31, 2026-01-31T09:00Z or how long ago, "
                "as 24h.",
                param,
                ctx,
            )
        whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(whole.timestamp() * 1000)


class Listing(msgspec.Struct, kw_only=True):
    """Which entries were asked for."""

    tenant: str | None
    actor: str
    action: tuple[str, ...]
    kind: str
    target: str
    since: int | None
    until: int | None
    after: int | None
    before: int | None
    limit: int
    as_json: bool
    db: str | None

    def query(self) -> EntryQuery:
        """Return what was asked for, as the ledger takes it."""
        return EntryQuery(
            tenant=self.tenant,
            actor=self.actor,
            actions=self.action,
            kind=self.kind,
            target=self.target,
            since_ms=self.since,
            until_ms=self.until,
            after=self.after,
            before=self.before,
        )


@click.group(no_args_is_help=True)
def command() -> None:
    """Look at the ledger of actions, and verify that it and the log are as they were written.

    \b
    tenuto audit list --actor user:ann --since 24h
    tenuto audit verify --anchor /mnt/elsewhere/tenuto.db.checkpoints
    """


@command.command("list")
@click.option("--tenant", metavar="NAME", help="Only of this organisation.")
@click.option("--actor", metavar="WHO", default="", help="Only of this actor, as user:ann.")
@click.option("--action", metavar="NAME", multiple=True, help="Only this action; may be repeated.")
@click.option("--kind", metavar="KIND", default="", help="Only what was done to this kind.")
@click.option("--target", metavar="ID", default="", help="Only what was done to this one.")
@click.option("--since", type=Moment(), metavar="TIME", help="Only from then on: a date, or 24h.")
@click.option("--until", type=Moment(), metavar="TIME", help="Only before then.")
@click.option("--after", type=int, metavar="N", help="Only larger numbers, oldest first.")
@click.option("--before", type=int, metavar="N", help="Only smaller numbers, newest first.")
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="So many."
)
@json_option("Print one JSON object per line.")
@db_option
def list_entries(**options: Any) -> int:
    """List what was done, newest first."""
    return drive(_list(Listing(**options)))


@command.command()
@click.option(
    "--anchor", metavar="FILE", help="Where checkpoints are noted. [default: DB.checkpoints]"
)
@click.option("--quick", is_flag=True, help="Do not fold each session anew from its events.")
@json_option("Print one JSON object.")
@db_option
def verify(anchor: str | None, quick: bool, as_json: bool, db: str | None) -> int:
    """Say whether anything was changed; exit code 1 when something was.

    Looks at each entry, each record, each commit of events and each session. Set
    $TENUTO_AUDIT_KEY to have the marks of checkpoints checked as well.
    """
    return drive(_verify(db, anchor or "", quick=quick, as_json=as_json))


@command.command()
@click.option("--anchor", metavar="FILE", help="Where it is noted. [default: DB.checkpoints]")
@json_option("Print it as JSON, to be kept elsewhere.")
@db_option
def checkpoint(anchor: str | None, as_json: bool, db: str | None) -> int:
    """Take a checkpoint of all that came since the last one."""
    return drive(_checkpoint(db, anchor or "", as_json=as_json))


@command.command()
@click.argument("number", type=int)
@db_option
def prove(number: int, db: str | None) -> int:
    """Print, as JSON, what shows to others that entry NUMBER is covered by a checkpoint."""
    return drive(_prove(db, number))


async def _list(asked: Listing) -> int:
    rows, counter = [], count(1)
    async with tenuto.open_audit(asked.db) as trail:
        async for entry in trail.entries(asked.query()):
            if asked.as_json:
                show_json(_json(entry), indent=False)
            else:
                rows.append(_row(entry))
            if next(counter) == asked.limit:
                break
    if asked.as_json:
        return exit_codes.COMPLETED
    if not rows:
        say("the ledger has no such entry")
        return exit_codes.COMPLETED
    names = ("NUMBER", "AT", "TENANT", "WHO", "ACTION", "ON", "")
    for line in columns([tuple(faint(name) for name in names), *rows]):
        show(line)
    if len(rows) == asked.limit:
        say(f"{asked.limit} of them; -n shows more")
    return exit_codes.COMPLETED


class Patience:
    """Says how far an audit is, to who waits for it."""

    def __init__(self) -> None:
        self._next_s = monotonic() + TELL_S

    def told(self, part: str, count: int, total: int) -> None:
        """Say it, unless it was said a moment ago."""
        if monotonic() < self._next_s:
            return
        self._next_s = monotonic() + TELL_S
        say(f"looked at {count:,}{f' of {total:,}' if total else ''} {part} …")


async def _verify(db: str | None, anchor: str, *, quick: bool, as_json: bool) -> int:
    async with tenuto.open_audit(db, anchor=anchor) as trail:
        found = await trail.verify(sessions=not quick, told=Patience().told)
    code = exit_codes.FAILED if found.faults else exit_codes.COMPLETED
    if as_json:
        show_json(found)
        return code
    for fault in found.faults:
        number = str(fault.number) if fault.number else ""
        show(f"{click.style('wrong', fg='red')}  {fault.part} {number}".rstrip())
        show(f"       {fault.message}")
    for note in found.notes:
        say(f"note: {note}")
    say(
        f"looked at {found.entries:,} entries, {found.records:,} records, "
        f"{found.commits:,} commits of events, {found.sessions:,} sessions, "
        f"{found.checkpoints:,} checkpoints ({found.marks:,} marks), {found.anchors:,} anchors"
    )
    if found.open_entries or found.open_commits:
        say(
            f"no checkpoint covers the last {found.open_entries:,} entries and "
            f"{found.open_commits:,} commits yet"
        )
    if not found.faults:
        show(f"{click.style('ok', fg='green')}  {found.digest}")
    return code


async def _checkpoint(db: str | None, anchor: str, *, as_json: bool) -> int:
    async with tenuto.open_audit(db, anchor=anchor) as trail:
        entry = await trail.checkpoint()
    if entry is None:
        say("nothing came since the last checkpoint")
    elif as_json:
        show_json(_json(entry), indent=False)
    else:
        show(f"{entry.number}  {entry.digest}")
    return exit_codes.COMPLETED


async def _prove(db: str | None, number: int) -> int:
    async with tenuto.open_audit(db) as trail:
        show_json(await trail.prove(number))
    return exit_codes.COMPLETED


def _row(entry: Entry) -> tuple[str, ...]:
    what = f"{entry.kind} {entry.target}".strip()
    detail = msgspec.json.encode(entry.detail).decode() if entry.detail else ""
    return (
        str(entry.number),
        moment_text(entry.at_ms),
        entry.tenant,
        entry.actor,
        entry.action,
        excerpt(what, 40),
        excerpt(detail, 60),
    )


def _json(entry: Entry) -> dict[str, Any]:
    """Return an entry for programs: its moment as RFC 3339."""
    told: dict[str, Any] = msgspec.to_builtins(entry)
    at_ms = told.pop("at_ms")
    return {"number": told.pop("number"), "at": moment_text(at_ms), **told}
