"""Agents: named, versioned definitions of a role, a model, instructions and tools."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tenuto.core import limits
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import AgentDefinition
from tenuto.sdk.tool import Tool


class Agent:
    """A definition; stateless, so one agent may work in any number of workflows and sessions.

    Args:
        name: unique in a workflow.
        model: `provider:model`, or `offline`.
        instructions: what every request begins with.
        tools: what it may call; plain functions become tools.
        output: shape of its output: a JSON Schema, a msgspec struct or a pydantic model. None:
        text,
            as `{"text": …}`.
        turns_max: model requests in one task.
        settings: handed to the model as they are.

    Raises:
        DefinitionError: a name is missing, two tools share one, or a type has no schema.

    Example:
        clerk = Agent("clerk", model="anthropic:claude-sonnet-4-5", instructions="…",
        tools=[refund])
    """

    def __init__(
        self,
        name: str,
        *,
        model: str = "offline",
        instructions: str = "",
        tools: Sequence[Tool | Any] = (),
        role: str = "",
        description: str = "",
        version: str = "1",
        output: Any = None,
        turns_max: int = limits.TURNS_MAX,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.tools = tuple(found if isinstance(found, Tool) else Tool(found) for found in tools)
        problems = []
        if not name:
            problems.append(Problem(message="An agent has no name."))
        names = [found.spec.name for found in self.tools]
        for twice in sorted({found for found in names if names.count(found) > 1}):
            message = f"Agent {name!r} has two tools named {twice!r}."
            problems.append(Problem(message=message, hint="Give one another name: @tool(name=…)."))
        if turns_max < 1:
            problems.append(
                Problem(message=f"Agent {name!r} has {turns_max} turns; give it 1 or more.")
            )
        if problems:
            raise DefinitionError(problems)
        self.name = name
        self._definition = AgentDefinition(
            name=name,
            version=version,
            role=role,
            description=description,
            model=model,
            instructions=instructions,
            tools=tuple(found.ref for found in self.tools),
            output_schema=_schema_of(output),
            turns_max=turns_max,
            settings=dict(settings or {}),
        )

    def __repr__(self) -> str:
        return f"Agent({self.name!r})"

    def definition(self) -> AgentDefinition:
        """Return the agent as data."""
        return self._definition


def _schema_of(output: Any) -> JsonObject | None:
    if output is None or isinstance(output, dict):
        return output
    schema_of = getattr(output, "model_json_schema", None)
    if callable(schema_of):
        schema: JsonObject = schema_of()
        return schema
    try:
        return msgspec.json.schema(output)
    except TypeError as error:
        message = f"The output {output!r} has no JSON Schema: {error}"
        raise DefinitionError([Problem(message=message)]) from None
