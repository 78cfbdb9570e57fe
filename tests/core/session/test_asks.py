"""A task that asks before its effect: approved, changed, denied, expired, by one or by several."""

from typing import Any

import pytest

from tenuto.core.agent.asks import Ask
from tenuto.core.errors import Failure, NotAllowed, Rejected
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import AskModel, CallTool
from tenuto.core.vocabulary import TaskNo
from tenuto.runtime.replaying import replay
from tests.core.agent.test_agents import answer, asking
from tests.core.session.story import Story

TOOL = TaskNo(3)
ARGUMENTS = {"tool": "look", "arguments": {}}


def called(**parts: Any) -> Story:
    """An agent has called a tool, and a person is asked about it."""
    story = asking()
    story.done("ask", answer("look"))
    ask = Ask(**{"kind": "permission", "title": "It wants to look", "details": ARGUMENTS, **parts})
    failure = Failure(kind="escalatable", code="needs_approval", message="It wants to look.")
    story.put(i.FailTask(at_ms=story.now_ms, task=TOOL, failure=failure, ask=ask))
    return story


def decide(story: Story, *, approved: bool = True, **parts: Any) -> None:
    story.put(i.DecideApproval(at_ms=story.now_ms, approved=approved, task=TOOL, **parts))


def effect_of(story: Story) -> CallTool:
    (effect,) = story.pending()
    assert isinstance(effect, CallTool)
    return effect


def test_nothing_is_done_until_somebody_has_decided() -> None:
    story = called()

    assert story.pending() == []
    assert story.state.tasks[TOOL].ask is not None


def test_what_is_approved_is_done_and_known_to_be_approved() -> None:
    story = called()

    decide(story, by="ada")

    assert effect_of(story).approved == ("permission",)
    assert effect_of(story).arguments == {}
    assert story.state.tasks[TOOL].ask is None


def test_what_is_approved_with_other_arguments_is_done_with_those() -> None:
    story = called()

    decide(story, by="ada", data={"amount": 5})

    assert effect_of(story).arguments == {"amount": 5}
    asked = next(event for event in story.log if isinstance(event, e.TaskEscalated))
    assert asked.ask is not None
    assert asked.ask.details == ARGUMENTS
    retried = next(event for event in story.log if isinstance(event, e.TaskRetried))
    assert (retried.inputs, retried.by) == ({"amount": 5}, "ada")


def test_a_model_is_told_that_its_call_was_denied_and_by_whom() -> None:
    story = called()

    decide(story, approved=False, by="ada", note="not today")

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    (result,) = effect.request.messages[-1].results
    assert result.error == "It wants to look: this was denied by ada: not today"


def test_a_denial_needs_no_name() -> None:
    story = called()

    decide(story, approved=False)

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    assert effect.request.messages[-1].results[0].error == "It wants to look: this was denied."


def test_without_an_answer_in_time_it_counts_as_denied() -> None:
    story = called(expires_ms=1_000)
    story.wait(999)
    assert story.pending() == []

    story.wait(1)

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    error = effect.request.messages[-1].results[0].error
    assert error == "It wants to look: this was not answered in time."


def test_as_many_different_people_must_approve_as_the_question_wants() -> None:
    story = called(quorum=2)

    decide(story, by="ada")
    assert story.pending() == []
    with pytest.raises(NotAllowed, match="'ada' has approved already, and 2 different people must"):
        decide(story, by="ada")
    with pytest.raises(NotAllowed, match="nobody is named"):
        decide(story)
    decide(story, by="bob")

    assert effect_of(story).approved == ("permission",)


def test_a_first_of_several_approvals_is_replayed_whatever_comes_next() -> None:
    story = asking()
    story.done("ask", answer("look", "look"))
    ask = Ask(kind="permission", title="It wants to look", quorum=2)
    failure = Failure(kind="escalatable", code="needs_approval", message="It wants to look.")
    story.put(i.FailTask(at_ms=story.now_ms, task=TOOL, failure=failure, ask=ask))

    decide(story, by="ada")
    other = TaskNo(TOOL + 1)
    story.put(i.CompleteTask(at_ms=story.now_ms, task=other, output={"found": 1}))

    assert replay(story.log, story.program).divergence is None


def test_one_of_several_is_enough_to_deny() -> None:
    story = called(quorum=2)
    decide(story, by="ada")

    decide(story, approved=False, by="bob")

    assert isinstance(story.pending()[0], AskModel)


def test_only_those_who_are_named_may_decide() -> None:
    story = called(assignees=("ada", "bob"))

    with pytest.raises(NotAllowed, match="'eve' is none of ada, bob"):
        decide(story, by="eve")
    with pytest.raises(NotAllowed, match="somebody without a name"):
        decide(story, approved=False)
    decide(story, by="bob")

    assert effect_of(story).approved == ("permission",)


def test_whoever_has_a_role_is_known_to_who_delivers_the_decision() -> None:
    story = called(assignees=("role:approver",))

    decide(story, by="eve")

    assert effect_of(story).approved == ("permission",)


def test_arguments_are_an_object_and_are_not_changed_by_one_of_several() -> None:
    with pytest.raises(Rejected, match="Changed arguments are an object, found 'all of it'"):
        decide(called(), by="ada", data="all of it")
    with pytest.raises(Rejected, match="With several people to approve nobody can change"):
        decide(called(quorum=2), by="ada", data={"amount": 5})


def test_what_a_model_is_asked_is_approved_as_it_is() -> None:
    story = asking()
    ask = Ask(kind="guard", title="It holds a name")
    failure = Failure(kind="escalatable", code="needs_approval", message="It holds a name.")
    story.put(i.FailTask(at_ms=story.now_ms, task=TaskNo(2), failure=failure, ask=ask))

    with pytest.raises(Rejected, match="What a model is asked cannot be changed"):
        story.put(
            i.DecideApproval(at_ms=story.now_ms, approved=True, task=TaskNo(2), by="a", data={})
        )
    story.put(i.DecideApproval(at_ms=story.now_ms, approved=True, task=TaskNo(2), by="a"))

    assert isinstance(story.pending()[0], AskModel)


def test_a_yes_to_one_question_is_none_to_another() -> None:
    story = called()
    decide(story, by="ada")
    failure = Failure(kind="escalatable", code="needs_approval", message="Again.")
    other = Ask(kind="guard", title="It holds a name")
    story.put(i.FailTask(at_ms=story.now_ms, task=TOOL, failure=failure, ask=other))
    assert story.pending() == []

    decide(story, by="ada")

    assert effect_of(story).approved == ("permission", "guard")


def test_a_yes_holds_for_one_call_only() -> None:
    story = called()
    decide(story, by="ada")
    story.done("ask", "seen", n=0)
    story.done("ask", answer("look"))

    assert effect_of(story).approved == ()


def test_who_says_not_which_question_is_told_what_each_is_about() -> None:
    story = asking()
    story.done("ask", answer("look", "buy"))
    failure = Failure(kind="escalatable", code="needs_approval", message="It wants to.")
    for number, tool in ((3, "look"), (4, "buy")):
        ask = Ask(kind="permission", title="It wants to", details={"tool": tool})
        story.put(i.FailTask(at_ms=story.now_ms, task=TaskNo(number), failure=failure, ask=ask))

    with pytest.raises(
        NotAllowed, match=r"3 \(tool 'look' for 'ask'\), 4 \(tool 'buy' for 'ask'\)"
    ):
        story.decide(True)
