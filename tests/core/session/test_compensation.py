"""What was done is undone when the session fails, the last thing first."""

from tenuto.core.session import events as e
from tests.core.session.story import Story, flow, function


def booked() -> Story:
    nodes = (
        function("hotel", inputs={"city": "inputs.city"}, compensate="story:cancel_hotel"),
        function("flight", compensate="story:cancel_flight"),
        function("pay"),
    )
    definition = flow(
        *nodes, edges=[("hotel", "flight"), ("flight", "pay")], on_failure="compensate"
    )
    story = Story(definition, {"city": "Riga"})
    story.done("hotel", {"booking": 1})
    story.done("flight", {"booking": 2})
    return story


def test_a_failure_undoes_what_was_done_in_reverse_order() -> None:
    story = booked()

    story.fails("pay", code="no_money")
    assert story.phase == "failing"
    assert [effect.ref for effect in story.pending()] == ["story:cancel_flight"]
    story.done("flight")
    assert [effect.ref for effect in story.pending()] == ["story:cancel_hotel"]
    story.done("hotel")

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.code == "no_money"
    assert [event.of for event in story.happened(e.UndoStarted)] == [2, 1]


def test_who_undoes_gets_what_was_given_and_what_came_of_it() -> None:
    story = booked()
    story.fails("pay")
    story.done("flight")

    assert story.effect("hotel").inputs == {"output": {"booking": 1}, "inputs": {"city": "Riga"}}


def test_an_undoing_is_tried_again_and_its_failure_does_not_stop_the_others() -> None:
    story = booked()
    story.fails("pay")

    story.fails("flight", "transient")
    assert story.phase == "failing"
    story.wait(60_000)
    story.fails("flight", "fatal")

    assert [effect.ref for effect in story.pending()] == ["story:cancel_hotel"]
    story.done("hotel")
    assert story.phase == "failed"


def test_what_was_not_completed_is_not_undone() -> None:
    nodes = (function("a", compensate="story:undo"), function("b"))
    story = Story(flow(*nodes, entry=("a", "b")), {})

    story.fails("b")

    assert story.phase == "failed"
    assert story.happened(e.UndoStarted) == []


def test_a_session_that_ends_well_undoes_nothing() -> None:
    story = booked()

    story.done("pay")

    assert story.phase == "completed"
    assert story.happened(e.UndoStarted) == []
