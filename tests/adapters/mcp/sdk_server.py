"""A server written with the official SDK: over standard streams as a program, over HTTP in a
thread."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import uvicorn
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Image, MCPServer, Resolve
from mcp.types import ToolAnnotations
from pydantic import BaseModel


class Name(BaseModel):
    name: str


class Order(BaseModel):
    count: int
    colour: Literal["blue", "red"] = "blue"
    gift: bool = False


def made() -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("official", log_level="CRITICAL")
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @server.tool(annotations=reads, structured_output=False)
    def echo(text: str) -> str:
        """Give the text back."""
        return text

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool(structured_output=False)
    def picture() -> list[Any]:
        """Give a picture and what it shows."""
        return ["a dot", Image(data=b"\x89PNG....", format="png")]

    @server.tool()
    async def ask(ctx: Context[Any]) -> str:
        """Ask whoever calls for a name."""
        answer = await ctx.elicit("Who are you?", Name)
        return answer.action

    async def wanted() -> Elicit[Order]:
        return Elicit("How many pens?", Order)

    @server.tool()
    async def order(given: Annotated[ElicitationResult[Order], Resolve(wanted)]) -> str:
        """Order what somebody wants."""
        return f"{given.action} {getattr(given, 'data', None)!r}"

    @server.tool()
    async def slow(ctx: Context[Any]) -> str:
        """Take long."""
        await ctx.report_progress(1, 2, "halfway")
        await asyncio.sleep(60)
        return "done"

    @server.tool()
    async def grow(ctx: Context[Any]) -> str:
        """Bring another tool about, and tell."""

        def grown(text: str) -> str:
            """Was not there before."""
            return text

        server.add_tool(grown)
        await ctx.notify_tools_changed()
        return "grown"

    return server


@contextmanager
def serving() -> Iterator[str]:
    """Give the address of a server of this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            made().streamable_http_app(), log_level="critical", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join(10)


if __name__ == "__main__":
    made().run("stdio")
