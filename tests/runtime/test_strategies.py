"""Strategies on a real runtime: a crash after any commit changes nothing of what comes out."""

from typing import Any

import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.testing import calls, crash_after, crash_points

PLAN = {
    "steps": [
        {"id": "north", "task": "look north"},
        {"id": "south", "task": "look south"},
        {"id": "both", "task": "compare", "after": ["north", "south"]},
    ]
}


@tenuto.tool
def look(place: str) -> str:
    """Look at a place."""
    return f"fog in the {place}"


class Rules:
    """Answers by what a turn is for, and by what was said before it."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        if request.agent == "worker":
            return self._work(request)
        match request.purpose:
            case "plan":
                return ModelAnswer(data=PLAN)
            case "critique":
                revised = any(message.text == "better" for message in request.messages)
                return ModelAnswer(data={"good": revised, "faults": ["too short"]})
            case "revise":
                return ModelAnswer(text="better")
            case "propose":
                return ModelAnswer(data={"thoughts": [{"thought": "a"}, {"thought": "b"}]})
            case "score":
                return ModelAnswer(data={"scores": [1, 9]})
            case "conclude":
                return ModelAnswer(text=request.messages[-1].text.splitlines()[2])
        return ModelAnswer(text="draft")

    def _work(self, request: ModelRequest) -> ModelAnswer:
        task = request.messages[0].text
        if request.turn == 0 and task.startswith("look"):
            return calls(("look", {"place": task.removeprefix("look ")}))
        return ModelAnswer(text=f"done: {task.splitlines()[0]}")


MODELS: dict[str, Any] = {"rules": Rules()}
WORKER = Agent("worker", model="rules", tools=[look])
AGENTS = {
    "reflect": Agent("lead", model="rules", strategy="reflect"),
    "plan": Agent("lead", model="rules", strategy="plan", tools=[WORKER]),
    "tree": Agent("lead", model="rules", strategy="tree", keep=1),
}
OUTPUTS = {"reflect": "better", "plan": "better", "tree": "- b"}


def flow(strategy: str) -> Workflow:
    return Workflow(strategy, output="outputs.work.text").node("work", agent=AGENTS[strategy])


CRASHES = [
    (strategy, commit)
    for strategy in AGENTS
    for commit in crash_points(flow(strategy), models=MODELS)
]


@pytest.mark.parametrize(("strategy", "commit"), CRASHES)
def test_a_crash_at_any_boundary_changes_nothing(strategy: str, commit: int) -> None:
    report = crash_after(commit, flow(strategy), models=MODELS)

    report.check()
    assert report.outputs == (OUTPUTS[strategy],)
    assert report.crashes == 1
