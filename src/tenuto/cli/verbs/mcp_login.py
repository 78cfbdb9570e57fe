"""`tenuto mcp-login`: a person signs in to an MCP server, for the sessions that use it."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import json_option
from tenuto.cli.printing import columns, faint, say, show, show_json
from tenuto.cli.tool_sources import sources_in, tools_option
from tenuto.core.errors import NotFound, Rejected, WorkFailed

if TYPE_CHECKING:
    from tenuto.bootstrap.mcp_servers import McpAuth
    from tenuto.ports.tool import ToolSource


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    server: str
    tools: str | None
    client_id: str
    secret_variable: str
    issuer: str
    metadata_url: str
    scope: str
    port: int
    no_browser: bool
    list_all: bool
    forget: bool
    as_json: bool


@click.command()
@click.argument("server", required=False, default="", metavar="[SERVER]")
@tools_option
@click.option("--client-id", metavar="ID", default="", help="Of a client that is registered there.")
@click.option(
    "--secret-variable",
    metavar="NAME",
    default="",
    help="The environment variable that holds the client's secret, if it has one.",
)
@click.option("--issuer", metavar="URL", default="", help="Of the client's authorization server.")
@click.option(
    "--metadata-url", metavar="URL", default="", help="Of a document that describes the client."
)
@click.option("--scope", metavar="TEXT", default="", help="Ask for this besides.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="PORT",
    help="Where the browser comes back, on this machine. [default: a free one]",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--list", "list_all", is_flag=True, help="List the servers that are signed in to.")
@click.option("--forget", is_flag=True, help="Forget what was granted at SERVER.")
@json_option("Print one JSON object per line.")
def command(**options: Any) -> int:
    """Sign in to an MCP server, in a browser, so that sessions can use it.

    SERVER is its address, or its name in the file of --tools. What is granted is kept in a file of
    your own, and renewed without you for as long as the server lets it.

    \b
    tenuto mcp-login https://mcp.example.org/v1
    tenuto mcp-login https://mcp.example.org/v1 --forget
    """
    asked = Options(**options)
    if asked.list_all:
        return _list(asked)
    if not asked.server:
        raise click.UsageError("Name a server, by its address or its name in the file of --tools.")
    return drive(_forget(asked) if asked.forget else _login(asked))


async def _login(asked: Options) -> int:
    from tenuto.bootstrap.mcp_logins import login

    async def bring(url: str) -> None:
        say(f"To sign in, open {url}")
        if not asked.no_browser and _has_screen():
            await asyncio.to_thread(webbrowser.open, url)

    try:
        granted = await login(_server(asked), bring, port=asked.port, scope=asked.scope)
    except WorkFailed as error:
        say(str(error))
        return exit_codes.FAILED
    if asked.as_json:
        show_json(granted, indent=False)
        return exit_codes.COMPLETED
    scope = f", for {granted.scope}" if granted.scope else ""
    show(f"Signed in to {granted.url}{scope}. Tools: {granted.tools_count:,}.")
    if not granted.renewable:
        say("The server gives no refresh token: when the token ends, sign in again.")
    return exit_codes.COMPLETED


async def _forget(asked: Options) -> int:
    from tenuto.bootstrap.mcp_logins import address_of, logins

    url = address_of(_server(asked))
    if not logins().remove(url):
        raise NotFound(what="login", name=url)
    if asked.as_json:
        show_json({"forgotten": url}, indent=False)
    else:
        show(f"What was granted at {url} is forgotten. The server takes it until it ends.")
    return exit_codes.COMPLETED


def _list(asked: Options) -> int:
    from tenuto.bootstrap.mcp_logins import logins

    for granted in logins().all():
        ends = _time(granted.expires_s)
        renewed = "refresh_token" in granted.token
        scope = str(granted.token.get("scope", ""))
        if asked.as_json:
            found = {"url": granted.url, "scope": scope, "ends": ends, "renewed": renewed}
            show_json(found, indent=False)
            continue
        how = "is renewed" if renewed else f"ends {ends}" if ends else "does not say when it ends"
        for line in columns([(granted.url, scope or "-", faint(how))]):
            show(line)
    return exit_codes.COMPLETED


def _server(asked: Options) -> ToolSource:
    if "://" not in asked.server:
        try:
            return sources_in(asked.tools)[asked.server]
        except KeyError:
            raise Rejected(
                f"{asked.server!r} is no address, and no server of the file of --tools. "
                "Give its address, with https://."
            ) from None
    auth: McpAuth = {
        "grant": "login",
        "client_id": asked.client_id,
        "client_secret": f"${{{asked.secret_variable}}}" if asked.secret_variable else "",
        "issuer": asked.issuer,
        "metadata_url": asked.metadata_url,
    }
    return tenuto.mcp_server(url=asked.server, auth=auth)


def _has_screen() -> bool:
    """Return whether a browser has a window; one of the terminal would take it over."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _time(seconds: float) -> str:
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
