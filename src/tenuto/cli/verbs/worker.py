"""`tenuto worker`: a process that runs sessions of a database which several share."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.collecting import collecting_rarely
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option
from tenuto.cli.pools import pools_option, serves_in, serves_options
from tenuto.cli.printing import say
from tenuto.cli.starting import find_workflow, make_importable
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.errors import Rejected


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    workflows: tuple[str, ...]
    concurrency: int
    tools: str | None
    pools: str | None
    pool: tuple[str, ...]
    no_pools: bool
    only_pools: bool
    db: str | None


@click.command()
@click.argument("workflows", nargs=-1, metavar="[WORKFLOW]…")
@click.option(
    "-c",
    "--concurrency",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    help="How many calls of functions, tools and models run at once.",
)
@pools_option
@serves_options
@click.option("--only-pools", is_flag=True, help="Run no sessions, only calls of pools.")
@tools_option
@db_option
def command(**options: Any) -> int:
    """Run sessions of each WORKFLOW, whichever process started them.

    Any number of workers share a PostgreSQL database. Without a WORKFLOW it runs those that no
    other process knows, where their code can be imported. On SIGTERM and Ctrl-C it lets running
    work end, for ten seconds at most, and gives its sessions to the others.

    \b
    tenuto worker shop.flows:refund --db postgresql://localhost/shop
    tenuto worker --pool gpu --only-pools --db postgresql://localhost/shop
    """
    asked = Options(**options)
    serves = serves_in(asked.pool, no_pools=asked.no_pools)
    if asked.only_pools and not serves and (asked.no_pools or not asked.workflows):
        raise click.UsageError("--only-pools leaves nothing to do; name pools with --pool.")
    return drive(_work(asked, serves))


async def _work(asked: Options, serves: list[str] | None) -> int:
    make_importable()
    found = [find_workflow(target) for target in asked.workflows]
    opened = tenuto.open(
        asked.db,
        workflows=[one.workflow for one in found],
        concurrency=asked.concurrency,
        tools=sources_in(asked.tools),
        pools=asked.pools,
        serves=serves,
        hold=asked.only_pools,
        read_models=not asked.only_pools,
    )
    async with opened as runtime:
        number = runtime.member
        if number is None:
            raise Rejected(
                "Workers share a PostgreSQL database, and this one is one process's alone. Name "
                "another with --db postgresql://…, or run sessions with `tenuto serve`."
            )
        names = ", ".join(one.name for one in found) or "what no other process knows"
        parts = [] if asked.only_pools else [names]
        served = ", ".join(runtime.pools.served)
        parts += [f"calls of pools: {served}"] if served else []
        say(f"worker {number} runs: {'; '.join(parts)}")
        with collecting_rarely(), suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        say(f"worker {number} ends: running work may take ten seconds more")
    return exit_codes.COMPLETED
