"""`tenuto pools`: which calls wait for which workers."""

from __future__ import annotations

from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import columns, faint, show, show_json
from tenuto.ports.pools import Line
from tenuto.views.moments import duration_text


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    as_json: bool
    db: str | None


@click.command()
@json_option("Print one JSON object per line.")
@db_option
def command(**options: Any) -> int:
    """List the pools of a PostgreSQL database: their limits, calls and workers.

    \b
    tenuto pools --db postgresql://localhost/shop
    """
    return drive(_list(Options(**options)))


async def _list(asked: Options) -> int:
    async with tenuto.open(asked.db, readonly=True) as runtime:
        lines = await runtime.pools.lines()
    if asked.as_json:
        for line in lines:
            show_json(line, indent=False)
        return exit_codes.COMPLETED
    if not lines:
        show("No pools are kept here. Those of a file are its process's own.")
        return exit_codes.COMPLETED
    names = ("pool", "workers", "waiting", "oldest", "running", "limits")
    for row in columns([tuple(faint(name) for name in names), *map(_row, lines)]):
        show(row)
    return exit_codes.COMPLETED


def _row(line: Line) -> tuple[str, ...]:
    oldest = duration_text(line.oldest_ms) if line.waiting else ""
    workers = f"{line.workers:,}"
    if line.waiting and not line.workers:
        workers = click.style(workers, fg="red")
    return (
        line.pool.name,
        workers,
        f"{line.waiting:,}",
        oldest,
        f"{line.running:,}",
        _limits(line.pool),
    )


def _limits(pool: tenuto.Pool) -> str:
    parts = [
        f"{pool.concurrency:,} at once" if pool.concurrency else "",
        f"{pool.worker_concurrency:,} in a process" if pool.worker_concurrency else "",
        f"{pool.rate:,} in {pool.per:g} s" if pool.rate else "",
        f"{pool.key_concurrency:,} at once by {pool.key}" if pool.key_concurrency else "",
        f"{pool.key_rate:,} in {pool.per:g} s by {pool.key}" if pool.key_rate else "",
    ]
    return ", ".join(part for part in parts if part) or "none"
