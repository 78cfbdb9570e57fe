"""What an agent does next, from its turns alone: the `react` strategy."""

from typing import TypeAlias

import msgspec

from tenuto.core import limits
from tenuto.core.agent.state import AgentState
from tenuto.core.errors import Failure
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition


class AskModel(msgspec.Struct, frozen=True):
    """Ask the model for turn `turn`, counted from 0."""

    turn: int


class CallTools(msgspec.Struct, frozen=True):
    """Carry out the `count` calls of the last answer, all at once."""

    count: int


class Finish(msgspec.Struct, frozen=True):
    """The task is done with this output."""

    output: Json


class GiveUp(msgspec.Struct, frozen=True):
    """The task cannot go on by itself."""

    failure: Failure


NextMove: TypeAlias = AskModel | CallTools | Finish | GiveUp


def next_move(state: AgentState, definition: AgentDefinition, *, grants: int) -> NextMove:
    """Return what the agent does next, given that none of its calls is open.

    `grants` is how often it was given its `turns_max`: 1, and one more per approval."""
    if not state.turns:
        return AskModel(0)
    last = state.turns[-1]
    answer = last.answer
    if any(result is None for result in last.results):
        return CallTools(len(answer.calls))
    if answer.finish == "refusal":
        return GiveUp(_refused(definition, answer.text))
    if not answer.calls and not answer.fault:
        return Finish(answer.data if answer.data is not None else {"text": answer.text})
    if answer.fault and state.repairs > limits.OUTPUT_REPAIRS_MAX:
        return GiveUp(_mismatch(definition, answer.fault))
    if len(state.turns) >= definition.turns_max * grants:
        return GiveUp(_turns_spent(definition, len(state.turns)))
    return AskModel(len(state.turns))


def _mismatch(definition: AgentDefinition, fault: str) -> Failure:
    message = (
        f"Agent {definition.name!r} gave an output that does not fit its schema "
        f"{limits.OUTPUT_REPAIRS_MAX + 1} times; last: {fault}"
    )
    return Failure(kind="fatal", code="output_mismatch", message=message)


def _turns_spent(definition: AgentDefinition, turns: int) -> Failure:
    message = (
        f"Agent {definition.name!r} used {turns} turns without an answer; "
        f"approve to give it {definition.turns_max} more, or deny to fail."
    )
    return Failure(kind="escalatable", code="turns_spent", message=message)


def _refused(definition: AgentDefinition, text: str) -> Failure:
    message = f"The model of agent {definition.name!r} refused: {text[:500]!r}"
    return Failure(kind="fatal", code="refusal", message=message)
