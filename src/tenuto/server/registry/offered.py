"""What a server was started with, and what its registries work with."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tenuto.core.workflow.model import AgentDefinition, WorkflowDefinition
from tenuto.core.workflow.named_code import CodeFault
from tenuto.core.workflow.read_agent import AgentText
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Ledger
from tenuto.sdk.workflow import Workflow
from tenuto.server.registry.allowed import AllowedCode
from tenuto.server.registry.documents import Documents
from tenuto.server.registry.reading import Reading


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that this server was started with, for all organisations."""

    workflow: Workflow | WorkflowDefinition
    definition: WorkflowDefinition
    description: str = ""


class ReadsWorkflows(Protocol):
    """Makes definitions of texts."""

    def __call__(self, text: str, *, code: CodeFault | None = None) -> WorkflowDefinition:
        """Return the definition in a text of YAML or JSON.

        Raises:
            DefinitionError: it is wrong; every problem is named with line and column.
        """
        ...


class ReadsAgents(Protocol):
    """Makes agents of texts."""

    def __call__(
        self, text: str, *, others: Sequence[AgentDefinition] = (), code: CodeFault | None = None
    ) -> AgentText:
        """Return the agent in a text of YAML or JSON; `others` are those that it may call.

        Raises:
            DefinitionError: it is wrong; every problem is named with line and column.
        """
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the registries work with."""

    ledger: Ledger
    clock: Clock
    offered: Mapping[str, Offered]
    read: ReadsWorkflows
    read_agent: ReadsAgents
    allowed: AllowedCode
    documents: Documents
    reading: Reading = msgspec.field(default_factory=Reading)
