"""An agent's turns: ask, call tools, ask again, answer."""

import pytest

from tenuto.core import limits
from tenuto.core.agent.decide import AskModel, CallTools, Finish, GiveUp, next_move
from tenuto.core.agent.effects import request_of
from tenuto.core.agent.evolve import add_answer, add_result
from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.agent.state import AgentState
from tenuto.core.workflow.model import AgentDefinition

CLERK = AgentDefinition(name="clerk", instructions="Be brief.", turns_max=2)


def called(*tools: str) -> ModelAnswer:
    calls = tuple(ToolCall(id=f"c{n}", tool=t, arguments={"n": n}) for n, t in enumerate(tools))
    return ModelAnswer(text="let me see", calls=calls, finish="tools")


def state_after(*answers: ModelAnswer, results: bool = True) -> AgentState:
    state = AgentState()
    for answer in answers:
        add_answer(state, answer)
        for n in range(len(answer.calls) if results else 0):
            add_result(state, n, value=n, error=None)
    return state


def test_an_agent_begins_by_asking_its_model() -> None:
    assert next_move(AgentState(), CLERK, grants=1) == AskModel(0)


def test_an_answer_without_calls_is_the_output() -> None:
    state = state_after(ModelAnswer(text="42"))

    assert next_move(state, CLERK, grants=1) == Finish({"text": "42"})


def test_structured_data_is_the_output_before_text() -> None:
    state = state_after(ModelAnswer(text="here", data={"n": 42}))

    assert next_move(state, CLERK, grants=1) == Finish({"n": 42})


def test_the_calls_of_an_answer_are_carried_out_together() -> None:
    state = state_after(called("look", "pay"), results=False)

    assert next_move(state, CLERK, grants=1) == CallTools((0, 1))


def test_results_go_back_to_the_model() -> None:
    state = state_after(called("look"))

    assert next_move(state, CLERK, grants=1) == AskModel(1)


def test_out_of_turns_a_person_is_asked_and_each_grant_gives_as_many_again() -> None:
    state = state_after(called("look"), called("look"))

    move = next_move(state, CLERK, grants=1)

    assert isinstance(move, GiveUp)
    assert (move.failure.kind, move.failure.code) == ("escalatable", "turns_spent")
    assert next_move(state, CLERK, grants=2) == AskModel(2)


def test_a_refusal_ends_the_task() -> None:
    move = next_move(state_after(ModelAnswer(text="no", finish="refusal")), CLERK, grants=1)

    assert isinstance(move, GiveUp)
    assert move.failure.code == "refusal"


def test_an_output_that_misses_its_schema_is_asked_for_again_so_often_and_no_more() -> None:
    wrong = ModelAnswer(data=[], fault="at n: missing")
    patient = AgentDefinition(name="clerk", turns_max=99)
    state = AgentState()

    for turn in range(limits.OUTPUT_REPAIRS_MAX):
        add_answer(state, wrong)
        assert next_move(state, patient, grants=1) == AskModel(turn + 1)
    add_answer(state, wrong)

    move = next_move(state, patient, grants=1)
    assert isinstance(move, GiveUp)
    assert (move.failure.kind, move.failure.code) == ("fatal", "output_mismatch")


def test_a_request_holds_the_whole_conversation() -> None:
    state = state_after(called("look"))
    add_result(state, 0, value=None, error="no such page")

    request = request_of(state, CLERK, {"text": "what?"}, delegates={})

    assert [message.role for message in request.messages] == ["user", "assistant", "tool"]
    assert request.messages[0].text == "what?"
    assert request.messages[2].results[0].error == "no such page"
    assert (request.agent, request.instructions, request.turn) == ("clerk", "Be brief.", 1)


def test_a_fault_is_told_to_the_model() -> None:
    state = state_after(ModelAnswer(text="{}", fault="at n: missing."))

    request = request_of(state, CLERK, {"a": 1, "b": 2}, delegates={})

    assert request.messages[0].text == '{"a":1,"b":2}'
    assert "does not fit its schema: at n: missing." in request.messages[-1].text


@pytest.mark.parametrize("inputs", [{}, {"n": 1}, {"a": "x", "b": "y"}])
def test_inputs_that_are_no_single_text_are_shown_as_json(inputs: dict[str, object]) -> None:
    request = request_of(AgentState(), CLERK, inputs, delegates={})

    assert request.messages[0].text.startswith("{")
    assert request.inputs == inputs
