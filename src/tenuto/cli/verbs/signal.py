"""`tenuto signal`: a word from outside."""

import click

from tenuto.cli.driving import drive
from tenuto.cli.inputs import data_from
from tenuto.cli.options import by_option, db_option, session_argument
from tenuto.cli.steering import steer


@click.command()
@session_argument()
@click.argument("name")
@click.option("-d", "--data", metavar="JSON", help="What it carries: JSON, or @FILE with JSON.")
@click.option(
    "--key",
    default="",
    help="Names this signal: sent again with the same key, it is not taken twice.",
)
@by_option
@db_option
def command(session: str, name: str, data: str | None, db: str | None, **more: str) -> int:
    """Send signal NAME to session ID; a node that waits for it takes it now or later.

    \b
    tenuto signal last reply -d '{"text": "yes, please"}'
    """
    arguments = {**more, "name": name, "data": data_from(data)}
    return drive(steer(session, "signal", arguments, db=db))
