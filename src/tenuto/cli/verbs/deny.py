"""`tenuto deny`: no."""

import click

from tenuto.cli.driving import drive
from tenuto.cli.options import by_option, db_option, session_argument
from tenuto.cli.steering import steer
from tenuto.core.vocabulary import Json


@click.command()
@session_argument()
@click.option("--task", type=click.IntRange(1), metavar="N", help="Which task, where several wait.")
@click.option("--note", metavar="TEXT", default="", help="Why, for the record.")
@by_option
@db_option
def command(session: str, task: int | None, note: str, by: str, db: str | None) -> int:
    """Deny what waits for a person in session ID.

    An approval node completes with `approved` false. Failed work stays failed. An effect in doubt
    counts as not happened and is done again.

    \b
    tenuto deny last --note "over budget"
    """
    arguments: dict[str, Json] = {"task": task or 0, "note": note, "by": by}
    return drive(steer(session, "deny", arguments, db=db))
