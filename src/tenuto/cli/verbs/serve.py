"""`tenuto serve`: the API of one database, on one port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tenuto.cli import exit_codes
from tenuto.cli.collecting import collecting_rarely
from tenuto.cli.driving import drive
from tenuto.cli.fencing import FenceOptions, fence_options, fences_in, fencing_of
from tenuto.cli.options import db_option
from tenuto.cli.pools import pools_option, serves_in, serves_options
from tenuto.cli.printing import say, show
from tenuto.cli.starting import find_workflow
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.errors import Rejected
from tenuto.core.retention import read_retention

if TYPE_CHECKING:
    from tenuto.server.service import Service


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    workflows: tuple[str, ...]
    host: str
    port: int
    dev: bool
    allow_code: tuple[str, ...]
    allow_folder: tuple[str, ...]
    tools: str | None
    pools: str | None
    pool: tuple[str, ...]
    no_pools: bool
    oidc: str | None
    keep: tuple[str, ...]
    db: str | None


@click.command()
@click.argument("workflows", nargs=-1, metavar="[WORKFLOW]…")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "-p", "--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="0: any."
)
@click.option("--dev", is_flag=True, help="Nobody has to log in; on loopback only.")
@click.option(
    "--allow-code",
    multiple=True,
    metavar="MODULE",
    help="Workflows from outside may name functions and tools of this module. Repeatable.",
)
@click.option(
    "--allow-folder",
    multiple=True,
    metavar="DIR",
    help="Sessions may name files below DIR in their inputs. Repeatable; with --dev: all.",
)
@click.option(
    "--oidc",
    metavar="FILE",
    envvar="TENUTO_OIDC",
    help='Providers of OpenID Connect to log in at: {"providers": [{…}]}. [default: $TENUTO_OIDC]',
)
@click.option(
    "--keep",
    multiple=True,
    metavar="[ORGANISATION=]AGE",
    help="Delete sessions that ended longer ago: 90d, acme=30d, acme=forever. Repeatable; by"
    " default nothing is deleted.",
)
@fence_options
@pools_option
@serves_options
@tools_option
@db_option
def command(**options: Any) -> int:
    """Serve the API, with each WORKFLOW for all organisations to start.

    What earlier processes left unfinished goes on.

    \b
    tenuto serve --dev research
    tenuto serve shop.flows:refund --port 8080
    """
    fences = fences_in(options)
    return drive(_serve(Options(**options), fences))


async def _serve(asked: Options, fences: FenceOptions) -> int:
    with needing_extra():
        from tenuto.bootstrap.accounts import read_providers
        from tenuto.bootstrap.serving import open_service
        from tenuto.server.app import create_app
        from tenuto.server.listening import address_of, is_loopback, listening, serve_app
    if asked.dev and not is_loopback(asked.host):
        raise Rejected(
            f"--dev lets everybody in, and {asked.host!r} can be reached by other machines. "
            "Leave out --dev, or listen on 127.0.0.1."
        )
    retention = read_retention(asked.keep)
    offered = [find_workflow(target) for target in asked.workflows]
    with listening(asked.host, asked.port) as listener, within_folders(asked):
        opened = open_service(
            asked.db,
            offered,
            login=not asked.dev,
            providers=read_providers(asked.oidc),
            fencing=fencing_of(fences, host=asked.host, dev=asked.dev),
            tools=sources_in(asked.tools),
            pools=asked.pools,
            serves=serves_in(asked.pool, no_pools=asked.no_pools),
            allow_code=asked.allow_code,
            retention=retention,
            stream=True,
        )
        async with opened as service:
            if not asked.dev:
                await _found(service)
            address = address_of(listener)
            say(f"serving at {address}/api/v1")
            if asked.dev:
                say("nobody has to log in (--dev): everybody on this machine is an admin")
            say(f"the web UI is at {address}/")
            app = create_app(service)
            with collecting_rarely():
                await serve_app(app, listener, api=True, stopping=service.hub.stop)
    return exit_codes.COMPLETED


async def _found(service: Service) -> None:
    """At the first start, make an admin, and print the key: there is no other way in yet."""
    founded = await service.accounts.organisations.found_home()
    if founded is not None:
        say("first start: the organisation 'local' has an admin. Keep this key; it is shown once:")
        show(founded.key_text)


@contextmanager
def within_folders(asked: Options) -> Iterator[None]:
    """Bound the folders that inputs of sessions may name, unless everybody is on this machine."""
    from tenuto.bootstrap.folders import FOLDERS

    before = os.environ.get(FOLDERS)
    if asked.allow_folder or not asked.dev:
        listed = [*([before] if before else []), *asked.allow_folder]
        os.environ[FOLDERS] = os.pathsep.join(listed)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(FOLDERS, None)
        else:
            os.environ[FOLDERS] = before


@contextmanager
def needing_extra() -> Iterator[None]:
    """Tell which extra to install when a part of the server is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Rejected(
            f"`tenuto serve` needs {error.name!r}: pip install 'tenuto[server]'."
        ) from None
