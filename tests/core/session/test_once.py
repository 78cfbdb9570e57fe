"""Effects that must not be repeated blindly: intent first, and doubt is said to be doubt (P3)."""

import pytest

from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Call, Verify
from tenuto.core.session.failing import IN_DOUBT
from tenuto.core.workflow.model import Node
from tests.core.session.story import Story, flow, function


def paying() -> Story:
    node = function("pay", once=True, inputs={"cents": "inputs.cents"})
    return Story(flow(node, function("b"), edges=[("pay", "b")]), {"cents": 5})


def begun() -> Story:
    story = paying()
    story.put(i.BeginTask(at_ms=story.now_ms, task=story.task("pay")))
    return story


def doubted() -> Story:
    story = begun()
    story.crash()
    return story


def settle(story: Story, happened: bool | None, output: object = None) -> None:
    task = story.task("pay")
    story.put(i.SettleDoubt(at_ms=1, task=task, happened=happened, output=output))


def test_the_intent_is_logged_before_the_effect_once_per_attempt() -> None:
    story = paying()
    (effect,) = story.pending()
    assert isinstance(effect, Call)
    assert effect.once

    begin = i.BeginTask(at_ms=story.now_ms, task=effect.task)
    assert [type(event) for event in story.put(begin)] == [e.TaskBegun]
    assert story.put(begin) == []


def test_an_effect_in_flight_at_a_crash_is_in_doubt_and_not_repeated() -> None:
    story = doubted()

    (effect,) = story.pending()
    assert isinstance(effect, Verify)
    assert effect.effect == "s:1"
    assert effect.inputs == {"cents": 5}


def test_an_effect_that_had_not_begun_at_a_crash_is_carried_out() -> None:
    story = paying()

    assert story.crash() == []
    assert [type(effect) for effect in story.pending()] == [Call]


def test_work_that_may_be_repeated_is_not_in_doubt_after_a_crash() -> None:
    story = Story(flow(function("a")), {})

    assert story.crash() == []
    assert story.waiting_work() == ["a"]


def test_what_is_found_to_have_happened_is_taken_as_its_outcome() -> None:
    story = doubted()

    settle(story, True, {"receipt": 9})

    assert story.state.outputs["pay"] == {"receipt": 9}
    assert story.waiting_work() == ["b"]


def test_what_is_found_not_to_have_happened_is_carried_out() -> None:
    story = doubted()

    settle(story, False)

    (effect,) = story.pending()
    assert isinstance(effect, Call)
    assert (effect.attempt, effect.effect) == (2, "s:1")


def test_where_nobody_can_tell_a_person_must() -> None:
    story = doubted()

    settle(story, None)

    assert story.pending() == []
    (event,) = story.happened(e.TaskEscalated)
    assert event.failure.code == "in_doubt"
    assert "must not run twice" in event.failure.message


def test_who_is_asked_about_a_doubt_reads_what_led_to_it() -> None:
    died = doubted()
    settle(died, None)
    silent = begun()
    silent.fails("pay", "escalatable", code=IN_DOUBT)
    settle(silent, None)

    (of_a_crash,) = died.happened(e.TaskEscalated)
    (of_silence,) = silent.happened(e.TaskEscalated)
    told = "The effect of task 1 ('pay') {} Approve if it did happen"
    assert of_a_crash.failure.message.startswith(
        told.format("was in flight when its process died, and it must not run twice.")
    )
    assert of_silence.failure.message.startswith(
        told.format("ended without an outcome, and it must not run twice: it broke.")
    )


@pytest.mark.parametrize(("happened", "work"), [(True, ["b"]), (False, ["pay"])])
def test_a_person_settles_the_doubt(happened: bool, work: list[str]) -> None:
    story = doubted()
    settle(story, None)

    story.decide(happened, data={"receipt": 9} if happened else None)

    assert story.waiting_work() == work
    if happened:
        assert story.state.outputs["pay"] == {"receipt": 9}


def test_a_second_crash_does_not_settle_the_doubt() -> None:
    story = doubted()

    assert story.crash() == []
    assert [type(effect) for effect in story.pending()] == [Verify]


def test_a_failure_that_does_not_tell_whether_it_happened_is_a_doubt_too() -> None:
    story = begun()

    story.fails("pay", "transient", code=IN_DOUBT)

    assert [type(effect) for effect in story.pending()] == [Verify]
    assert story.state.due == {}


def test_an_outcome_that_comes_after_all_settles_the_doubt() -> None:
    story = doubted()

    story.done("pay", "late but true")

    assert story.state.outputs["pay"] == "late but true"


def test_a_doubt_may_end_with_a_failure_that_only_a_person_can_settle() -> None:
    story = doubted()

    story.fails("pay", "escalatable", code="bank_says_no")

    assert story.pending() == []
    assert [event.failure.code for event in story.happened(e.TaskEscalated)] == ["bank_says_no"]


def test_only_functions_and_tools_begin() -> None:
    node = Node(id="w", kind="workflow", ref="child")
    story = Story(flow(node, children=(flow(function("c"), name="child"),)), {})

    assert story.put(i.BeginTask(at_ms=1, task=story.task("w"))) == []
