"""Giving a session up."""

import pytest

from tenuto.core.errors import SessionEnded
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.workflow.model import Node
from tests.core.session.story import Story, chain, flow, function


def test_everything_that_is_open_is_given_up_the_youngest_first() -> None:
    node = Node(id="m", kind="map", items="[1, 2]", body=function("m.do"))
    story = Story(flow(node, function("b"), entry=("m", "b")), {})

    events = story.cancel()

    assert [type(event) for event in events] == [e.SessionCancelled, *[e.TaskCancelled] * 4]
    assert [event.task for event in story.happened(e.TaskCancelled)] == [4, 3, 2, 1]
    assert story.phase == "cancelled"
    assert story.state.pause_reason == "enough"


def test_an_outcome_that_comes_after_it_changes_nothing() -> None:
    story = Story(chain("a"), {})
    task = story.task("a")
    story.cancel()

    assert story.put(i.CompleteTask(at_ms=1, task=task, output=1)) == []
    assert story.state.outputs == {}


def test_cancelling_twice_changes_nothing() -> None:
    story = Story(chain("a"), {})
    story.cancel()

    assert story.cancel() == []


@pytest.mark.parametrize("how", ["running", "pausing", "paused", "failing"])
def test_a_session_can_be_cancelled_from_any_state_that_is_not_an_end(how: str) -> None:
    story = Story(flow(function("a", compensate="m:undo"), function("b"), edges=[("a", "b")]), {})
    story.done("a")
    if how in ("pausing", "paused"):
        story.pause()
    if how == "paused":
        story.done("b")
    if how == "failing":
        story.fails("b")
    assert story.phase == how

    story.cancel()

    assert story.phase == "cancelled"
    assert story.pending() == []


def test_who_has_ended_cannot_be_cancelled() -> None:
    story = Story(chain("a"), {})
    story.done("a")

    with pytest.raises(SessionEnded, match="cannot be cancelled"):
        story.cancel()
