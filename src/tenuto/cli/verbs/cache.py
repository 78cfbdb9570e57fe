"""`tenuto cache`: what the answers that are kept have saved, and throwing them out."""

from typing import Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option, json_option
from tenuto.cli.printing import columns, faint, show, show_json
from tenuto.ports.responses import Reused


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    tenant: str | None
    clear: bool
    older_than: float | None
    as_json: bool
    db: str | None


@click.command()
@click.option("--tenant", metavar="NAME", help="Only answers of this tenant.")
@click.option("--clear", is_flag=True, help="Throw the answers out.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="With --clear: only those that are older.",
)
@json_option("Print one JSON object per line.")
@db_option
def command(**options: Any) -> int:
    """Show what the cache of answers holds for each agent, and what it saved; or empty it.

    \b
    tenuto cache
    tenuto cache --clear --older-than 3600
    """
    asked = Options(**options)
    if asked.older_than is not None and not asked.clear:
        raise click.UsageError("--older-than says what --clear throws out; give both.")
    return drive(_clear(asked) if asked.clear else _show(asked))


async def _show(asked: Options) -> int:
    async with tenuto.open(asked.db, readonly=True) as runtime:
        sums = await runtime.cached(asked.tenant)
    if asked.as_json:
        for one in sums:
            show_json(one, indent=False)
        return exit_codes.COMPLETED
    if not sums:
        show("The cache of answers is empty. An agent uses it with cache: exact or semantic.")
        return exit_codes.COMPLETED
    names = ("tenant", "agent", "answers", "exact hits", "semantic hits", "saved tokens", "usd")
    for line in columns([tuple(faint(name) for name in names), *map(_row, sums)]):
        show(line)
    return exit_codes.COMPLETED


async def _clear(asked: Options) -> int:
    async with tenuto.open(asked.db, hold=True) as runtime:
        count = await runtime.forget_cached(asked.tenant, older_than=asked.older_than)
    if asked.as_json:
        show_json({"forgotten": count}, indent=False)
    else:
        show(f"{count:,} answers were thrown out.")
    return exit_codes.COMPLETED


def _row(one: Reused) -> tuple[str, ...]:
    tokens = one.input_tokens + one.output_tokens
    counts = one.answers, one.exact_hits, one.semantic_hits, tokens
    return (one.tenant, one.agent, *(f"{count:,}" for count in counts), f"{one.usd:.4f}")
