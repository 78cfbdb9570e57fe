"""Expressions that fail on the values they meet, wherever they stand: the session says which."""

from typing import Any

import pytest

from tenuto.core import limits
from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Refuse
from tenuto.core.workflow.model import Node, StateKey
from tests.core.session.story import Story, flow, function, switch

STATE = {"n": StateKey(reducer="add", initial=0)}


def failure_of(story: Story) -> str:
    assert story.phase == "failed", story.phase
    assert story.state.failure is not None
    return story.state.failure.message


def test_inputs_that_cannot_be_told_refuse_the_work() -> None:
    story = Story(flow(function("a", inputs={"x": "inputs.missing"})), {})

    (effect,) = story.pending()

    assert isinstance(effect, Refuse)
    assert effect.failure.code == "expression"
    assert "inputs.missing" in effect.failure.message


@pytest.mark.parametrize(
    "node",
    [
        Node(id="c", kind="condition", inputs={"result": "inputs.missing"}),
        Node(id="t", kind="timer", delay="inputs.missing"),
        Node(id="t", kind="timer", until="inputs.missing"),
        Node(id="t", kind="timer", until="'noon'"),
        Node(id="t", kind="timer", until="'2026-02-30T00:00:00Z'"),
        Node(id="t", kind="timer", until="'2026-02-20T25:00:00Z'"),
        Node(id="m", kind="map", items="inputs.missing", body=function("m.do")),
        function("a", condition="inputs.missing"),
        function("a", condition="7"),
    ],
    ids=[
        "condition",
        "delay",
        "until",
        "a word",
        "no day",
        "no hour",
        "items",
        "run if",
        "no truth",
    ],
)
def test_what_the_core_itself_evaluates_fails_the_session(node: Node) -> None:
    story = Story(flow(node), {})

    assert failure_of(story)


def test_updates_that_fail_fail_the_task() -> None:
    story = Story(flow(function("a", updates={"n": "output.missing"}), state=STATE), {})

    story.done("a", {})

    assert "output.missing" in failure_of(story)


@pytest.mark.parametrize("repeat", ["output.missing", "7"])
def test_a_loop_whose_end_cannot_be_told_fails(repeat: str) -> None:
    node = Node(id="l", kind="loop", repeat=repeat, body=function("l.do"))
    story = Story(flow(node), {})

    story.done("l.do", {})

    assert failure_of(story)


def test_a_loop_may_say_itself_what_goes_into_the_state() -> None:
    node = Node(
        id="l", kind="loop", max_iterations=2, body=function("l.do"), updates={"n": "output.n"}
    )
    story = Story(flow(node, state=STATE), {})

    story.done("l.do", {"n": 1})
    story.done("l.do", {"n": 2})

    assert story.phase == "completed"


def test_a_map_over_too_many_items_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAP_ITEMS_MAX", 100)
    node = Node(id="m", kind="map", items="inputs.list", body=function("m.do"))

    story = Story(flow(node), {"list": list(range(101))})

    assert failure_of(story) == "Map 'm' has 101 items; at most 100 are allowed."


def test_a_switch_whose_condition_is_no_truth_fails() -> None:
    story = Story(flow(*map(function, "ab"), switches=[switch("a", ("7", "b"))]), {})

    story.done("a")

    assert "a condition must be true or false" in failure_of(story)


def test_a_failure_gives_up_what_is_below_what_failed_and_leaves_the_rest() -> None:
    """A loop within a session that goes on: its own body is given up, its neighbour is not."""
    inner = Node(id="m", kind="map", items="[1, 2]", body=function("m.do"), on_failure="continue")
    story = Story(flow(inner, function("b"), entry=("m", "b")), {})

    story.fails("m.do")

    assert story.waiting_work() == ["b"]
    assert len(story.happened(e.TaskCancelled)) == 1


def test_notes_of_a_failed_attempt_are_kept() -> None:
    story = Story(flow(function("a")), {})
    note: Any = i.Note("claim", {"n": 1})
    failure = Failure(kind="fatal", code="x", message="x")

    story.put(i.FailTask(at_ms=1, task=story.task("a"), failure=failure, notes=(note,)))

    assert [(event.kind, event.data) for event in story.happened(e.Noted)] == [("claim", {"n": 1})]
    assert story.phase == "failed"
