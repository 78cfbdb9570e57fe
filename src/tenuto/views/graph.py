"""A workflow as a graph to draw: nodes, edges, and a text for Mermaid."""

import re
from typing import Final, Literal

import msgspec

from tenuto.core.workflow.model import Node, WorkflowDefinition

EdgeKind = Literal["plain", "join", "case", "default"]

_SHAPES: Final = {
    "agent": '(["{}"])',
    "condition": '{{"{}"}}',
    "approval": '[/"{}"/]',
    "wait": '>"{}"]',
    "timer": '(("{}"))',
    "workflow": '[["{}"]]',
}
_PLAIN_SHAPE: Final = '["{}"]'
_LABEL_CHARS_MAX: Final = 60


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it is drawn."""

    id: str
    kind: str
    label: str
    ref: str = ""
    """The agent, tool, function or workflow; of a map or loop that of its body."""
    body: str = ""
    """map, loop: the kind of work that is done each time."""
    condition: str = ""


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from"}):
    """A line from one node to another. Those of a join have the same `group`."""

    source: str
    to: str
    kind: EdgeKind = "plain"
    label: str = ""
    """The condition of a case."""
    group: int | None = None


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """All that is drawn of a workflow."""

    entry: tuple[str, ...]
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    mermaid: str


def graph_of(definition: WorkflowDefinition) -> Graph:
    """Return the workflow as a graph; workflows within it are single nodes."""
    nodes = tuple(_node(node) for node in definition.nodes)
    edges = (*_edges(definition), *_cases(definition))
    return Graph(
        entry=definition.entry,
        nodes=nodes,
        edges=edges,
        mermaid=_mermaid(nodes, edges, definition.entry),
    )


def _node(node: Node) -> GraphNode:
    body = node.body
    return GraphNode(
        id=node.id,
        kind=node.kind,
        label=node.title or node.id,
        ref=node.ref if body is None else body.ref,
        body="" if body is None else body.kind,
        condition=node.condition,
    )


def _edges(definition: WorkflowDefinition) -> list[GraphEdge]:
    edges = []
    for n, edge in enumerate(definition.edges):
        joins = len(edge.sources) > 1
        edges += [
            GraphEdge(
                source=source,
                to=target,
                kind="join" if joins else "plain",
                group=n if joins else None,
            )
            for source in edge.sources
            for target in edge.targets
        ]
    return edges


def _cases(definition: WorkflowDefinition) -> list[GraphEdge]:
    edges = []
    for switch in definition.switches:
        edges += [
            GraphEdge(source=switch.source, to=case.target, kind="case", label=case.condition)
            for case in switch.cases
        ]
        if switch.default is not None:
            edges.append(GraphEdge(source=switch.source, to=switch.default, kind="default"))
    return edges


def _mermaid(
    nodes: tuple[GraphNode, ...], edges: tuple[GraphEdge, ...], entry: tuple[str, ...]
) -> str:
    # Ids of their own: some words, as `end`, mean something in Mermaid.
    names = {node.id: f"n{n}" for n, node in enumerate(nodes)}
    lines = ["flowchart TD"]
    for node in nodes:
        label = _text(node.label)
        if node.ref and node.ref != node.label:
            label += f"<br/>{_text(node.ref)}"
        shape = _SHAPES.get(node.kind, _PLAIN_SHAPE).replace("{}", label)
        lines.append(f"  {names[node.id]}{shape.replace('{{', '{').replace('}}', '}')}")
    lines.append("  start((( )))")
    lines += [f"  start --> {names[name]}" for name in entry if name in names]
    for edge in edges:
        if edge.source not in names or edge.to not in names:
            continue
        label = "else" if edge.kind == "default" else _text(edge.label)
        arrow = f'-->|"{label}"|' if label else "-->"
        lines.append(f"  {names[edge.source]} {arrow} {names[edge.to]}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return a label that cannot end early or be taken for markup."""
    short = text if len(text) <= _LABEL_CHARS_MAX else f"{text[: _LABEL_CHARS_MAX - 1]}…"
    return re.sub(r"[^\w\s.,:=!?'/()+-]", lambda found: f"#{ord(found[0])};", short).replace(
        "\n", " "
    )
