"""`tenuto openapi`: the description of the API."""

import click

from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.printing import show_json
from tenuto.cli.verbs.serve import needing_extra


@click.command()
def command() -> int:
    """Print the OpenAPI description of the server's API, as JSON.

    \b
    tenuto openapi > tenuto.openapi.json
    """
    return drive(_print())


async def _print() -> int:
    with needing_extra():
        from tenuto.bootstrap.serving import api_description
    show_json(await api_description(), indent=True)
    return exit_codes.COMPLETED
