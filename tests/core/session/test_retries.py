"""What may work another time is tried another time: later, and not for ever."""

from typing import Any

import pytest

from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import AskModel
from tenuto.core.session.failing import retry_wait_ms
from tenuto.core.workflow.model import AgentDefinition, Node, RetryPolicy
from tests.core.agent.test_agents import answer
from tests.core.session.story import START_MS, Story, flow, function

CLERK = AgentDefinition(name="clerk")
EXACT = RetryPolicy(max_attempts=3, initial_ms=100, factor=2.0, jitter=0.0)


def test_a_transient_failure_is_tried_again_after_a_wait() -> None:
    story = Story(flow(function("a", retry=EXACT)), {})

    story.fails("a", "transient")
    assert story.waiting_work() == []
    assert story.state.due == {1: START_MS + 100}
    story.wait(99)
    assert story.waiting_work() == []
    story.wait(1)

    assert story.waiting_work() == ["a"]
    assert story.effect("a").attempt == 2
    assert story.effect("a").effect == "s:1", "the effect is the same one"


def test_after_the_last_attempt_the_failure_stands() -> None:
    story = Story(flow(function("a", retry=EXACT)), {})

    for wait_ms in (100, 200):
        story.fails("a", "transient")
        story.wait(wait_ms)
    story.fails("a", "transient", code="away")

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.code == "away"
    assert len(story.happened(e.AttemptFailed)) == 2


def test_a_longer_wait_that_the_failure_asks_for_wins() -> None:
    story = Story(flow(function("a", retry=EXACT)), {})

    story.fails("a", "transient", retry_after_ms=5_000)

    assert story.state.due == {1: START_MS + 5_000}


def test_a_fatal_failure_is_not_tried_again() -> None:
    story = Story(flow(function("a", retry=EXACT)), {})

    story.fails("a", "fatal")

    assert story.phase == "failed"
    assert story.happened(e.AttemptFailed) == []


@pytest.mark.parametrize(
    ("backoff", "waits"), [("exponential", [100, 200, 300, 300]), ("fixed", [100] * 4)]
)
def test_waits_grow_up_to_their_most(backoff: str, waits: list[int]) -> None:
    policy = RetryPolicy(backoff=backoff, initial_ms=100, factor=2.0, max_ms=300, jitter=0.0)

    assert [retry_wait_ms(policy, attempt=n, jitter=0.5) for n in (1, 2, 3, 4)] == waits


def test_jitter_shortens_a_wait_and_never_to_nothing() -> None:
    policy = RetryPolicy(initial_ms=100, jitter=0.2)

    assert retry_wait_ms(policy, attempt=1, jitter=0.0) == 100
    assert retry_wait_ms(policy, attempt=1, jitter=0.5) == 90
    assert retry_wait_ms(RetryPolicy(initial_ms=0), attempt=1, jitter=0.0) == 1


def test_a_late_outcome_of_the_attempt_that_failed_changes_nothing() -> None:
    story = Story(flow(function("a", retry=EXACT)), {})
    task = story.task("a")
    story.fails("a", "transient")

    late = story.put(i.CompleteTask(at_ms=story.now_ms, task=task, output="late"))

    assert late == []
    assert story.phase == "running"


def test_an_item_of_a_map_is_tried_again_alone() -> None:
    node = Node(id="m", kind="map", items="[1, 2]", body=function("m.do", retry=EXACT))
    story = Story(flow(node), {})

    story.fails("m.do", "transient", n=0)
    story.done("m.do", "second")
    story.wait(100)
    story.done("m.do", "first")

    assert story.state.outputs["m"] == ["first", "second"]


def tool_story(**parts: Any) -> Story:
    return Story(flow(Node(id="t", kind="tool", ref="story:t", **parts)), {})


def agent_story() -> Story:
    clerk = AgentDefinition(name="clerk", tools=("m:look",))
    story = Story(flow(Node(id="ask", kind="agent", ref="clerk"), agents=(clerk,)), {})
    story.done("ask", answer("look"))
    return story


def attempts_until_it_stands(story: Story, node: str, attempts_max: int) -> int:
    """Fail the tool of `node` until nothing more is promised; return how often it was tried."""
    tried = 0
    while story.waiting_work() == [node] and not isinstance(story.effect(node), AskModel):
        tried += 1
        story.fails(node, "transient", attempts_max=attempts_max)
        story.wait(60_000)
    return tried


@pytest.mark.parametrize(("said", "tried"), [(0, 3), (1, 1), (2, 2), (5, 5)])
def test_a_tool_says_how_often_it_may_be_tried_where_nobody_else_does(
    said: int, tried: int
) -> None:
    assert attempts_until_it_stands(tool_story(), "t", said) == tried
    assert attempts_until_it_stands(agent_story(), "ask", said) == tried


def test_a_node_that_says_how_often_knows_better_than_its_tool() -> None:
    assert attempts_until_it_stands(tool_story(retry=EXACT), "t", 1) == 3
    assert attempts_until_it_stands(tool_story(retry=EXACT), "t", 9) == 3


def test_functions_and_models_have_no_tool_to_say_anything() -> None:
    assert attempts_until_it_stands(Story(flow(function("a")), {}), "a", 9) == 3

    story = Story(flow(Node(id="ask", kind="agent", ref="clerk"), agents=(CLERK,)), {})
    story.fails("ask", "transient", attempts_max=1)

    assert len(story.happened(e.AttemptFailed)) == 1
