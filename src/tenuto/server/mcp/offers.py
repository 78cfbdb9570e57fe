"""What is offered: each workflow as one tool."""

from collections.abc import Iterable
from typing import Any, Final

import mcp_types as types
import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.sdk.workflow import Workflow
from tenuto.server.mcp.names import tool_name

SESSION_TOOLS: Final = ("session_status", "session_result", "session_signal", "session_approve")
"""Names that no workflow may take."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow and what MCP clients are told of it."""

    tool: str
    workflow: Workflow | WorkflowDefinition
    name: str
    """The workflow's own name."""
    description: str
    input_schema: dict[str, Any]

    def told(self) -> types.Tool:
        """Return the tool as `tools/list` has it."""
        return types.Tool(
            name=self.tool,
            title=self.name,
            description=self.description,
            input_schema=self.input_schema,
        )


def offer_of(workflow: Workflow | WorkflowDefinition, description: str = "") -> Offer:
    """Return what is offered of a workflow; its own description unless another is given."""
    definition = workflow.definition() if isinstance(workflow, Workflow) else workflow
    schema = definition.input_schema or {}
    return Offer(
        tool=tool_name(definition.name),
        workflow=workflow,
        name=definition.name,
        description=description or definition.description or f"Run workflow {definition.name!r}.",
        # MCP wants the type said, where JSON Schema does without.
        input_schema={**schema, "type": "object"},
    )


def by_tool(offers: Iterable[Offer]) -> dict[str, Offer]:
    """Return the offers by the names of their tools, in their order.

    Raises:
        Rejected: two would have one name, or one the name of a tool for sessions.
    """
    found: dict[str, Offer] = {}
    for offer in offers:
        if offer.tool in SESSION_TOOLS:
            raise Rejected(
                f"Workflow {offer.name!r} cannot be offered: tool {offer.tool!r} is there for all "
                "sessions. Give the workflow another name."
            )
        other = found.setdefault(offer.tool, offer)
        if other is not offer:
            raise Rejected(
                f"Workflows {other.name!r} and {offer.name!r} would both be tool {offer.tool!r}. "
                "Give one of them another name, or serve them by two processes."
            )
    return found
