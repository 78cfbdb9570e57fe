"""`tenuto prune`: delete sessions that ended long ago."""

from __future__ import annotations

from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import show, show_json
from tenuto.core.retention import age_ms


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    older_than: str
    tenant: str | None
    dry_run: bool
    as_json: bool
    db: str | None


@click.command()
@click.option("--older-than", required=True, metavar="AGE", help="Since they ended: 90d, 12h.")
@click.option("--tenant", metavar="NAME", help="Only sessions of this tenant.")
@click.option("--dry-run", is_flag=True, help="Count what would go at once; delete nothing.")
@json_option("Print one JSON object.")
@db_option
def command(**options: Any) -> int:
    """Delete sessions that ended long ago, with their events. They cannot be had back.

    A session stays while a fork of it is there, or the session that started it.

    \b
    tenuto prune --older-than 90d --dry-run
    tenuto prune --older-than 30d --tenant acme
    """
    return drive(_prune(Options(**options)))


async def _prune(asked: Options) -> int:
    seconds = age_ms(asked.older_than) / 1000
    # To look needs no more than to read; who deletes owns the file, or shares the schema.
    settings: dict[str, Any] = {"readonly": True} if asked.dry_run else {"hold": True}
    async with tenuto.open(asked.db, **settings) as runtime:
        done = await runtime.prune(
            older_than=seconds, tenant=asked.tenant, dry_run=asked.dry_run, actor="cli"
        )
    if asked.as_json:
        show_json({"sessions": dict(done.sessions), "dry_run": asked.dry_run}, indent=False)
        return exit_codes.COMPLETED
    would = "would be" if asked.dry_run else "were"
    show(f"{sum(done.sessions.values()):,} sessions {would} deleted.")
    if len(done.sessions) > 1:
        for tenant, count in sorted(done.sessions.items()):
            show(f"  {tenant}: {count:,}")
    return exit_codes.COMPLETED
