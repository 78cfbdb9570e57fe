"""Strategies: what each turn is for follows from the turns before it, and from nothing else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core import limits
from tenuto.core.agent.circles import repeats
from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.agent.strategy import fitted, kept_lines, next_purpose
from tenuto.core.session.effects import AskModel
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition, Node
from tests.core.agent.test_turns import state_after
from tests.core.session.story import Story, flow

GOOD: Json = {"good": True, "faults": []}
BAD: Json = {"good": False, "faults": ["no source"]}


def agent(**parts: Any) -> AgentDefinition:
    return AgentDefinition(name="lead", **parts)


def told(purpose: str, data: Json = None, text: str = "") -> ModelAnswer:
    return ModelAnswer(purpose=purpose, data=data, text=text)


def plain(answer: ModelAnswer) -> Json:
    """Return an answer as it comes to a session."""
    made: Json = msgspec.json.decode(msgspec.json.encode(answer))
    return made


def story_of(definition: AgentDefinition, *others: AgentDefinition) -> Story:
    node = Node(id="ask", kind="agent", ref="lead", inputs={"text": "inputs.text"})
    return Story(flow(node, agents=(definition, *others)), {"text": "what?"})


def give(story: Story, answer: ModelAnswer, definition: AgentDefinition) -> None:
    """Answer the turn that is open, as the runtime would."""
    effect = next(f for f in story.pending() if isinstance(f, AskModel))
    assert effect.request.purpose == answer.purpose
    kept = fitted(answer, effect.turns, definition) if answer.purpose else answer
    assert not kept.fault, kept.fault
    story.done("ask", plain(kept), n=story.pending().index(effect))


def asked(story: Story) -> str:
    """Return what the model of the open turn was told last."""
    (effect,) = [f for f in story.pending() if isinstance(f, AskModel)]
    return effect.request.messages[-1].text


def test_reflect_reviews_a_draft_and_revises_it_until_it_is_good() -> None:
    critic = agent(strategy="reflect", rounds=3)
    story = story_of(critic)

    give(story, told("", text="draft"), critic)
    assert "Review your answer" in asked(story)
    give(story, told("critique", BAD), critic)
    assert "- no source" in asked(story)
    give(story, told("revise", text="better"), critic)
    give(story, told("critique", GOOD), critic)

    assert story.state.output == {"ask": {"text": "better"}}


def test_after_its_last_round_the_revised_answer_stands() -> None:
    critic = agent(strategy="reflect", rounds=1)
    story = story_of(critic)

    give(story, told("", text="draft"), critic)
    give(story, told("critique", BAD), critic)
    give(story, told("revise", text="better"), critic)

    assert story.state.output == {"ask": {"text": "better"}}


WORKER = AgentDefinition(name="worker", description="Does a step.")
PLAN: Json = {
    "steps": [
        {"id": "a", "task": "find a"},
        {"id": "b", "task": "find b"},
        {"id": "c", "task": "compare", "after": ["a"]},
        {"id": "d", "task": "write", "after": ["b", "c"]},
    ]
}


def test_the_steps_of_a_plan_are_worked_on_as_soon_as_those_before_them_are_done() -> None:
    lead = agent(strategy="plan", delegates=("worker",), rounds=0)
    story = story_of(lead, WORKER)

    give(story, told("plan", PLAN), lead)
    begun = [effect.request.messages[0].text for effect in story.pending()]
    assert begun == ["find a", "find b"]

    # `c` does not wait for `b`.
    story.done("ask", plain(ModelAnswer(text="a is 1")), n=0)
    begun = [effect.request.messages[0].text for effect in story.pending()]
    assert begun == ["find b", "compare\n\nWhat was found before:\n\n## a: find a\na is 1"]
    story.done("ask", plain(ModelAnswer(text="b is 2")), n=0)
    story.done("ask", plain(ModelAnswer(text="a < b")), n=0)
    assert "## c: compare\na < b" in story.pending()[0].request.messages[0].text
    story.done("ask", plain(ModelAnswer(text="written")), n=0)

    assert "Put it together" in asked(story)
    give(story, told("synthesize", text="all of it"), lead)
    assert story.state.output == {"ask": {"text": "all of it"}}


def test_without_other_agents_a_planner_does_its_own_steps_without_planning_again() -> None:
    lead = agent(strategy="plan", rounds=0)
    story = story_of(lead)

    give(story, told("plan", {"steps": [{"id": "a", "task": "find a"}]}), lead)

    (effect,) = story.pending()
    assert isinstance(effect, AskModel)
    assert (effect.request.purpose, effect.agent.strategy) == ("", "react")


def test_a_failed_step_is_told_to_who_puts_it_together() -> None:
    lead = agent(strategy="plan", delegates=("worker",), rounds=0)
    story = story_of(lead, WORKER)
    give(story, told("plan", {"steps": [{"id": "a", "task": "find a"}]}), lead)

    story.fails("ask")

    assert "## a: failed\nit broke" in asked(story)


def test_a_plan_without_steps_goes_straight_to_the_answer() -> None:
    lead = agent(strategy="plan", rounds=1)
    story = story_of(lead)

    give(story, told("plan", {"steps": []}), lead)
    give(story, told("synthesize", text="easy"), lead)
    give(story, told("critique", GOOD), lead)

    assert story.state.output == {"ask": {"text": "easy"}}


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ([{"id": "a", "task": "x"}, {"id": "a", "task": "y"}], "two steps are named 'a'"),
        ([{"id": "a", "task": "x", "after": ["z"]}], "comes after 'z', and there is no such step"),
        ([{"id": "a", "task": "x", "agent": "boss"}], "names agent 'boss', and there is none"),
        (
            [{"id": "a", "task": "x", "after": ["b"]}, {"id": "b", "task": "y", "after": ["a"]}],
            "steps a, b wait for each other",
        ),
        ([{"id": str(n), "task": "x"} for n in range(51)], "at most 50 are allowed"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_goes_back_to_the_model(steps: Json, fault: str) -> None:
    kept = fitted(told("plan", {"steps": steps}), state_after(), agent(strategy="plan"))

    assert fault in kept.fault
    assert kept.calls == ()


def test_a_tree_goes_on_from_the_best_thoughts() -> None:
    thinker = agent(strategy="tree", depth=2, keep=1)
    story = story_of(thinker)

    give(story, told("propose", {"thoughts": [{"thought": "left"}, {"thought": "right"}]}), thinker)
    give(story, told("score", {"scores": [2, 9]}), thinker)
    assert "Line 0:\n- right" in asked(story)
    give(story, told("propose", {"thoughts": [{"thought": "up"}, {"thought": "down"}]}), thinker)
    give(story, told("score", {"scores": [5, 5]}), thinker)
    assert "- right\n- up" in asked(story)
    give(story, told("conclude", text="42"), thinker)

    assert story.state.output == {"ask": {"text": "42"}}


def test_as_many_scores_as_thoughts_are_wanted() -> None:
    proposed = state_after(told("propose", {"thoughts": [{"thought": "left"}]}))

    kept = fitted(told("score", {"scores": [1, 2]}), proposed, agent(strategy="tree"))

    assert kept.fault == "there are 1 thoughts and 2 scores."


@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.integers(1, 6))
def test_the_kept_lines_are_the_best_and_no_more_than_asked_for(
    scores: list[float], keep: int
) -> None:
    thoughts = [{"thought": str(n)} for n in range(len(scores))]
    state = state_after(
        told("propose", {"thoughts": thoughts}), told("score", {"scores": list(scores)})
    )

    lines = kept_lines(state, agent(strategy="tree", keep=keep))

    kept = [int(line[0]) for line in lines]
    assert len(kept) == min(keep, len(scores))
    others = [score for n, score in enumerate(scores) if n not in kept]
    assert all(scores[n] >= max(others, default=0) for n in kept)


@given(st.sampled_from(["react", "plan", "tree", "reflect"]), st.integers(0, 2))
def test_every_strategy_comes_to_an_end(strategy: Any, rounds: int) -> None:
    lead = agent(strategy=strategy, rounds=rounds)
    answers: list[ModelAnswer] = []

    while (purpose := next_purpose(state_after(*answers), lead)) is not None:
        data: dict[str, Json] = {
            "plan": {"steps": []},
            "critique": BAD,
            "propose": {"thoughts": [{"thought": "x"}]},
            "score": {"scores": [1]},
        }
        answers.append(told(purpose, data.get(purpose), text="x"))
        assert len(answers) < 20

    assert answers


def same_call(value: int = 1) -> ModelAnswer:
    return ModelAnswer(calls=(ToolCall(id="c", tool="look", arguments={"n": value}),))


def test_who_calls_the_same_and_gets_the_same_is_told_so_and_then_stopped() -> None:
    story = story_of(agent(tools=("m:look",), turns_max=50))

    for turn in range(limits.REPEATS_MAX):
        story.done("ask", plain(same_call()))
        story.done("ask", "nothing new")
        if turn == limits.REPEATS_TOLD - 1:
            assert "You made the same calls 3 times" in asked(story)

    (task,) = story.state.tasks.values()
    assert task.failure is not None
    assert task.failure.code == "in_circles"
    story.decide(True)
    assert story.waiting_work() == ["ask"]


def test_other_arguments_or_another_result_are_no_circle() -> None:
    assert repeats(state_after(same_call(1), same_call(2)).turns) == 1
    assert repeats(state_after(same_call(), ModelAnswer(text="done")).turns) == 0


def test_who_takes_over_sees_the_conversation_and_its_answer_is_the_output() -> None:
    lead = agent(tools=("m:look",), handoffs=("worker",))
    story = story_of(lead, WORKER)
    story.done("ask", plain(same_call()))
    story.done("ask", "found it")
    call = ToolCall(id="h", tool="worker", arguments={"task": "finish this"})

    story.done("ask", plain(ModelAnswer(text="over to you", calls=(call,))))

    text = asked(story)
    assert text.startswith("finish this")
    assert "user: what?" in text
    assert "look: found it" in text
    story.done("ask", plain(ModelAnswer(text="finished")))
    assert story.state.output == {"ask": {"text": "finished"}}


def test_who_takes_over_is_told_the_same_whatever_comes_back_meanwhile() -> None:
    story = story_of(agent(tools=("m:look",), handoffs=("worker",)), WORKER)
    over = ToolCall(id="h", tool="worker", arguments={"task": "finish this"})
    look = ToolCall(id="l", tool="look", arguments={})
    story.done("ask", plain(ModelAnswer(text="over to you", calls=(over, look))))
    (before,) = [one for one in story.pending() if isinstance(one, AskModel)]

    story.done("ask", "a secret")

    (after,) = story.pending()
    assert after == before


def test_when_who_takes_over_fails_the_task_stays_where_it_was() -> None:
    story = story_of(agent(handoffs=("worker",)), WORKER)
    call = ToolCall(id="h", tool="worker", arguments={"task": "finish this"})
    story.done("ask", plain(ModelAnswer(calls=(call,))))

    story.fails("ask")

    (effect,) = story.pending()
    assert effect.request.messages[-1].results[0].error == "it broke"
