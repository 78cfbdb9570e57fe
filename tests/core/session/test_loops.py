"""A body that runs again while something is true."""

from tenuto.core.session import events as e
from tenuto.core.workflow.model import Limits, Node, StateKey
from tests.core.session.story import Story, flow, function

TOTAL = {"total": StateKey(reducer="add", initial=0)}


def looped(**parts: object) -> Node:
    body = function("l.do", inputs={"n": "index", "before": "last"})
    return Node(id="l", kind="loop", body=body, **parts)


def test_the_body_runs_while_its_condition_holds_and_sees_what_came_before() -> None:
    story = Story(flow(looped(repeat="output.more")), {})
    assert story.effect("l.do").inputs == {"n": 0, "before": None}

    story.done("l.do", {"more": True})
    assert story.effect("l.do").inputs == {"n": 1, "before": {"more": True}}
    story.done("l.do", {"more": False})

    assert story.phase == "completed"
    assert story.state.output == {"l": {"more": False}}


def test_each_run_puts_its_output_into_the_state_once() -> None:
    story = Story(flow(looped(repeat="state.total < 3"), state=TOTAL), {})

    for _ in range(3):
        story.done("l.do", {"total": 1})

    assert story.phase == "completed"
    assert story.state.values == {"total": 3}


def test_a_loop_ends_after_its_most_runs() -> None:
    story = Story(flow(looped(max_iterations=2)), {})

    story.done("l.do")
    story.done("l.do")

    assert story.phase == "completed"
    assert story.happened(e.ChildrenStarted)[-1].index == 1


def test_a_failed_run_fails_the_loop() -> None:
    story = Story(flow(looped(max_iterations=2)), {})

    story.fails("l.do")

    assert story.phase == "failed"


def test_runs_of_a_loop_are_steps_and_a_loop_out_of_steps_asks_for_more() -> None:
    story = Story(flow(looped(repeat="true"), limits=Limits(steps=3)), {})

    story.done("l.do")
    story.done("l.do")

    assert story.phase == "paused"
    assert "3 steps is spent" in story.state.pause_reason
    story.resume(steps=1)
    assert story.waiting_work() == ["l.do"]


def test_a_loop_does_not_begin_when_no_step_is_left() -> None:
    story = Story(flow(looped(max_iterations=1), limits=Limits(steps=1)), {})

    assert story.phase == "paused"
    assert story.state.steps == 1
    story.resume(steps=1)
    assert story.waiting_work() == ["l.do"]
