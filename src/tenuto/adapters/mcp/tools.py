"""Tools of a server, as the runtime takes them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.adapters.mcp.settings import Rules
from tenuto.core.agent.messages import ToolSpec
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.schemas import Schemas
from tenuto.ports.tool import Function

SCHEMA_BYTES_MAX: Final = 64 * 1024
DESCRIPTION_CHARS_MAX: Final = 8_000
NAME_CHARS_MAX: Final = 128
"""Source: MCP 2025-11-25, tools, "Tool Names"."""

Caller: TypeAlias = Callable[["McpTool", JsonObject, str], Awaitable[Json]]
"""Makes a call: tool, arguments, effect id."""


class McpTool:
    """A `ToolCode`: one tool of a server.

    `once` unless the owner, or the server where its hints are trusted, says that a call may be
    repeated. `timeout_ms` is 0: the server has a deadline for each call of its own, after which it
    is told that nobody waits."""

    def __init__(self, spec: ToolSpec, *, server: str, traits: "Traits", parts: "Parts") -> None:
        self.spec = spec
        self.attempts_max, self.timeout_ms = 0, 0
        self.verify: Function | None = None
        self.takes_context = True
        self.once, self.safe = not traits.repeats, traits.safe
        self.labels = traits.labels
        self.permission = f"mcp:{server}:{spec.name}"
        self._parts, self._traits = parts, traits
        self.function: Function = self._called

    def __repr__(self) -> str:
        return f"McpTool({self.permission!r})"

    def is_like(self, other: "McpTool") -> bool:
        """Return whether `other` is the same in all that can be told."""
        return self.spec == other.spec and self._traits == other._traits

    def bind(self, arguments: JsonObject) -> dict[str, object]:
        """Return the arguments as the function takes them: as one.

        Raises:
            Rejected: they do not fit the tool's schema; the message is for the model.
        """
        fault = self._parts.schemas.fault(self.spec.parameters, arguments)
        if fault is not None:
            raise Rejected(f"The arguments do not fit tool {self.spec.name!r}: {fault}.")
        return {"arguments": arguments}

    async def _called(self, arguments: JsonObject, ctx: Any = None) -> Json:
        return await self._parts.call(self, arguments, str(getattr(ctx, "effect_id", "")))


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the tools of a server share."""

    schemas: Schemas
    call: Caller


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done with a tool."""

    repeats: bool
    safe: bool
    labels: tuple[str, ...]


def traits_of(tool: Any, rules: Rules) -> Traits:
    """Return what may be done with a tool of the SDK's kind.

    Hints come from the server. Untrusted they say nothing; trusted, a tool that only reads or is
    idempotent may be repeated, and one that only reads, in a closed world, is safe: a question to
    an open world tells somebody something.
    Source: MCP 2025-11-25, `ToolAnnotations`, with its defaults."""
    hints = tool.annotations if rules.trust else None
    reads = hints is not None and hints.read_only_hint is True
    idempotent = hints is not None and hints.idempotent_hint is True
    closed = hints is not None and hints.open_world_hint is False
    return Traits(
        repeats=reads or idempotent or rules.repeats(tool.name),
        safe=reads and closed,
        labels=rules.labels,
    )


def specs_of(tools: Sequence[Any], schemas: Schemas) -> tuple[dict[str, ToolSpec], dict[str, str]]:
    """Return what models are shown of the SDK's tools, by name, and why others are left out."""
    specs: dict[str, ToolSpec] = {}
    left_out: dict[str, str] = {}
    for tool in tools:
        fault = _fault(tool, schemas) if tool.name not in specs else "another has that name"
        if fault:
            left_out[tool.name[:NAME_CHARS_MAX]] = fault
            continue
        specs[tool.name] = ToolSpec(
            name=tool.name,
            description=(tool.description or tool.title or "")[:DESCRIPTION_CHARS_MAX],
            parameters=_parameters(tool),
        )
    return specs, left_out


def _parameters(tool: Any) -> JsonObject:
    return {"type": "object", "properties": {}, **tool.input_schema}


def _fault(tool: Any, schemas: Schemas) -> str:
    """Return why a tool cannot be shown to models, or nothing."""
    if not tool.name or len(tool.name) > NAME_CHARS_MAX or not tool.name.isprintable():
        return f"its name is not 1 to {NAME_CHARS_MAX} printable characters"
    schema = _parameters(tool)
    if schema["type"] != "object":
        return f"its arguments are of type {schema['type']!r:.40}, not an object"
    size = len(msgspec.json.encode(schema))
    if size > SCHEMA_BYTES_MAX:
        return f"its schema has {size} bytes; at most {SCHEMA_BYTES_MAX} are shown to a model"
    try:
        schemas.fault(schema, {})
    except Rejected as error:
        return str(error).partition("\n")[0][:300]
    return ""
