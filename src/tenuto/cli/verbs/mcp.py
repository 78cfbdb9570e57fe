"""`tenuto mcp`: workflows as tools of the Model Context Protocol."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import db_option
from tenuto.cli.printing import say
from tenuto.cli.starting import find_workflow, with_model
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.errors import Rejected, StoreOwned

if TYPE_CHECKING:
    from tenuto.bootstrap.opening import OpenRuntime
    from tenuto.server.mcp.catalog.entries import Catalog
    from tenuto.server.mcp.face import Face
    from tenuto.server.mcp.offers import Offer
    from tenuto.server.mcp.visits import Terms


PREDECESSOR_SECONDS_MAX: Final = 15.0
"""A server whose client went away lets its work come to an end, for DRAIN_SECONDS at most. The
client may have started this one meanwhile."""
PREDECESSOR_PAUSE_S: Final = 0.1


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    workflows: tuple[str, ...]
    http: tuple[str, int] | None
    allow_host: tuple[str, ...]
    wait: float
    cancel: bool
    allow_approvals: bool
    no_ask: bool
    poll: float
    catalog: str | None
    resources: str | None
    model: str | None
    user: str
    tools: str | None
    db: str | None


def _place(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> tuple[str, int] | None:
    """Read [HOST:]PORT."""
    if given is None:
        return None
    host, _, port = given.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{given!r} is no [HOST:]PORT, as 8931 or 127.0.0.1:8931.")
    return host.strip("[]") or "127.0.0.1", int(port)


@click.command()
@click.argument("workflows", nargs=-1, required=True, metavar="WORKFLOW…")
@click.option(
    "--http",
    metavar="[HOST:]PORT",
    callback=_place,
    help="Serve streamable HTTP at /mcp there, instead of stdin and stdout. [host: 127.0.0.1]",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="A name by which clients reach the server, besides HOST. May be given again.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=50.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a call stays with its session; then it tells the session's id.",
)
@click.option("--cancel", is_flag=True, help="A cancelled call cancels its session.")
@click.option(
    "--allow-approvals", is_flag=True, help="Clients may approve and deny what waits for a person."
)
@click.option(
    "--no-ask",
    is_flag=True,
    help="Do not ask the users of clients what waits for a person, nor their models.",
)
@click.option(
    "--poll",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="With --http: end the stream of a call after so long; the client comes back for the rest. "
    "[default: never]",
)
@click.option(
    "--catalog",
    metavar="FILE",
    help="Prompts and resources to offer as well: YAML with prompts: and resources:.",
)
@click.option(
    "--resources", metavar="FOLDER", help="Offer the files below FOLDER, for reading, as well."
)
@click.option("--model", metavar="MODEL", help="The model for all agents, as provider:name.")
@click.option(
    "--user", metavar="NAME", default="", help="For whom calls are: agents remember by user."
)
@tools_option
@db_option
def command(**options: Any) -> int:
    """Offer each WORKFLOW as a tool to clients of the Model Context Protocol.

    A call starts a durable session. Without --http one client is served over stdin and stdout,
    until it closes them. Listening on other addresses than loopback needs $TENUTO_MCP_TOKEN, which
    clients send as bearer token. What earlier processes left unfinished goes on.

    \b
    tenuto mcp flow.yaml research
    tenuto mcp shop.flows:refund --http 8931
    """
    asked = Options(**options)
    return drive(_over_http(asked) if asked.http else _over_stdio(asked))


async def _over_stdio(asked: Options) -> int:
    with _needing_extra():
        from tenuto.server.mcp.client.sampling import PROVIDER, ClientModel
        from tenuto.server.mcp.face import Face
        from tenuto.server.mcp.stdio import serve_stdio, wire
    is_person = sys.stdin is not None and sys.stdin.isatty()
    with wire() as ends:
        offers, terms, tools = _offers(asked), _terms(asked), sources_in(asked.tools)
        catalog, model = _catalog(asked), ClientModel()
        async with AsyncExitStack() as stack:
            runtime = await after_a_predecessor(
                stack,
                lambda: tenuto.open(
                    asked.db, workflows=_known(offers), tools=tools, models={PROVIDER: model}
                ),
                seconds=0 if is_person else PREDECESSOR_SECONDS_MAX,
            )
            face = Face(runtime, offers, terms, catalog=catalog, model=model)
            if is_person:
                say(f"serving {', '.join(offers)} to the MCP client that started this command")
            await _until_stopped(face, serve_stdio(face.server(), ends))
    return exit_codes.COMPLETED


async def _over_http(asked: Options) -> int:
    assert asked.http is not None
    host, port = asked.http
    with _needing_extra():
        from tenuto.server.listening import address_of, listening, serve_app
        from tenuto.server.mcp import http
        from tenuto.server.mcp.client.sampling import PROVIDER, ClientModel
        from tenuto.server.mcp.face import Face
    token = os.environ.get(http.TOKEN_VARIABLE, "").strip()
    http.check_exposure(host, token=token, names=asked.allow_host)
    offers, terms, tools = _offers(asked), _terms(asked), sources_in(asked.tools)
    catalog, models = _catalog(asked), {PROVIDER: (model := ClientModel())}
    with listening(host, port) as listener:
        async with tenuto.open(
            asked.db, workflows=_known(offers), tools=tools, models=models
        ) as runtime:
            face = Face(runtime, offers, terms, catalog=catalog, model=model)
            app = http.app_of(
                face.server(),
                host=host,
                token=token,
                names=asked.allow_host,
                poll_seconds=asked.poll,
            )
            say(f"serving {', '.join(offers)} at {address_of(listener)}{http.PATH}")
            await _until_stopped(face, serve_app(app, listener))
    return exit_codes.COMPLETED


async def after_a_predecessor(
    stack: AsyncExitStack, open_runtime: Callable[[], OpenRuntime], *, seconds: float
) -> tenuto.Runtime:
    """Return a runtime that `stack` closes, as soon as nobody else owns its database.

    Raises:
        StoreOwned: somebody owned it for so many seconds. Else what opening raises.
    """
    give_up_s = time.monotonic() + seconds
    while True:
        try:
            return await stack.enter_async_context(open_runtime())
        except StoreOwned:
            if time.monotonic() >= give_up_s:
                raise
        await asyncio.sleep(PREDECESSOR_PAUSE_S)


async def _until_stopped(face: Face, serving: Awaitable[None]) -> None:
    """Serve; when this process is told to stop, let calls know that nobody cancelled them."""
    task = asyncio.ensure_future(serving)
    try:
        await asyncio.wait({task})
    finally:
        face.terms.closing = True
        task.cancel()
        await asyncio.wait({task})
    task.result()


def _offers(asked: Options) -> dict[str, Offer]:
    from tenuto.server.mcp.offers import by_tool, offer_of

    loaded = [find_workflow(target) for target in asked.workflows]
    return by_tool(
        offer_of(with_model(found.workflow, asked.model), found.description) for found in loaded
    )


def _terms(asked: Options) -> Terms:
    from tenuto.server.mcp.visits import Terms

    return Terms(
        wait_seconds=asked.wait,
        cancels=asked.cancel,
        approvals=asked.allow_approvals,
        asks=not asked.no_ask,
        poll_seconds=asked.poll,
        user=asked.user,
    )


def _catalog(asked: Options) -> Catalog:
    from tenuto.bootstrap.catalogs import load_catalog

    return load_catalog(asked.catalog, asked.resources)


def _known(offers: dict[str, Offer]) -> list[tenuto.Workflow]:
    """Return the workflows whose code sessions of earlier processes need."""
    return [
        offer.workflow for offer in offers.values() if isinstance(offer.workflow, tenuto.Workflow)
    ]


@contextmanager
def _needing_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise Rejected(f"`tenuto mcp` needs {error.name!r}: pip install 'tenuto[mcp]'.") from None
