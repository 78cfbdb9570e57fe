"""What an agent does next, from its turns alone."""

from typing import TypeAlias, final

import msgspec

from tenuto.core import limits
from tenuto.core.agent.circles import repeats
from tenuto.core.agent.messages import ToolCall
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.agent.strategy import next_purpose, output_of, ready_steps
from tenuto.core.errors import Failure
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition


@final
class AskModel(msgspec.Struct, frozen=True, gc=False):
    """Ask the model for turn `turn`, counted from 0."""

    turn: int


@final
class CallTools(msgspec.Struct, frozen=True, gc=False):
    """Carry out these calls of the last answer, all at once."""

    calls: tuple[int, ...]


@final
class Finish(msgspec.Struct, frozen=True, gc=False):
    """The task is done with this output."""

    output: Json


class GiveUp(msgspec.Struct, frozen=True, gc=False):
    """The task cannot go on by itself."""

    failure: Failure


NextMove: TypeAlias = AskModel | CallTools | Finish | GiveUp


def next_move(
    state: AgentState,
    definition: AgentDefinition,
    *,
    grants: int,
    under_way: frozenset[int] = frozenset(),
) -> NextMove:
    """Return what the agent does next; `under_way` are those of its calls that are open.

    `grants` is how often it was given its `turns_max`: 1, and one more per approval."""
    if not state.turns:
        return AskModel(0)
    last = state.turns[-1]
    answer = last.answer
    if None in last.results:
        return CallTools(_calls(last, under_way))
    if answer.finish == "refusal":
        return GiveUp(_refused(definition, answer.text))
    if definition.handoffs:
        for call, result in zip(answer.calls, last.results, strict=True):
            if call.tool in definition.handoffs and result is not None and result.error is None:
                return Finish(result.value)
    if next_purpose(state, definition) is None:
        return Finish(output_of(state))
    if answer.fault and state.repairs > limits.OUTPUT_REPAIRS_MAX:
        return GiveUp(_mismatch(definition, answer.fault))
    if len(state.turns) >= definition.turns_max * grants:
        return GiveUp(_turns_spent(definition, len(state.turns)))
    if repeats(state.turns) >= limits.REPEATS_MAX * grants:
        return GiveUp(_in_circles(definition, answer.calls[0]))
    return AskModel(len(state.turns))


def _calls(turn: Turn, under_way: frozenset[int]) -> tuple[int, ...]:
    if turn.answer.purpose == "plan":
        return ready_steps(turn, under_way)
    return tuple(range(len(turn.answer.calls))) if not under_way else ()


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


def _in_circles(definition: AgentDefinition, call: ToolCall) -> Failure:
    message = (
        f"Agent {definition.name!r} runs in circles: it called {call.tool!r} with the same "
        "arguments again and again and got the same each time; approve to let it go on, or deny "
        "to fail."
    )
    return Failure(kind="escalatable", code="in_circles", message=message)


def _refused(definition: AgentDefinition, text: str) -> Failure:
    message = f"The model of agent {definition.name!r} refused: {text[:500]!r}"
    return Failure(kind="fatal", code="refusal", message=message)
