"""The output of a session is looked at before it ends: where guards say so, and only there."""

import pytest

from tenuto.core.agent.asks import Ask
from tenuto.core.agent.guards import Guard
from tenuto.core.errors import Failure, Rejected
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Review
from tenuto.core.vocabulary import TaskNo
from tenuto.runtime.replaying import replay
from tests.core.session.story import Story, chain

GUARD = Guard.regex(deny="never", at=["output"])
ASK = Ask(kind="guard:output:regex:1", title="May it?", details={"output": 1}, expires_ms=1_000)


def reviewed() -> Story:
    """Return a session whose output is being looked at."""
    story = Story(chain("a", guards=(GUARD,), output="outputs.a"), {})
    story.done("a", 1)
    return story


def asked() -> Story:
    """Return a session in which a person is asked about the output."""
    story = reviewed()
    story.put(
        i.FailTask(
            at_ms=story.now_ms,
            task=story.task("output"),
            failure=Failure(kind="escalatable", code="approval", message="May it?"),
            ask=ASK,
            notes=(i.Note("guard", {"verdict": "ask"}),),
        )
    )
    return story


def test_the_output_is_looked_at_while_the_session_completes() -> None:
    story = reviewed()

    (effect,) = story.pending()

    assert story.phase == "completing"
    assert isinstance(effect, Review)
    assert (effect.output, effect.guards) == (1, (GUARD,))


def test_what_comes_of_it_is_what_the_session_gives() -> None:
    story = reviewed()

    story.put(
        i.CompleteTask(
            at_ms=story.now_ms,
            task=story.task("output"),
            output=2,
            notes=(i.Note("guard", {"verdict": "rewrite"}),),
        )
    )

    assert (story.phase, story.state.output) == ("completed", 2)
    assert [type(event).__name__ for event in story.log[-3:]] == [
        "Noted",
        "TaskCompleted",
        "SessionCompleted",
    ]


def test_a_session_without_such_guards_ends_at_once() -> None:
    story = Story(chain("a"), {})

    story.done("a", 1)

    assert story.phase == "completed"
    assert len(story.happened(e.TaskStarted)) == 1


def test_guards_of_the_process_have_any_output_looked_at() -> None:
    story = Story(chain("a"), {})
    done = i.CompleteTask(at_ms=story.now_ms, task=story.task("a"), output=1)

    events = story.put(done, review=True)

    assert story.phase == "completing"
    assert isinstance(events[-1], e.TaskStarted)


def test_what_is_blocked_fails_the_session() -> None:
    story = reviewed()

    story.fails("output", code="guard_blocked")

    assert story.phase == "failed"
    assert story.state.failure is not None
    assert story.state.failure.code == "guard_blocked"


def test_it_is_tried_again_after_a_passing_trouble() -> None:
    story = reviewed()

    story.fails("output", "transient", jitter=0.5)
    story.wait(1_000)

    assert story.waiting_work() == ["output"]


def test_a_crash_has_the_output_looked_at_again() -> None:
    story = reviewed()

    story.crash()

    assert story.waiting_work() == ["output"]


@pytest.mark.parametrize("approved", [True, False])
def test_a_person_decides(approved: bool) -> None:
    story = asked()

    story.decide(approved)

    if approved:
        (effect,) = story.pending()
        assert isinstance(effect, Review)
        assert effect.approved == (ASK.kind,)
    else:
        assert story.phase == "failed"


def test_nobody_changes_the_output() -> None:
    story = asked()

    with pytest.raises(Rejected, match="output cannot be changed"):
        story.decide(True, data={"other": 1})


def test_who_is_not_answered_in_time_counts_as_denied() -> None:
    story = asked()

    story.wait(1_000)

    assert story.phase == "failed"


def test_it_can_be_cancelled_meanwhile() -> None:
    story = asked()

    story.cancel()

    assert story.phase == "cancelled"


def test_an_old_log_without_a_review_is_decided_again_as_it_was() -> None:
    story = Story(chain("a", guards=(GUARD,)), {})
    done = i.CompleteTask(at_ms=story.now_ms, task=story.task("a"), output=1)

    # As decided by a release, or in a process, that looked at no output.
    story.put(done, review=False)

    assert story.phase == "completed"
    assert replay(story.log, story.program).divergence is None


def test_notes_stand_before_the_signal_or_decision_that_brought_them() -> None:
    story = Story(chain("a"), {})
    note = i.Note("guard", {"verdict": "rewrite"})

    told = story.put(i.SendSignal(at_ms=story.now_ms, name="x", data=1, notes=(note,)))
    story.fails("a", "escalatable")
    decided = story.put(
        i.DecideApproval(at_ms=story.now_ms, approved=False, note="no", notes=(note,))
    )

    assert told[:2] == [
        e.Noted(at_ms=story.now_ms, task=TaskNo(0), kind="guard", data=note.data),
        e.SignalReceived(at_ms=story.now_ms, name="x", data=1, by=""),
    ]
    assert isinstance(decided[0], e.Noted)
    assert decided[0].task == 1
    assert isinstance(decided[1], e.ApprovalDecided)
