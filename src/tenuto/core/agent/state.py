"""What an agent's task knows: the turns so far. Each answer and each tool result is in the log
once."""

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ToolResult


class Turn(msgspec.Struct, array_like=True, kw_only=True):
    """One answer of the model, and what its calls gave in the order of the calls (None: open)."""

    answer: ModelAnswer
    results: list[ToolResult | None]


class AgentState(msgspec.Struct, array_like=True, kw_only=True):
    """The fold of an agent's turns."""

    turns: list[Turn] = msgspec.field(default_factory=list)
    repairs: int = 0
    """How often the output did not fit the schema."""
