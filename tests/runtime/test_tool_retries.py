"""How often a tool is tried is the tool's to say, and the log's to remember."""

import asyncio
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.core.session import failing
from tenuto.core.workflow.model import RetryPolicy
from tenuto.testing import MockLLM, calls

tried: list[str] = []


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for half a second between two attempts."""
    tried.clear()
    monkeypatch.setattr(failing, "RETRY_TOOL", RetryPolicy(initial_ms=1, backoff="fixed"))


@tenuto.tool(retries=0)
def fragile() -> None:
    """Fail."""
    tried.append("fragile")
    raise tenuto.Transient("the service is away")


@tenuto.tool(retries=4)
def sturdy() -> None:
    """Fail."""
    tried.append("sturdy")
    raise tenuto.Transient("the service is away")


@tenuto.tool
def plain() -> None:
    """Fail."""
    tried.append("plain")
    raise tenuto.Transient("the service is away")


def test_each_tool_of_an_agent_is_tried_as_often_as_it_says() -> None:
    clerk = Agent("clerk", model="mock:any", tools=[fragile, sturdy, plain])
    flow = Workflow("trying").node("work", agent=clerk)

    async def main() -> Any:
        model = MockLLM([calls(("fragile", {}), ("sturdy", {}), ("plain", {})), "none worked"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow)
            await session.result(20)
            assert (await session.replay()).divergence is None
        return [result.error for result in model.requests[1].messages[-1].results]

    errors = asyncio.run(main())

    assert errors == ["the service is away"] * 3
    assert {name: tried.count(name) for name in set(tried)} == {
        "fragile": 1,
        "sturdy": 5,
        "plain": 3,
    }


def test_a_tool_that_is_not_there_is_not_asked_how_often() -> None:
    clerk = Agent("clerk", model="mock:any", tools=[plain])
    flow = Workflow("trying").node("work", agent=clerk)

    async def main() -> Any:
        model = MockLLM([calls(("nothing", {})), "so be it"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await (await runtime.start(flow)).result(20)
        return model.requests[1].messages[-1].results[0].error

    assert "There is no tool 'nothing'" in asyncio.run(main())
