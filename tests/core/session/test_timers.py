"""Waiting for a moment."""

import pytest

from tenuto.core.session import events as e
from tenuto.core.session.moments import due_from_moment, duration_ms
from tenuto.core.workflow.model import Node
from tests.core.session.story import START_MS, Story, flow, function


def timed(**parts: str) -> Story:
    node = Node(id="t", kind="timer", **parts)
    return Story(flow(node, function("b"), edges=[("t", "b")]), {"s": 90})


@pytest.mark.parametrize(
    ("delay", "ms"),
    [("250", 250), ("'90s'", 90_000), ("'1h30m'", 5_400_000), ("inputs.s * 1000", 90_000)],
)
def test_a_timer_fires_after_its_delay(delay: str, ms: int) -> None:
    story = timed(delay=delay)
    assert [event.due_ms for event in story.happened(e.TimerSet)] == [START_MS + ms]

    story.wait(ms - 1)
    assert story.waiting_work() == []
    story.wait(1)

    assert story.waiting_work() == ["b"]
    assert story.state.outputs["t"] == {"due_ms": START_MS + ms}


def test_a_timer_fires_at_its_moment() -> None:
    story = timed(until="'1970-01-01T00:00:02Z'")

    story.wait(1_000)

    assert story.waiting_work() == ["b"]


def test_a_moment_that_has_passed_is_now() -> None:
    story = timed(until="1")

    story.wait(0)

    assert story.waiting_work() == ["b"]


def test_what_is_no_delay_fails_in_words() -> None:
    story = timed(delay="'soon'")

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert "a delay is milliseconds or text" in story.state.failure.message


def test_durations_are_read_whole_or_not_at_all() -> None:
    assert duration_ms("1d2h3m4s5ms") == 93_784_005
    assert duration_ms("1.5s") == 1_500
    assert [duration_ms(text) for text in ("", "s", "5", "5s!", " 5s", "5 s")] == [None] * 6


def test_a_moment_says_its_zone() -> None:
    assert due_from_moment("1970-01-01T01:00:00+01:00", source="x") == 0
    with pytest.raises(Exception, match="a moment is"):
        due_from_moment("1970-01-01T01:00:00", source="x")
