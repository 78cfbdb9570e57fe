"""A crash after every commit, as the parameter of a test: a 40-turn agent session with tools."""

from typing import Any

import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, ToolResult
from tenuto.testing import calls, crash_after, crash_points

TURNS = 40


@tenuto.tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


class Adder:
    """Adds one to what it was told last, in every turn but the final one."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        last = request.messages[-1].results
        total = last[0].value if last else 0
        if request.turn < TURNS - 1:
            return calls(("add", {"a": total, "b": 1}))
        return ModelAnswer(text=f"{total} after {_results(request)} calls")


def _results(request: ModelRequest) -> int:
    given: list[ToolResult] = [result for message in request.messages for result in message.results]
    return len(given)


def flow() -> Workflow:
    made = Workflow("adding", output="outputs.work.text")
    agent = Agent("adder", model="rules", instructions="Add.", tools=[add])
    return made.node("work", agent=agent)


MODELS: dict[str, Any] = {"rules": Adder()}
POINTS = crash_points(flow(), models=MODELS)


def test_an_agents_session_has_a_boundary_for_each_turn_and_each_call() -> None:
    assert len(POINTS) >= 2 * TURNS - 1


@pytest.mark.parametrize("commit", POINTS)
def test_a_crash_at_any_boundary_repeats_nothing_that_was_recorded(commit: int) -> None:
    report = crash_after(commit, flow(), models=MODELS)

    report.check()
    assert report.outputs == (f"{TURNS - 1} after {TURNS - 1} calls",)
    assert report.crashes == 1
    # At most the one request that was in flight when the process died is made again.
    assert report.asked <= TURNS + 1
    assert report.executions <= TURNS
