"""Messages between agents as a model sees them: the tools that send, and the texts that come."""

from collections.abc import Mapping, Sequence
from typing import Final

from tenuto.core import limits
from tenuto.core.agent.messages import ToolSpec
from tenuto.core.agent.state import AgentMessage, AgentState
from tenuto.core.agent.strategy import next_purpose
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.addresses import EVERYBODY, ROLE, Addresses
from tenuto.core.workflow.model import AgentDefinition

SEND: Final = "send_message"
REPLY: Final = "reply_message"


def offered(addresses: Addresses | None) -> tuple[str, ...]:
    """Return the names of the tools for messages that an agent is offered."""
    if addresses is None:
        return ()
    return (*((SEND,) if addresses.to else ()), *((REPLY,) if addresses.is_written_to else ()))


def message_tools(
    addresses: Addresses, agents: Mapping[str, AgentDefinition]
) -> tuple[ToolSpec, ...]:
    """Return the tools for messages that an agent is offered."""
    specs = {SEND: _send, REPLY: _reply}
    return tuple(specs[name](addresses, agents) for name in offered(addresses))


def _send(addresses: Addresses, agents: Mapping[str, AgentDefinition]) -> ToolSpec:
    whom = "; ".join(_told(part, names, agents) for part, names in addresses.to.items())
    return ToolSpec(
        name=SEND,
        description=(
            "Write a message to other agents. A request asks for a response, which comes to you "
            f"as a message while you go on; a notification asks for nothing. Addresses: {whom}."
        ),
        parameters=_object(
            ["to", "text"],
            to={"type": "string", "enum": list(addresses.to)},
            text={"type": "string", "maxLength": limits.MESSAGE_CHARS_MAX},
            kind={
                "type": "string",
                "enum": ["notification", "request"],
                "default": "notification",
            },
        ),
    )


def _reply(addresses: Addresses, agents: Mapping[str, AgentDefinition]) -> ToolSpec:
    return ToolSpec(
        name=REPLY,
        description="Answer a request that another agent has sent you.",
        parameters=_object(
            ["message", "text"],
            message={"type": "integer", "description": "The number of the request."},
            text={"type": "string", "maxLength": limits.MESSAGE_CHARS_MAX},
        ),
    )


def _told(address: str, names: Sequence[str], agents: Mapping[str, AgentDefinition]) -> str:
    if address == EVERYBODY or address.startswith(ROLE):
        return f"{address} ({', '.join(names)})"
    agent = agents[address]
    said = agent.description or agent.role
    return f"{address} ({said})" if said else address


def _object(required: list[str], **properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def shown_text(state: AgentState, turn: int, definition: AgentDefinition) -> str:
    """Return what a turn is shown of other agents' messages, empty where there is nothing."""
    post = state.post
    numbers = post.shown.get(turn, ()) if post is not None else ()
    if post is None or not numbers:
        return ""
    earlier = {no for other, seen in post.shown.items() if other < turn for no in seen}
    parts = [
        _reminder(post.heard[no]) if no in earlier else _as_read(post.heard[no]) for no in numbers
    ]
    if is_over(state, turn, definition):
        parts.append(_ANSWERED_ALREADY)
    return "\n\n".join(parts)


def rounds_of(state: AgentState, definition: AgentDefinition) -> int:
    """Return how many turns there were only because of messages."""
    if state.post is None:
        return 0
    return sum(1 for turn in state.post.shown if is_over(state, turn, definition))


def is_over(state: AgentState, turn: int, definition: AgentDefinition) -> bool:
    """Return whether the agent had its output before `turn`."""
    return turn > 0 and next_purpose(AgentState(turns=state.turns[:turn]), definition) is None


def _as_read(message: AgentMessage) -> str:
    kind = f"response to {message.answers}" if message.answers else message.kind
    return f"Message {message.no} from {message.sender} ({kind}): {message.text}"


def _reminder(message: AgentMessage) -> str:
    return (
        f"You have not answered message {message.no} from {message.sender}: {message.text}\n"
        f"Call {REPLY}, or go on without."
    )


_ANSWERED_ALREADY: Final = (
    "You have given your answer already. When you are done with this, give the whole of it once "
    "more, changed or not: what you say last is your answer."
)
