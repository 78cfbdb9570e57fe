"""A client of the SDK at our server: in this process, or at a `tenuto mcp` of its own."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

import tenuto
from tenuto.core.lifecycle import Status
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.event_store import HeadQuery
from tenuto.server.mcp.catalog.entries import Catalog
from tenuto.server.mcp.client.sampling import ClientModel
from tenuto.server.mcp.face import Face
from tenuto.server.mcp.offers import by_tool, offer_of
from tenuto.server.mcp.visits import Terms

ROOT = Path(__file__).parents[3]
FLOWS = "tests.server.mcp.flows"
SECONDS_MAX = 30


class Served(msgspec.Struct):
    """A client, and the runtime behind the server it talks to."""

    client: Client
    runtime: tenuto.Runtime
    terms: Terms
    face: Face

    async def call(self, tool: str, key: str | None = None, **arguments: Any) -> Any:
        """Return the result of a call."""
        meta: Any = {"tenuto/key": key} if key is not None else None
        return await self.client.call_tool(tool, arguments, meta=meta)

    async def read(self, uri: str) -> JsonObject:
        """Return a resource."""
        contents: Any = (await self.client.read_resource(uri)).contents
        value: JsonObject = msgspec.json.decode(contents[0].text)
        return value


@asynccontextmanager
async def served(
    *workflows: tenuto.Workflow,
    terms: Terms | None = None,
    catalog: Catalog | None = None,
    models: dict[str, Any] | None = None,
    model: ClientModel | None = None,
    **options: Any,
) -> AsyncIterator[Served]:
    """Serve workflows from memory; `options` are the client's."""
    agreed = terms or Terms(wait_seconds=5)
    async with tenuto.open("memory://", workflows=workflows, models=models or {}) as runtime:
        face = Face(
            runtime,
            by_tool(offer_of(flow) for flow in workflows),
            agreed,
            catalog=catalog,
            model=model,
        )
        async with Client(face.server(), **options) as client:
            yield Served(client, runtime, agreed, face)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's work; what hangs is its failure."""

    async def main() -> None:
        async with asyncio.timeout(SECONDS_MAX):
            await work()

    asyncio.run(main())


async def first_session(here: Served, status: Status) -> tenuto.Session:
    """Return the first session that comes to that status."""
    for _ in range(1_000):
        heads = await here.runtime.sessions(HeadQuery(statuses=(status,)))
        if heads:
            return here.runtime.session(heads[0].session)
        await asyncio.sleep(0.01)
    raise AssertionError(f"no session is {status}")


def text_of(result: Any) -> str:
    """Return the text of a result that has only one."""
    assert [block.type for block in result.content] == ["text"]
    text: str = result.content[0].text
    return text


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TENUTO_")}
    paths = (os.environ.get("PYTHONPATH"), str(ROOT))
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def command(*arguments: str) -> list[str]:
    flows = [f"{FLOWS}:{name}" if name.isidentifier() else name for name in arguments]
    return [sys.executable, "-m", "tenuto.cli", "mcp", *flows]


@asynccontextmanager
async def over_stdio(folder: Path, *arguments: str, **options: Any) -> AsyncIterator[Client]:
    """Start `tenuto mcp` with workflows of `flows` and be its client."""
    whole = command(*arguments)
    parameters = StdioServerParameters(
        command=whole[0], args=whole[1:], env=environment(), cwd=folder
    )
    with (folder / "stderr.txt").open("a") as words:
        async with Client(stdio_client(parameters, errlog=words), **options) as client:
            yield client


class HttpServer:
    """A `tenuto mcp --http` in a process of its own."""

    def __init__(self, folder: Path, *arguments: str, **more: str) -> None:
        self.process = subprocess.Popen(
            command(*arguments, "--http", "0"),
            cwd=folder,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.url = ""
        for line in self.process.stderr:
            found = re.search(r"at (http://\S+)", line)
            if found:
                self.url = found[1]
                return
        raise AssertionError("the server has not told its address")

    def __enter__(self) -> "HttpServer":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.kill()
        self.process.communicate()
