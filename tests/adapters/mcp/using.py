"""What the tests of MCP servers share: how a server is made, used, and let go."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Command, McpServer, Rules
from tenuto.core.errors import WorkFailed
from tenuto.core.vocabulary import Json
from tenuto.ports.tool import ToolCode

PLAIN = Path(__file__).with_name("plain_server.py")


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def using(
    place: Command | Address, rules: Rules | None = None, *, now: Callable[[], float] | None = None
) -> AsyncIterator[McpServer]:
    clock = {} if now is None else {"now": now}
    server = McpServer("shop", place, rules or Rules(), schemas=JsonSchemas(), **clock)
    try:
        yield server
    finally:
        await server.close()


def plain(behaviour: str, log: Path, **parts: Any) -> Command:
    return Command(command=(sys.executable, "-S", "-E", str(PLAIN), behaviour, str(log)), **parts)


async def tools_of(server: McpServer) -> dict[str, ToolCode]:
    return {tool.spec.name: tool for tool in await server.tools()}


async def call(tool: ToolCode, **arguments: Any) -> Json:
    called: Any = tool.function(**tool.bind(arguments))
    value: Json = await called
    return value


async def failure_of(wanted: Awaitable[object]) -> WorkFailed:
    try:
        found = await wanted
    except WorkFailed as error:
        return error
    raise AssertionError(f"it gave {found!r}")


async def until(holds: Callable[[], bool]) -> None:
    """Return when `holds` does: what it asks about happens in another process."""
    while not holds():  # noqa: ASYNC110  # no event of this process tells of it
        await asyncio.sleep(0.005)


def run(story: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await story

    asyncio.run(limited())
