"""Signals come when they come: a wait takes the oldest of its name, then or later."""

import pytest

from tenuto.core import limits
from tenuto.core.errors import NotAllowed, SessionEnded
from tenuto.core.session import events as e
from tenuto.core.workflow.model import Node
from tests.core.session.story import START_MS, Story, chain, flow, function


def waiting(**parts: object) -> Node:
    return Node(id="w", kind="wait", signal="reply", **parts)


def test_a_wait_is_completed_by_its_signal() -> None:
    story = Story(
        flow(waiting(), function("b", inputs={"said": "outputs.w"}), edges=[("w", "b")]), {}
    )

    story.signal("other", 1)
    assert story.waiting_work() == []
    story.signal("reply", {"text": "yes"})

    assert story.effect("b").inputs == {"said": {"text": "yes"}}


def test_a_signal_that_comes_first_is_kept() -> None:
    story = Story(flow(function("a"), waiting(), edges=[("a", "w")]), {})
    story.signal("reply", "early")

    story.done("a")

    assert story.state.outputs["w"] == "early"
    assert story.state.signals == {}


def test_each_wait_takes_one_signal_the_oldest() -> None:
    nodes = (function("a"), waiting(), Node(id="w2", kind="wait", signal="reply"))
    story = Story(flow(*nodes, edges=[("a", "w"), ("w", "w2")]), {})
    story.signal("reply", 1)
    story.signal("reply", 2)
    story.signal("reply", 3)

    story.done("a")

    assert (story.state.outputs["w"], story.state.outputs["w2"]) == (1, 2)
    assert len(story.happened(e.SignalTaken)) == 2


def test_a_signal_that_comes_again_with_its_key_is_not_taken_twice() -> None:
    story = Story(flow(function("a"), waiting(), edges=[("a", "w")]), {})
    story.signal("reply", "once", key="k1")

    assert story.signal("reply", "once", key="k1") == []

    assert story.signal("reply", "other", key="k2") != []
    assert story.state.signals == {"reply": ["once", "other"]}
    story.done("a")
    assert story.phase == "completed"
    assert story.signal("reply", "once", key="k1") == [], "not even where it has ended since"
    with pytest.raises(SessionEnded):
        story.signal("reply", "new", key="k3")


def test_a_session_knows_its_latest_keys_only() -> None:
    story = Story(flow(function("a"), waiting(), edges=[("a", "w")]), {})
    story.signal("reply", 0, key="first")
    for number in range(limits.SIGNAL_KEYS_MAX):
        story.signal("reply", number, key=f"k{number}")

    assert len(story.state.signal_keys) == limits.SIGNAL_KEYS_MAX
    assert story.signal("reply", 1, key="k0") == []
    assert story.signal("reply", 0, key="first") != []


def test_a_wait_in_vain_fails_or_goes_on_as_its_node_says() -> None:
    fails = Story(flow(waiting(timeout_ms=100)), {})
    goes_on = Story(flow(waiting(timeout_ms=100, on_timeout="continue")), {})

    fails.wait(100)
    goes_on.wait(100)

    assert fails.phase == "failed"
    assert goes_on.phase == "completed"
    assert goes_on.state.output == {"w": None}


def test_how_long_a_wait_lasts_may_be_worked_out() -> None:
    story = Story(flow(waiting(delay="inputs.patience", on_timeout="continue")), {"patience": "2m"})
    assert [event.due_ms for event in story.happened(e.TimerSet)] == [START_MS + 120_000]

    story.wait(119_999)
    assert story.phase == "running"
    story.wait(1)

    assert story.state.output == {"w": None}


def test_a_wait_with_a_deadline_that_was_worked_out_takes_its_signal() -> None:
    story = Story(flow(waiting(delay="60 * 1000")), {})

    story.signal("reply", "yes")

    assert story.state.output == {"w": "yes"}
    assert story.state.due == {}


def test_a_worked_out_deadline_that_passes_in_vain_fails_in_words() -> None:
    story = Story(flow(waiting(delay="100")), {})

    story.wait(100)

    assert story.state.failure is not None
    assert "waited 100 ms for signal 'reply' in vain" in story.state.failure.message


def test_a_deadline_that_cannot_be_worked_out_fails_in_words() -> None:
    story = Story(flow(waiting(delay="'soon'")), {})

    assert story.state.failure is not None
    assert "a delay is milliseconds or text" in story.state.failure.message


def test_a_signal_to_a_session_that_has_ended_is_refused() -> None:
    story = Story(chain("a"), {})
    story.done("a")

    with pytest.raises(SessionEnded, match="cannot take signal 'reply'"):
        story.signal("reply")


def test_signals_that_nobody_takes_are_kept_up_to_a_limit_and_none_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "SIGNALS_BUFFERED_MAX", 2)
    story = Story(chain("a"), {})
    story.signal("reply", 1)
    story.signal("reply", 2)

    with pytest.raises(NotAllowed, match="it keeps 2 signals"):
        story.signal("reply", 3)

    assert story.state.signals == {"reply": [1, 2]}
