"""`tenuto approve`: yes."""

from typing import Any

import click

from tenuto.cli.driving import drive
from tenuto.cli.inputs import data_from
from tenuto.cli.options import by_option, db_option, session_argument
from tenuto.cli.steering import steer


@click.command()
@session_argument()
@click.option("--task", type=click.IntRange(1), metavar="N", help="Which task, where several wait.")
@click.option("--note", metavar="TEXT", default="", help="Why, for the record.")
@click.option(
    "-d", "--data", metavar="JSON", help="Goes into the approval's output: JSON, or @FILE."
)
@by_option
@db_option
def command(session: str, **options: Any) -> int:
    """Approve what waits for a person in session ID.

    An approval node completes. Failed work is tried again. An effect in doubt counts as happened,
    with the data as its output.

    \b
    tenuto approve last --note "checked with accounting"
    tenuto approve last --task 7 -d '{"limit": 500}'
    """
    return drive(_approve(session, **options))


async def _approve(
    session: str, *, task: int | None, note: str, data: str | None, **who: Any
) -> int:
    arguments = {"task": task or 0, "note": note, "data": data_from(data), "by": who["by"]}
    return await steer(session, "approve", arguments, db=who["db"])
