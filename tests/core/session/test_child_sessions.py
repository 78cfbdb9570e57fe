"""A node that is a session of its own: started once, reported once, given up with its parent."""

from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import CancelChild, ReportOutcome, StartChild, is_active
from tenuto.core.vocabulary import EffectId, SessionId, TaskNo
from tenuto.core.workflow.model import Node
from tests.core.session.story import Story, chain, flow, function


def parent(**parts: object) -> Story:
    node = Node(id="w", kind="workflow", ref="child", inputs={"n": "inputs.n"}, **parts)
    definition = flow(node, function("b"), edges=[("w", "b")], children=(chain("c", name="child"),))
    return Story(definition, {"n": 7})


def recorded(**parts: object) -> Story:
    story = parent(**parts)
    story.put(i.RecordChild(at_ms=story.now_ms, task=TaskNo(1), session=SessionId("kid")))
    return story


def child() -> Story:
    story = Story(chain("c"))
    story.start({}, parent=SessionId("s"), parent_effect=EffectId("s:1"), depth=1)
    return story


def test_a_child_is_asked_for_under_the_id_of_its_effect() -> None:
    (effect,) = parent().pending()

    assert isinstance(effect, StartChild)
    assert (effect.workflow, effect.inputs, effect.effect) == ("child", {"n": 7}, "s:1")


def test_once_its_session_is_known_nothing_is_pending_but_the_parent_waits() -> None:
    story = recorded()

    assert story.pending() == []
    assert not is_active(story.state)
    assert story.phase == "running"


def test_a_child_is_recorded_once() -> None:
    story = recorded()

    again = story.put(i.RecordChild(at_ms=1, task=TaskNo(1), session=SessionId("other")))

    assert again == []
    assert story.state.tasks[TaskNo(1)].child == "kid"


def test_the_child_s_output_is_the_node_s() -> None:
    story = recorded()

    story.put(i.CompleteTask(at_ms=1, task=TaskNo(1), output={"answer": 42}))

    assert story.state.outputs["w"] == {"answer": 42}
    assert story.waiting_work() == ["b"]


def test_the_child_s_failure_is_the_node_s() -> None:
    story = recorded()
    failure = Failure(kind="fatal", code="child_failed", message="it failed")

    story.put(i.FailTask(at_ms=1, task=TaskNo(1), failure=failure))

    assert story.phase == "failed"


def test_a_child_that_has_ended_owes_its_parent_a_report_until_it_is_confirmed() -> None:
    story = child()
    story.done("c", "well")

    (report,) = story.pending()
    assert isinstance(report, ReportOutcome)
    assert (report.parent, report.effect, report.output) == ("s", "s:1", {"c": "well"})
    story.put(i.ConfirmReport(at_ms=1))

    assert story.pending() == []
    assert story.put(i.ConfirmReport(at_ms=1)) == []


def test_a_child_that_was_cancelled_reports_a_failure() -> None:
    story = child()

    story.cancel()

    (report,) = story.pending()
    assert isinstance(report, ReportOutcome)
    assert report.failure is not None
    assert report.failure.code == "child_cancelled"


def test_who_gives_up_a_child_owes_its_cancelling_until_it_is_confirmed() -> None:
    story = recorded()

    story.cancel()

    assert [type(effect) for effect in story.pending()] == [CancelChild]
    assert is_active(story.state)
    story.put(i.ReleaseChild(at_ms=1, effect=EffectId("s:1")))
    assert story.pending() == []
    assert not is_active(story.state)


def test_a_child_that_takes_too_long_is_given_up() -> None:
    story = recorded(timeout_ms=1_000)

    story.wait(1_000)

    assert story.phase == "failed"
    assert [type(effect) for effect in story.pending()] == [CancelChild]
    assert story.happened(e.TaskFailed)[0].abandons


def test_releasing_what_is_no_orphan_changes_nothing() -> None:
    assert recorded().put(i.ReleaseChild(at_ms=1, effect=EffectId("s:1"))) == []
