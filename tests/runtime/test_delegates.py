"""Agents that call agents, on the real runtime: results, records, crashes, and bad definitions."""

from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.testing import AgentTestCase, calls, crash_after, crash_points
from tests.core.workflow.reading import problems


@tenuto.tool
def dig(place: str) -> str:
    """Dig."""
    return f"gold in {place}"


scout = Agent("scout", model="rules:s", description="Looks at a place.", tools=[dig])
second = Agent("second", model="rules:2", tools=[scout])
lead = Agent("lead", model="rules:l", tools=[second, scout, dig])


def flow() -> Workflow:
    return Workflow("survey", output="outputs.work.text").node("work", agent=lead)


class TestDelegates(AgentTestCase):
    async def test_their_calls_and_answers_are_on_record(self) -> None:
        self.model.add(
            calls(("second", {"task": "north"}), ("dig", {"place": "here"})), agent="lead"
        )
        self.model.add("Gold everywhere.", agent="lead")
        self.model.add(calls(("scout", {"task": "far north"})), "Found some.", agent="second")
        self.model.add(calls(("dig", {"place": "far north"})), "Gold.", agent="scout")

        done = await self.run_agent(lead)

        done.assert_completed()
        assert done.output == {"text": "Gold everywhere."}
        assert [(call.agent, call.name) for call in done.calls] == [
            ("lead", "dig"),
            ("scout", "dig"),
        ]
        assert {turn.agent for turn in done.turns} == {"lead", "second", "scout"}

    async def test_a_call_without_its_task_is_answered_all_the_same(self) -> None:
        self.model.add(calls(("scout", {})), "Well.", agent="lead")
        self.model.add("What am I to do?", agent="scout")

        done = await self.run_agent(lead)

        assert done.output == {"text": "Well."}


class Rules:
    """Each agent calls the one below it, once, and then says what it heard."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        below: dict[str, Any] = {
            "lead": ("second", {"task": "go"}),
            "second": ("scout", {"task": "look"}),
            "scout": ("dig", {"place": "the hill"}),
        }
        if request.turn == 0:
            return calls(below[request.agent])
        value = request.messages[-1].results[0].value
        heard = value["text"] if isinstance(value, dict) else value
        return ModelAnswer(text=f"{request.agent}: {heard}")


MODELS: dict[str, Any] = {"rules": Rules()}


@pytest.mark.parametrize("commit", crash_points(flow(), models=MODELS))
def test_a_crash_at_any_boundary_changes_nothing(commit: int) -> None:
    report = crash_after(commit, flow(), models=MODELS)

    report.check()
    assert report.outputs == ("lead: second: scout: gold in the hill",)
    assert report.asked <= 7


def test_an_agent_may_not_have_a_tool_and_an_agent_of_one_name() -> None:
    with pytest.raises(DefinitionError, match="two tools named 'dig'"):
        Agent("lead", tools=[dig, Agent("dig")])


def test_agents_that_would_call_each_other_for_ever_are_refused() -> None:
    found = problems("""
        workflow: circle
        agents:
          a: {delegates: [b]}
          b: {delegates: [c, a]}
          c: {delegates: nobody}
        graph: {nodes: {work: {agent: a}}, edges: [], entry: work}
    """)

    assert [problem.message for problem in found] == [
        "Agent 'a' may come to call itself by way of those that it calls.",
        "Agent 'b' may come to call itself by way of those that it calls.",
        "Agent 'c' may call 'nobody', and there is none.",
    ]
