"""What an agent asks of its model, derived from its turns."""

import msgspec

from tenuto.core.agent.messages import Message, ModelRequest
from tenuto.core.agent.state import AgentState
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import AgentDefinition


def request_of(state: AgentState, definition: AgentDefinition, inputs: JsonObject) -> ModelRequest:
    """Return the request for the next turn. `tools` is left empty: the runtime knows the code."""
    messages = [Message(role="user", text=_as_text(inputs))]
    for turn in state.turns:
        answer = turn.answer
        messages.append(Message(role="assistant", text=answer.text, calls=answer.calls))
        if turn.results:
            results = tuple(result for result in turn.results if result is not None)
            messages.append(Message(role="tool", results=results))
        elif answer.fault:
            messages.append(Message(role="user", text=_complaint(answer.fault)))
    return ModelRequest(
        agent=definition.name,
        instructions=definition.instructions,
        inputs=inputs,
        messages=tuple(messages),
        tools=(),
        output_schema=definition.output_schema,
        settings=definition.settings,
        turn=len(state.turns),
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
