"""A person says yes or no, or a deadline does."""

import pytest

from tenuto.core.errors import NotAllowed
from tenuto.core.session import events as e
from tenuto.core.workflow.model import Node
from tests.core.session.story import START_MS, Story, flow, function


def asked(**parts: object) -> Story:
    node = Node(id="ok", kind="approval", title="Pay?", **parts)
    return Story(flow(node, function("pay"), edges=[("ok", "pay")]), {})


@pytest.mark.parametrize("approved", [True, False])
def test_the_decision_is_the_output(approved: bool) -> None:
    story = asked()
    assert story.waiting_work() == []

    story.decide(approved, note="why not", data={"limit": 5})

    assert story.state.outputs["ok"] == {
        "approved": approved,
        "by": "ann",
        "note": "why not",
        "data": {"limit": 5},
    }
    assert story.waiting_work() == ["pay"]


@pytest.mark.parametrize(("rule", "approved"), [("deny", False), ("approve", True)])
def test_when_nobody_decides_in_time_the_rule_does(rule: str, approved: bool) -> None:
    story = asked(timeout_ms=60_000, on_expiry=rule)
    assert story.state.due == {1: START_MS + 60_000}

    story.wait(59_999)
    assert story.happened(e.ApprovalDecided) == []
    story.wait(1)

    assert [(d.approved, d.by) for d in story.happened(e.ApprovalDecided)] == [(approved, "expiry")]
    assert story.waiting_work() == ["pay"]


def test_an_approval_that_may_not_expire_fails() -> None:
    story = asked(timeout_ms=60_000, on_expiry="fail")

    story.wait(60_000)

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.message == "Node 'ok' waited 60000 ms for a decision in vain."


def test_a_decision_comes_too_late_for_an_approval_that_has_expired() -> None:
    story = asked(timeout_ms=60_000)
    story.wait(60_000)

    with pytest.raises(NotAllowed, match="no task waits for a decision"):
        story.decide(True)


def test_deadlines_that_come_at_once_are_decided_one_after_the_other() -> None:
    """The second one ends the session, and must not give up what the first has completed."""
    nodes = (
        Node(id="a", kind="approval", title="A?", timeout_ms=100),
        Node(id="b", kind="approval", title="B?", timeout_ms=100, on_expiry="fail"),
    )
    story = Story(flow(*nodes, entry=("a", "b")), {})

    story.wait(100)

    assert story.phase == "failed"
    assert [event.task for event in story.happened(e.TaskCompleted)] == [1]
    assert story.happened(e.TaskCancelled) == []
