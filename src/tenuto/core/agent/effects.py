"""What an agent asks of its model, derived from its turns."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tenuto.core import limits
from tenuto.core.agent.circles import repeats
from tenuto.core.agent.compacting import COMPACT, summed_up, without_summaries
from tenuto.core.agent.messages import Message, ModelRequest, ToolSpec
from tenuto.core.agent.prompting import prompt_for, results_of_plan
from tenuto.core.agent.remembering import first_text, told
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.agent.strategy import (
    WITHOUT_TOOLS,
    as_text,
    next_purpose,
    purpose_once_more,
    schema_for,
)
from tenuto.core.agent.writing import shown_text
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import AgentDefinition

TASK: Final = "task"
"""The one argument of a call of another agent."""


class Said:
    """The conversation of one task so far, as messages. A cache: it follows from the turns."""

    __slots__ = ("messages", "turns")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.turns = 0
        """How many turns the messages tell."""


def request_of(
    state: AgentState,
    definition: AgentDefinition,
    inputs: JsonObject,
    *,
    delegates: Mapping[str, AgentDefinition],
    said: Said | None = None,
) -> ModelRequest:
    """Return the request for the next turn. Of `tools` it names the agents that can be called; the
    runtime, which knows the code, adds the others.

    `said` keeps what earlier requests held: with it a request costs what the last turn adds."""
    said = Said() if said is None else said
    messages = said.messages
    if not messages:
        messages.append(Message(role="user", text=first_text(inputs)))
    for number in range(said.turns, len(state.turns)):
        turn = state.turns[number]
        if number == 0 and turn.answer.recalled:
            messages[0] = Message(role="user", text=first_text(inputs) + told(turn.answer.recalled))
        if turn.answer.purpose == COMPACT:
            messages[:] = [summed_up(turn.answer, state.turns[0].answer, inputs)]
            # What came with the last turn may be in no summary yet.
            _add(messages, shown_text(state, number, definition))
            continue
        if state.post is not None:
            _add(messages, shown_text(state, number, definition))
        if turn.answer.purpose:
            _ask(messages, turn.answer.purpose, _before(state, number), definition)
        _tell(messages, turn)
        if repeats(state.turns, number + 1) == limits.REPEATS_TOLD:
            messages.append(Message(role="user", text=_REPEATS))
    said.turns = len(state.turns)
    purpose = next_purpose(state, definition)
    purpose = purpose_once_more(definition) if purpose is None else purpose
    if purpose or state.post is not None:
        # What comes with this turn alone is not for those to come.
        messages = [*messages]
        _add(messages, shown_text(state, len(state.turns), definition))
        if purpose:
            _ask(messages, purpose, without_summaries(state), definition)
    shown = () if purpose in WITHOUT_TOOLS else (*definition.delegates, *definition.handoffs)
    return ModelRequest(
        agent=definition.name,
        instructions=definition.instructions,
        inputs=inputs,
        messages=tuple(messages),
        tools=tuple([_as_tool(delegates[name], definition) for name in shown]) if shown else (),
        output_schema=schema_for(purpose, definition),
        settings=definition.settings,
        turn=len(state.turns),
        purpose=purpose,
    )


def _before(state: AgentState, number: int) -> AgentState:
    return without_summaries(AgentState(turns=state.turns[:number]))


def _ask(
    messages: list[Message], purpose: str, before: AgentState, definition: AgentDefinition
) -> None:
    """Say what a turn is for, where that is new."""
    turns = before.turns
    if turns and turns[-1].answer.purpose == purpose:
        return
    _add(messages, prompt_for(purpose, before, definition))


def _add(messages: list[Message], text: str) -> None:
    """Say something to the model, in one message with what was said last."""
    if not text:
        return
    if messages[-1].role == "user":
        last = messages.pop()
        text = f"{last.text}\n\n{text}"
    messages.append(Message(role="user", text=text))


def _tell(messages: list[Message], turn: Turn) -> None:
    """Tell one turn: what was answered, and what came of it."""
    answer = turn.answer
    if answer.purpose == "plan" and not answer.fault:
        # The steps are no calls that the model made: providers would not know them.
        messages.append(Message(role="assistant", text=answer.text or as_text(answer.data)))
        messages.append(Message(role="user", text=results_of_plan(turn)))
        return
    text = answer.text
    if not text and not answer.calls and answer.data is not None:
        text = msgspec.json.encode(answer.data).decode()
    messages.append(Message(role="assistant", text=text, calls=answer.calls))
    if turn.results:
        results = tuple([result for result in turn.results if result is not None])
        messages.append(Message(role="tool", results=results))
    elif answer.fault:
        messages.append(Message(role="user", text=_complaint(answer.fault)))


_REPEATS: Final = (
    f"You made the same calls {limits.REPEATS_TOLD} times and got the same each time. Do something "
    "else, or answer with what you know."
)


def _as_tool(agent: AgentDefinition, caller: AgentDefinition) -> ToolSpec:
    said = agent.description or agent.role or f"Ask agent {agent.name}."
    if agent.name in caller.handoffs:
        said = f"Leave the task to agent {agent.name}, who sees the conversation. {said}"
    return ToolSpec(
        name=agent.name,
        description=said,
        parameters={
            "type": "object",
            "properties": {
                TASK: {
                    "type": "string",
                    "description": "What it is to do, with all that it needs to know.",
                }
            },
            "required": [TASK],
            "additionalProperties": False,
        },
    )


def _complaint(fault: str) -> str:
    return f"Your output does not fit its schema: {fault} Answer again with output that fits."
