"""Servers written with the official SDK, over standard streams and over HTTP."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tenuto.adapters.mcp import Address, Command, Rules
from tenuto.core.errors import Escalatable, Fatal
from tests.adapters.mcp import sdk_server
from tests.adapters.mcp.using import call, failure_of, run, tools_of, until, using

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["pipes", "http"])
def place(request: pytest.FixtureRequest) -> Iterator[Command | Address]:
    if request.param == "pipes":
        yield Command(command=(sys.executable, "-m", "tests.adapters.mcp.sdk_server"))
    else:
        with sdk_server.serving() as url:
            yield Address(url=url)


def test_tools_are_called_and_give_what_they_give(place: Command | Address) -> None:
    async def story() -> None:
        async with using(place) as server:
            tools = await tools_of(server)

            assert await call(tools["echo"], text="hello") == "hello"
            assert await call(tools["add"], a=1, b=2) == {"result": 3}
            assert await call(tools["picture"]) == {
                "content": [
                    {"type": "text", "text": "a dot"},
                    {"type": "image", "mime_type": "image/png", "bytes": 8},
                ]
            }

    run(story())


def test_a_tool_that_asks_a_person_is_told_that_there_is_none(place: Command | Address) -> None:
    async def story() -> None:
        async with using(place) as server:
            failure = await failure_of(call((await tools_of(server))["ask"]))

            assert isinstance(failure, Fatal)

    run(story())


def test_a_tool_that_takes_too_long_is_given_up_with_its_progress(place: Command | Address) -> None:
    async def story() -> None:
        async with using(place, Rules(timeout=1)) as server:
            tools = await tools_of(server)
            failure = await failure_of(call(tools["slow"]))

            assert (type(failure), failure.code) == (Escalatable, "in_doubt")
            assert "its last progress was 1 of 2, halfway" in str(failure)
            assert await call(tools["echo"], text="hello") == "hello"

    run(story())


def test_a_change_of_the_tools_is_heard_of(place: Command | Address) -> None:
    async def story() -> None:
        async with using(place, Rules(list_seconds=3_600)) as server:
            tools = await tools_of(server)
            connection: Any = server._connection
            await until(lambda: connection.changes > 0)
            before = connection.changes
            await call(tools["grow"])
            await until(lambda: connection.changes > before)

            assert set(await tools_of(server)) - set(tools) == {"grown"}

    run(story())


def test_only_the_trusted_hints_of_a_server_make_a_tool_safe(place: Command | Address) -> None:
    async def story() -> None:
        for trust in (False, True):
            async with using(place, Rules(trust=trust)) as server:
                tools = await tools_of(server)

                assert [tool.spec.name for tool in tools.values() if tool.safe] == (
                    ["echo"] if trust else []
                )

    run(story())
