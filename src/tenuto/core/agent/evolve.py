"""The fold of an agent's turns. Judges nothing."""

from tenuto.core.agent.messages import ModelAnswer, ToolResult
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.vocabulary import Json


def add_answer(state: AgentState, answer: ModelAnswer) -> None:
    """Add a turn: the model answered."""
    state.turns.append(Turn(answer=answer, results=[None] * len(answer.calls)))
    if answer.fault:
        state.repairs += 1


def add_result(state: AgentState, index: int, *, value: Json, error: str | None) -> None:
    """Settle call `index` of the last turn with a value or with an error in words."""
    turn = state.turns[-1]
    call = turn.answer.calls[index]
    turn.results[index] = ToolResult(id=call.id, tool=call.tool, value=value, error=error)
