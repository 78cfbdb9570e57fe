"""What only a person can settle waits for one, however long."""

import pytest

from tenuto.core.errors import NotAllowed
from tenuto.core.session import events as e
from tests.core.session.story import Story, flow, function


def asking() -> Story:
    story = Story(flow(function("a"), function("b"), edges=[("a", "b")]), {})
    story.fails("a", "escalatable", code="no_permission")
    return story


def test_an_escalated_task_waits() -> None:
    story = asking()

    assert story.phase == "running"
    assert story.waiting_work() == []
    assert [event.failure.code for event in story.happened(e.TaskEscalated)] == ["no_permission"]


def test_who_approves_lets_it_try_again() -> None:
    story = asking()

    story.decide(True)

    assert story.waiting_work() == ["a"]
    assert story.effect("a").attempt == 2


def test_who_denies_lets_the_failure_stand() -> None:
    story = asking()

    story.decide(False)

    assert story.phase == "failed"


def test_a_denial_is_not_forgotten_while_the_session_is_paused() -> None:
    story = asking()
    story.pause()
    assert story.phase == "paused"

    story.decide(False)

    assert story.phase == "failed"


def test_an_approval_given_while_paused_counts_after_it() -> None:
    story = asking()
    story.pause()

    story.decide(True)
    story.resume()

    assert story.waiting_work() == ["a"]


def test_nobody_decides_what_does_not_wait() -> None:
    story = Story(flow(function("a")), {})

    with pytest.raises(NotAllowed, match="no task waits for a decision"):
        story.decide(True)
    with pytest.raises(NotAllowed, match="task 1 does not wait for a decision"):
        story.decide(True, task=1)


def test_with_several_that_wait_it_must_be_said_which() -> None:
    story = Story(flow(function("a"), function("b"), entry=("a", "b")), {})
    story.fails("a", "escalatable")
    story.fails("b", "escalatable")

    with pytest.raises(NotAllowed, match=r"Say which: 1 \('a'\), 2 \('b'\)"):
        story.decide(True)
    story.decide(True, task=2)

    assert story.waiting_work() == ["b"]
