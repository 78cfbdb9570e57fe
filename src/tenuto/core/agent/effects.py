"""What an agent asks of its model, derived from its turns."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tenuto.core.agent.messages import Message, ModelRequest, ToolSpec
from tenuto.core.agent.state import AgentState
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
        messages.append(Message(role="user", text=_as_text(inputs)))
    for turn in state.turns[said.turns :]:
        answer = turn.answer
        messages.append(Message(role="assistant", text=answer.text, calls=answer.calls))
        if turn.results:
            results = tuple(result for result in turn.results if result is not None)
            messages.append(Message(role="tool", results=results))
        elif answer.fault:
            messages.append(Message(role="user", text=_complaint(answer.fault)))
    said.turns = len(state.turns)
    return ModelRequest(
        agent=definition.name,
        instructions=definition.instructions,
        inputs=inputs,
        messages=tuple(messages),
        tools=tuple(_as_tool(delegates[name]) for name in definition.delegates),
        output_schema=definition.output_schema,
        settings=definition.settings,
        turn=len(state.turns),
    )


def _as_tool(agent: AgentDefinition) -> ToolSpec:
    said = agent.description or agent.role or f"Ask agent {agent.name}."
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


def _as_text(inputs: JsonObject) -> str:
    """A single text input is the message itself; anything else is shown as JSON."""
    if len(inputs) == 1:
        (only,) = inputs.values()
        if isinstance(only, str):
            return only
    return msgspec.json.encode(inputs).decode()


def _complaint(fault: str) -> str:
    return f"Your output does not fit its schema: {fault} Answer again with output that fits."
