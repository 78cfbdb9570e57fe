"""The compiled workflow: what `decide` consults. Made once per definition, shared by its
sessions."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tenuto.core.vocabulary import Digest, Json
from tenuto.core.workflow.addresses import Addresses
from tenuto.core.workflow.model import AgentDefinition, Node, RetryPolicy, WorkflowDefinition


class Expression(Protocol):
    """A compiled expression and the paths it reads, as `("state", "findings")` or `("item", "")`.

    The second part is empty when the whole root is read."""

    @property
    def source(self) -> str:
        """Return the text that was compiled."""
        ...

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        """Return the paths whose values `evaluate` needs, sorted."""
        ...

    def evaluate(self, scope: Mapping[str, Mapping[str, Json] | Json]) -> Json:
        """Return the value on `scope`, which holds at least the paths that are read.

        Raises:
            ExpressionFailed: the values do not allow it.
        """
        ...


class Expressions(Protocol):
    """Compiles expression text. The one implementation that ships speaks CEL."""

    def compile(self, source: str, *, roots: frozenset[str]) -> Expression:
        """Return `source` compiled; `roots` are the names it may start from.

        Raises:
            Rejected: with the reason and the place in the text.
        """
        ...


class CompiledSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A switch with its conditions compiled, in order."""

    cases: tuple[tuple[Expression, str], ...]
    default: str | None


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """A multi-source edge; `index` names it in the log."""

    index: int
    sources: frozenset[str]
    targets: tuple[str, ...]


class CompiledNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node with all that routing and dispatch need to know, looked up once."""

    id: str
    node: Node
    inputs: tuple[tuple[str, Expression], ...]
    captures: tuple[str, ...]
    """Paths that must keep their value while a task of the node is open, as `state.x`, `outputs.y`:
    everything the node's expressions read that later events may change. Sorted."""
    updates: tuple[tuple[str, Expression], ...] | None
    condition: Expression | None
    items: Expression | None
    repeat: Expression | None
    delay: Expression | None
    until: Expression | None
    body: "CompiledNode | None"
    retry: RetryPolicy
    # routing
    targets: tuple[str, ...] = ()
    """Targets of single-source edges, in order of definition."""
    joins: tuple[Join, ...] = ()
    """Multi-source edges that the node is a source of."""
    switches: tuple[CompiledSwitch, ...] = ()
    loop: int = -1
    """Number of the cycle (strongly connected component) that the node is in, or -1."""
    forward_in: int = 0
    """How many incoming edges bring this node one token, live or skipped, per wave; see routing."""
    inner_edges: bool = False
    """Forward edges from inside its own cycle lead here; then only they are counted."""


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """One strongly connected component with a cycle."""

    index: int
    nodes: tuple[str, ...]
    exits: tuple[tuple[str, str], ...]
    """Edges (source, target) that leave it: target `>n` stands for join n."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow ready to run."""

    digest: Digest
    definition: WorkflowDefinition
    nodes: dict[str, CompiledNode]
    """By id; the body of node `m` is `m.do`."""
    joins: tuple[Join, ...]
    cycles: tuple[Cycle, ...]
    back_edges: frozenset[tuple[str, str]]
    """Edges (source, target) that close a cycle: skip tokens do not pass them."""
    output: Expression | None
    sinks: tuple[str, ...]
    """Nodes with no edge out, in order of definition: their outputs are the default output."""
    agents: dict[str, AgentDefinition]
    addresses: dict[str, Addresses] = {}
    """By agent, of those that write messages or are written to."""
