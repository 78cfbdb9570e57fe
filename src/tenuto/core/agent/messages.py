"""What passes between an agent and its model. Plain data, the same for every provider."""

from typing import Literal

import msgspec

from tenuto.core.vocabulary import Json, JsonObject


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: JsonObject
    """JSON Schema of the arguments: an object."""


class ToolCall(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A model's wish to call a tool. `id` is the model's; it ties the result to the call."""

    id: str
    tool: str
    arguments: JsonObject


class ToolResult(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """What a call gave back: a value, or an error in words that the model can act on."""

    id: str
    tool: str
    value: Json = None
    error: str | None = None


class Usage(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """What a turn cost."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    cached_tokens: int = 0
    """Of the input tokens, those that the provider had in its own prompt cache."""


class Recollection(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A memory item as it was recalled for a task."""

    id: str
    kind: str
    text: str
    labels: tuple[str, ...] = ()
    """Of the data that the item came from."""


class ModelAnswer(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """One answer: text, wishes to call tools, or both; `data` when the model gave structured
    output."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    data: Json = None
    finish: Literal["stop", "tools", "length", "refusal"] = "stop"
    usage: Usage = Usage()
    fault: str = ""
    """How the output misses the agent's schema, in words for the model; found by the runtime."""
    model: str = ""
    """`provider:name` of the model that answered, where that is not plain from the definition."""
    cached: Literal["", "exact", "semantic"] = ""
    """How the answer was found in the cache of answers; empty: a model was asked."""
    trail: tuple[str, ...] = ()
    """What was tried before the model that answered, and why it did not: `openai:x: rate_limit`."""
    purpose: str = ""
    """What the strategy wanted the turn for; see `strategy`."""
    recalled: tuple[Recollection, ...] = ()
    """Of the first turn of a task: what its agent remembered when it was asked."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of a conversation, oldest first: user text, an answer, or the results of its
    calls."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that a model gets for one turn."""

    agent: str
    instructions: str
    inputs: JsonObject
    """The task's inputs as data; the first user message holds them as text."""
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    output_schema: JsonObject | None
    settings: JsonObject
    turn: int
    tenant: str = ""
    user: str = ""
    session: str = ""
    effect: str = ""
    """Stable over retries and restarts: the idempotency key of the request."""
    purpose: str = ""
    """What the strategy wants this turn for; empty for a turn of `react`."""
    timeout_ms: int = 0
    """How long the caller waits; 0: it does not say. A route shares it out among its models."""


class Delta(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of an answer's text, while it is being given."""

    text: str
    restart: bool = False
    """The answer begins anew with this piece: forget what was shown. Another model took over."""

    def onto(self, shown: str) -> str:
        """Return what a reader has before him after this piece, who had `shown` before it."""
        return self.text if self.restart else shown + self.text
