"""What an agent gets to know that another one leaves its task to."""

from typing import Final

from tenuto.core.agent.messages import ToolCall
from tenuto.core.agent.state import AgentState
from tenuto.core.agent.strategy import as_text
from tenuto.core.vocabulary import Json, JsonObject

_RESULT_CHARS_MAX: Final = 4_000
"""Of a result of a tool; the rest of it is left out."""


def handed_over(state: AgentState, call: ToolCall, inputs: JsonObject) -> JsonObject:
    """Return the inputs of the agent that takes over: what it is to do, and what was said."""
    said = [f"user: {as_text(dict(inputs))}"]
    for turn in state.turns:
        if turn.answer.text:
            said.append(f"assistant: {turn.answer.text}")
        # What else the last turn has called comes back while the other one is at work: it would
        # change under its hands what it was told.
        for result in turn.results if turn is not state.turns[-1] else ():
            if result is not None:
                found = result.error if result.error is not None else _cut(result.value)
                said.append(f"{result.tool}: {found}")
    task = call.arguments.get("task", "")
    conversation = "\n".join(said)
    return {"task": f"{as_text(task)}\n\nThe conversation so far:\n{conversation}"}


def _cut(value: Json) -> str:
    text = as_text(value)
    return text if len(text) <= _RESULT_CHARS_MAX else text[:_RESULT_CHARS_MAX] + " […]"
