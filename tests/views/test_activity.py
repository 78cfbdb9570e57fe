"""What agents did in a session, folded from its log."""

import asyncio
from typing import Any

import pytest

import tenuto
from tenuto.core.session.inputs import CancelSession
from tenuto.core.vocabulary import Version
from tenuto.core.workflow.model import Node, WorkflowDefinition
from tenuto.testing import MockLLM, calls
from tenuto.views.activity import Activity, percentile
from tests.views.logs import WRITER, Log


@tenuto.tool
async def look(where: str) -> str:
    """Look."""
    if where == "nowhere":
        raise tenuto.Fatal("There is nothing.")
    return "seen"


def flow() -> tenuto.Workflow:
    clerk = tenuto.Agent("clerk", model="mock:m", tools=[look])
    critic = tenuto.Agent("critic", model="mock:m")
    made = tenuto.Workflow("two", version="1")
    made.node("each", map="[1, 2]", do=tenuto.body(agent=clerk, inputs={"task": "'t'"}))
    made.node("critic", agent=critic, inputs={"task": "'t'"}, on_failure="continue")
    made.node("sign", approval="?")
    return made.edge("each", "critic").edge("critic", "sign")


async def logged(answers: dict[str, list[Any]], *, fork: bool = False) -> list[Activity]:
    async with tenuto.open("memory://", models={"mock": MockLLM(answers)}) as runtime:
        session = await runtime.start(flow())
        await session.wait_until_idle(timeout=5)
        found = [await folded(session)]
        if fork:
            head = await session.head()
            other = await session.fork()
            await other.wait_until_idle(timeout=5)
            found.append(await folded(other, skip=head.version))
        return found


async def folded(session: tenuto.Session, *, skip: int = 0) -> Activity:
    activity = Activity(await session.definition(), skip=skip)
    async for stored in session.events(follow=False):
        activity.add(stored.version, stored.event)
    return activity


def test_tasks_turns_calls_and_durations_are_counted_by_agent() -> None:
    look_twice = calls(("look", {"where": "here"}), ("look", {"where": "nowhere"}))
    answers = {"clerk": [look_twice, "a", "b"], "critic": ["c"]}

    activity, forked = asyncio.run(logged(answers, fork=True))

    clerk, critic = activity.agents["clerk"], activity.agents["critic"]
    assert (clerk.completed, clerk.failed, clerk.running) == (2, 0, 0)
    assert (clerk.turns, clerk.calls, len(clerk.durations_ms)) == (3, 2, 2)
    assert (critic.completed, critic.turns) == (1, 1)
    assert activity.version > 0
    # What a fork shares with its origin was done there.
    assert [done.completed for done in forked.agents.values()] == [0, 0]


def test_a_failed_task_counts_and_what_a_cancelled_session_leaves_runs_no_more() -> None:
    (activity,) = asyncio.run(logged({"clerk": ["a", "b"]}))
    critic = activity.agents["critic"]
    assert (critic.completed, critic.failed, len(critic.durations_ms)) == (0, 1, 1)

    node = Node(id="write", kind="agent", ref="writer")
    log = Log(WorkflowDefinition(name="w", agents=(WRITER,), nodes=(node,), entry=("write",)))
    assert of_log(log).agents["writer"].running == 1
    log.give(CancelSession(at_ms=log.now_ms))
    assert of_log(log).agents["writer"].running == 0


def of_log(log: Log) -> Activity:
    activity = Activity(log.definition)
    for version, event in log.events:
        activity.add(version, event)
    return activity


def test_sums_over_sessions() -> None:
    (activity,) = asyncio.run(logged({"clerk": ["a", "b"], "critic": ["c"]}))
    total = activity.agents["clerk"]
    total.include(activity.agents["critic"])

    assert total.completed == 3
    assert len(total.durations_ms) == 3
    assert Activity(flow().definition()).version == Version(0)


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([], 0.5, None), ([7], 0.5, 7), ([1, 2, 3, 4], 0.5, 2), ([4, 3, 2, 1], 0.95, 4)],
)
def test_percentiles_are_values_that_were_measured(
    values: list[int], share: float, found: int | None
) -> None:
    assert percentile(values, share) == found
