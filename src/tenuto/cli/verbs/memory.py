"""`tenuto memory`: what agents remember."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, get_args
from uuid import uuid4

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.cli.progress.outline import counted
from tenuto.core.memory.items import MemoryItem, MemoryKind
from tenuto.core.memory.procedures import rate
from tenuto.ports.memory import MemoryStatistics
from tenuto.views.excerpts import excerpt
from tenuto.views.moments import moment_text

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Which(msgspec.Struct, kw_only=True):
    """Whose memory was asked about, and which part of it."""

    tenant: str
    db: str | None
    agent: str | None = None
    user: str | None = None
    kind: str | None = None
    key: str | None = None

    def filters(self) -> dict[str, Any]:
        """Return what was given, as `Memories` takes it."""
        found = {"agent": self.agent, "user": self.user, "kind": self.kind, "key": self.key}
        return {name: value for name, value in found.items() if value is not None}


def _which(function: Decorated) -> Decorated:
    for option in (
        click.option("--key", metavar="KEY", help="Only what is remembered under this key."),
        click.option("--kind", type=click.Choice(get_args(MemoryKind)), help="Only this kind."),
        click.option("--user", metavar="NAME", help="Only of this user; '' for all users' own."),
        click.option("--agent", metavar="NAME", help="Only of this agent; '' for all agents' own."),
    ):
        function = option(function)
    return _place(function)


def _place(function: Decorated) -> Decorated:
    tenant = click.option("--tenant", metavar="NAME", default="local", help="Whose agents.")
    return db_option(tenant(function))


@click.group(no_args_is_help=True)
def command() -> None:
    """Look after what agents remember from session to session.

    \b
    tenuto memory list --user ada
    tenuto memory search "how long reports are" --agent writer --user ada
    tenuto memory forget --user ada
    """


@command.command("list")
@_which
@click.option("--past", is_flag=True, help="What was superseded or has expired, too.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="So many."
)
@json_option("Print one JSON object per line.")
def list_items(past: bool, limit: int, as_json: bool, **which: Any) -> int:
    """List what is remembered, newest first."""
    return drive(_list(Which(**which), past=past, limit=limit, as_json=as_json))


@command.command()
@click.argument("text")
@_place
@click.option("--agent", metavar="NAME", default="", help="What this agent would recall.")
@click.option("--user", metavar="NAME", default="", help="For this user.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 50), default=10, show_default=True, help="So many."
)
@json_option("Print one JSON object per line, with its score.")
def search(text: str, agent: str, user: str, limit: int, as_json: bool, **place: Any) -> int:
    """Show what an agent would recall for TEXT, best first."""
    which = Which(agent=agent, user=user, **place)
    return drive(_search(which, text, limit=limit, as_json=as_json))


@command.command("show")
@click.argument("item", metavar="ID")
@_place
def show_item(item: str, **place: Any) -> int:
    """Show one memory: what it says, where it came from, how often it was recalled."""
    return drive(_show(Which(**place), item))


@command.command()
@click.argument("items", metavar="[ID]…", nargs=-1)
@_which
@click.option("-y", "--yes", is_flag=True, help="Do not ask first.")
def forget(items: tuple[str, ...], yes: bool, **which: Any) -> int:
    """Delete memories: those named, or all that the options mean.

    They cannot be had back. What the log of a session holds stays there.
    """
    return drive(_forget(Which(**which), items, yes=yes))


@command.command()
@click.argument("text")
@_place
@click.option("--agent", metavar="NAME", default="", help="For this agent; for all by default.")
@click.option("--user", metavar="NAME", default="", help="Of this user; of all by default.")
@click.option("--key", metavar="KEY", default="", help="Replaces what this key has held.")
@click.option("--id", "item", metavar="ID", help="A name for it; a new one by default.")
def remember(text: str, item: str | None, **which: Any) -> int:
    """Have agents remember TEXT, and print its id."""
    return drive(_remember(Which(**which), text, item))


@command.command()
@_which
@json_option("Print JSON.")
def stats(as_json: bool, **which: Any) -> int:
    """Say how much is remembered."""
    return drive(_stats(Which(**which), as_json=as_json))


@command.command()
@_which
@click.option(
    "--items",
    type=click.IntRange(0),
    default=1_000,
    show_default=True,
    help="How many an agent may hold of a user; 0: any number.",
)
@click.option(
    "--sum-up",
    type=click.IntRange(0),
    default=500,
    show_default=True,
    help="Above so many of a kind the oldest are summed up; 0: never.",
)
def consolidate(items: int, sum_up: int, **which: Any) -> int:
    """Merge duplicates, let go of what newer facts deny, of junk, and of what has expired, and sum
    up the oldest where there are many. No model is asked: sentences are chosen."""
    return drive(_consolidate(Which(**which), items=items, sum_up=sum_up))


@command.command()
@_which
def export(**which: Any) -> int:
    """Print all that is remembered, past and present, as one JSON object per line."""
    return drive(_export(Which(**which)))


@asynccontextmanager
async def _opened(which: Which) -> AsyncIterator[tenuto.Memories]:
    async with tenuto.open_memory(which.db, tenant=which.tenant) as memories:
        yield memories


async def _list(which: Which, *, past: bool, limit: int, as_json: bool) -> int:
    async with _opened(which) as memories:
        items = await memories.list(past=past, limit=limit, **which.filters())
    if as_json:
        for item in items:
            show_json(_json(item), indent=False)
    elif not items:
        say("nothing is remembered" + (" like that" if which.filters() else " yet"))
    else:
        names = ("ID", "WHOSE", "KIND", "KEY", "")
        rows = [tuple(faint(name) for name in names), *map(_row, items)]
        for line in columns(rows):
            show(line)
        if len(items) == limit:
            say(f"the newest {limit}; -n shows more")
    return exit_codes.COMPLETED


async def _search(which: Which, text: str, *, limit: int, as_json: bool) -> int:
    async with _opened(which) as memories:
        found = await memories.search(
            text, agent=which.agent or "", user=which.user or "", limit=limit
        )
    if as_json:
        for one in found:
            show_json({"score": one.score, **_json(one.item)}, indent=False)
    elif not found:
        say("nothing would be recalled")
    else:
        for line in columns([(f"{one.score:.2f}", *_row(one.item)) for one in found]):
            show(line)
    return exit_codes.COMPLETED


async def _show(which: Which, item_id: str) -> int:
    async with _opened(which) as memories:
        item = await memories.get(item_id)
        sources = await memories.sources(item)
    show(item.text)
    facts = [
        ("id", item.id),
        ("whose", _whose(item)),
        ("kind", item.kind),
        ("key", item.key),
        ("importance", f"{item.importance:g}"),
        ("labels", ", ".join(item.labels)),
        ("remembered", moment_text(item.created_ms)),
        ("expires", moment_text(item.expires_ms) if item.expires_ms else ""),
        ("superseded by", item.superseded_by),
        ("recalled", counted(item.accesses, "time")),
        ("tried", rate(item) if item.tries else ""),
        ("data", msgspec.json.encode(item.data).decode() if item.data is not None else ""),
    ]
    if item.source is not None:
        facts.append(("from", f"task {item.source.task} of session {item.source.session}"))
    show()
    for line in columns([(faint(name), value) for name, value in facts if value]):
        show(line)
    if item.sums_up:
        there = {one.id: one for one in sources}
        show()
        show(faint("sums up"))
        for line in columns([_source_row(id, there.get(id)) for id in item.sums_up]):
            show(line)
    if item.source is not None:
        say(f"how it came: tenuto show {item.source.session}")
    return exit_codes.COMPLETED


async def _forget(which: Which, items: tuple[str, ...], *, yes: bool) -> int:
    async with _opened(which) as memories:
        if not yes and not items:
            found = await memories.statistics(**which.filters())
            if not which.filters():
                await memories.forget()
            if not found.items:
                say("nothing is remembered like that")
                return exit_codes.COMPLETED
            click.confirm(f"Forget {found.items:,} memories for good?", abort=True, err=True)
        count = await memories.forget(*items, **which.filters())
    say(f"forgotten: {count:,}")
    missing = bool(items) and count < len(items)
    return exit_codes.NOT_FOUND if missing else exit_codes.COMPLETED


async def _remember(which: Which, text: str, item_id: str | None) -> int:
    async with _opened(which) as memories:
        found = await memories.remember(text, id=item_id or f"mem_{uuid4().hex}", **which.filters())
    show(found.id)
    return exit_codes.COMPLETED


async def _stats(which: Which, *, as_json: bool) -> int:
    async with _opened(which) as memories:
        found = await memories.statistics(**which.filters())
    if as_json:
        show_json(found)
        return exit_codes.COMPLETED
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.by_kind.items())
    rows = [
        ("items", f"{found.items:,}" + (f" ({kinds})" if kinds else "")),
        ("superseded", f"{found.superseded:,}"),
        ("summed up", _summed_up(found)),
        ("characters", f"{found.characters:,}"),
        ("recalled", counted(found.accesses, "time")),
    ]
    if found.items:
        rows.append(("from", moment_text(found.oldest_ms)))
        rows.append(("to", moment_text(found.newest_ms)))
    for line in columns([(faint(name), value) for name, value in rows]):
        show(line)
    return exit_codes.COMPLETED


def _summed_up(found: MemoryStatistics) -> str:
    return f"{found.summed_up:,} in {found.summaries:,}" if found.summaries else "0"


async def _consolidate(which: Which, *, items: int, sum_up: int) -> int:
    async with _opened(which) as memories:
        done = await memories.consolidate(items=items, sum_up=sum_up, **which.filters())
    told = f"looked at {done.looked_at:,}: superseded {done.superseded:,}, merged {done.merged:,}, "
    told += f"dropped {done.dropped:,}, summed up {done.summed_up:,}"
    if done.summaries:
        told += f" in {done.summaries:,}"
    if done.taken_apart:
        told += f"; summaries taken apart {done.taken_apart:,}"
    say(told)
    return exit_codes.COMPLETED


async def _export(which: Which) -> int:
    async with _opened(which) as memories:
        async for item in memories.everything(**which.filters()):
            show_json(_json(item), indent=False)
    return exit_codes.COMPLETED


def _row(item: MemoryItem) -> tuple[str, ...]:
    return (item.id, _whose(item), item.kind, excerpt(item.key, 24), excerpt(item.text, 60))


def _source_row(id: str, item: MemoryItem | None) -> tuple[str, ...]:
    if item is None:
        return (id, "", faint("let go; only the summary tells of it"), "")
    source = item.source
    came = f"task {source.task} of session {source.session}" if source is not None else ""
    return (id, moment_text(item.created_ms), excerpt(item.text, 60), came)


def _whose(item: MemoryItem) -> str:
    scope = item.scope
    return f"{scope.agent or 'all agents'} for {scope.user or 'all users'}"


def _json(item: MemoryItem) -> dict[str, Any]:
    """Return an item for programs: moments as RFC 3339."""
    told: dict[str, Any] = msgspec.to_builtins(item)
    for name in ("created", "expires", "accessed"):
        at_ms = told.pop(f"{name}_ms")
        told[name] = moment_text(at_ms) if at_ms else None
    return told
