"""`tenuto signal`: a word from outside."""

from typing import Any

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
def command(session: str, db: str | None, **asked: Any) -> int:
    """Send signal NAME to session ID; a node that waits for it takes it now or later.

    \b
    tenuto signal last reply -d '{"text": "yes, please"}'
    """
    return drive(_signal(session, asked, db))


async def _signal(session: str, asked: dict[str, Any], db: str | None) -> int:
    return await steer(session, "signal", {**asked, "data": data_from(asked["data"])}, db=db)
