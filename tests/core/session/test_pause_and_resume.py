"""A paused session finishes what runs and begins nothing."""

import pytest

from tenuto.core.errors import NotAllowed, Rejected, SessionEnded
from tenuto.core.session import events as e
from tenuto.core.workflow.model import Node
from tests.core.session.story import Story, chain, flow, function


def test_what_runs_may_finish_and_nothing_new_begins() -> None:
    story = Story(chain("a", "b"), {})

    story.pause()
    assert story.phase == "pausing"
    story.done("a", "kept")

    assert story.phase == "paused"
    assert story.state.outputs == {"a": "kept"}
    assert story.waiting_work() == []


def test_with_nothing_running_a_session_is_paused_at_once() -> None:
    story = Story(flow(Node(id="ok", kind="approval", title="Go?")), {})

    story.pause()

    assert story.phase == "paused"
    assert story.state.pause_reason == "paused by ann"


def test_resuming_goes_on_where_it_stopped() -> None:
    story = Story(chain("a", "b"), {})
    story.pause()
    story.done("a")

    story.resume()

    assert story.waiting_work() == ["b"]


def test_resuming_before_the_pause_is_complete_takes_it_back() -> None:
    story = Story(chain("a", "b"), {})
    story.pause()

    story.resume()
    story.done("a")

    assert story.waiting_work() == ["b"]


def test_deadlines_wait_for_the_end_of_the_pause() -> None:
    story = Story(flow(Node(id="t", kind="timer", delay="100")), {})
    story.pause()

    assert story.wait(500) == []
    story.resume()
    story.wait(0)

    assert story.phase == "completed"


def test_signals_that_come_in_the_pause_are_taken_after_it() -> None:
    story = Story(flow(Node(id="w", kind="wait", signal="reply")), {})
    story.pause()

    story.signal("reply", 1)
    assert story.phase == "paused"
    story.resume()

    assert story.phase == "completed"


def test_a_map_and_an_agent_s_turn_go_on_after_the_pause() -> None:
    node = Node(id="m", kind="map", items="[1, 2, 3]", concurrency=1, body=function("m.do"))
    story = Story(flow(node), {})
    story.pause()
    story.done("m.do", 1)
    assert story.phase == "paused"

    story.resume()
    story.done("m.do", 2)
    story.done("m.do", 3)

    assert story.state.outputs["m"] == [1, 2, 3]


def test_a_failure_during_the_pause_ends_the_session() -> None:
    story = Story(chain("a"), {})
    story.pause()

    story.fails("a")

    assert story.phase == "failed"


def test_pausing_twice_and_resuming_what_runs_change_nothing() -> None:
    story = Story(chain("a"), {})

    assert story.resume() == []
    story.pause()
    assert story.pause() == []
    assert len(story.happened(e.SessionPausing)) == 1


def test_who_has_ended_can_neither_be_paused_nor_resumed() -> None:
    story = Story(chain("a"), {})
    story.done("a")

    with pytest.raises(SessionEnded, match="cannot pause"):
        story.pause()
    with pytest.raises(SessionEnded, match="cannot resume"):
        story.resume()


def test_steps_can_be_added_and_not_taken_away() -> None:
    story = Story(chain("a"), {})
    story.pause()

    with pytest.raises(Rejected, match="must not be negative"):
        story.resume(steps=-1)


def test_a_session_that_is_failing_cannot_be_paused() -> None:
    story = Story(flow(function("a", compensate="m:undo"), function("b"), edges=[("a", "b")]), {})
    story.done("a")
    story.fails("b")
    assert story.phase == "failing"

    with pytest.raises(NotAllowed, match="it is failing"):
        story.pause()
