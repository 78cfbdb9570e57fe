"""`tenuto cancel`: give it up."""

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
    """Cancel session ID, and the sessions that it started. It cannot be resumed, but forked.

    \b
    tenuto cancel last --reason "asked the wrong question"
    """
    return drive(steer(session, "cancel", {"reason": reason, "by": by}, db=db))
