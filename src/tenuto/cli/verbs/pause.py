"""`tenuto pause`: hold it."""

import click

from tenuto.cli.driving import drive
from tenuto.cli.options import by_option, db_option, session_argument
from tenuto.cli.steering import steer


@click.command()
@session_argument()
@click.option("--reason", metavar="TEXT", default="", help="Why, for the record.")
@by_option
@db_option
def command(session: str, reason: str, by: str, db: str | None) -> int:
    """Pause session ID: nothing new is started, what runs may finish.

    \b
    tenuto pause last --reason "waiting for the new price list"
    """
    return drive(steer(session, "pause", {"reason": reason, "by": by}, db=db))
