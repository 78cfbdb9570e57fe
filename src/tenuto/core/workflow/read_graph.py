"""The graph form: nodes by name, edges, conditional edges. Source: DESIGN section 4."""

from tenuto.core.workflow.faults import Path, unknown
from tenuto.core.workflow.model import Case, Edge, Node, Switch, WorkflowDefinition
from tenuto.core.workflow.read_guards import guards_of
from tenuto.core.workflow.read_nodes import NodeReader, expression
from tenuto.core.workflow.read_parts import (
    ON_FAILURE,
    agents_of,
    input_schema_of,
    limits_of,
    output_of,
    state_of,
    version_of,
)
from tenuto.core.workflow.section import Section, members, sections
from tenuto.core.workflow.topology import entries_of, reachable, successors_of


def read_graph_form(
    section: Section, *, name: str, children: tuple[WorkflowDefinition, ...]
) -> WorkflowDefinition:
    """Return the workflow in `section`; what cannot be read is reported and left out."""
    graph = section.section("graph", "the graph")
    if graph is None:
        if "graph" not in section.data:
            section.lacks("graph", "Write graph: {nodes: {…}, edges: […], entry: …}.")
        graph = Section(section.reading, (*section.path, "graph"), {}, what="the graph")
        section.reading.broken.add(("nodes",))
    nodes = _nodes(graph)
    edges = _edges(graph)
    switches = _switches(graph)
    definition = WorkflowDefinition(
        name=name or section.text("workflow"),
        version=version_of(section),
        description=section.text("description"),
        input_schema=input_schema_of(section),
        state=state_of(section),
        agents=agents_of(section),
        nodes=nodes,
        edges=edges,
        switches=switches,
        entry=_entry(graph, nodes, edges, switches),
        output=output_of(section),
        on_failure=section.choice("on_failure", ON_FAILURE, "fail"),
        limits=limits_of(section),
        children=children,
        guards=guards_of(section),
    )
    _check_parallel(graph, definition)
    if graph.data:
        graph.close()
    section.close(["workflow"])
    return definition


def _nodes(graph: Section) -> tuple[Node, ...]:
    reading = graph.reading
    reading.origins[("nodes",)] = (*graph.path, "nodes")
    found = graph.section("nodes", "the nodes")
    if found is None:
        if "nodes" not in graph.data and graph.data:
            graph.lacks("nodes", "Write nodes: {name: {function: …}, …}.")
        reading.broken.add(("nodes",))
        return ()
    reader = NodeReader(texts_are_literal=False)
    nodes = {
        name: reader.node(node, name, ("nodes", name)) for name, node in members(found, "node")
    }
    for name in found.data:
        if name not in nodes:
            reading.broken.add(("nodes", name))
            nodes[name] = Node(id=name, kind="function")
    return tuple(nodes[name] for name in found.data)


def _edges(graph: Section) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    graph.reading.origins[("edges",)] = (*graph.path, "edges")
    for section in sections(graph, "edges", "edge"):
        graph.reading.origins["edges", len(edges)] = section.path
        sources, targets = _ends(section, "from"), _ends(section, "to")
        section.close()
        if sources and targets:
            edges.append(Edge(sources=sources, targets=targets))
        else:
            graph.reading.broken.add(("reach",))
    return tuple(edges)


def _ends(section: Section, key: str) -> tuple[str, ...]:
    if key not in section.data:
        section.get(key)
        section.lacks(key, "Write {from: a, to: b}; several sources are a join.")
        return ()
    return section.names(key)


def _switches(graph: Section) -> tuple[Switch, ...]:
    switches: list[Switch] = []
    reading = graph.reading
    for section in sections(graph, "conditional_edges", "conditional edge"):
        path: Path = ("switches", len(switches))
        reading.origins[path] = section.path
        if "from" not in section.data:
            section.lacks("from", "Write {from: a, conditions: [{if: …, then: b}, {else: c}]}.")
        source = section.text("from")
        if "conditions" not in section.data:
            section.lacks("conditions", "Write conditions: [{if: …, then: b}, {else: c}].")
        cases, default = _cases(section, path)
        section.close()
        if source and cases:
            switches.append(Switch(source=source, cases=tuple(cases), default=default))
        else:
            reading.broken.add(("reach",))
    return tuple(switches)


def _cases(section: Section, path: Path) -> tuple[list[Case], str | None]:
    cases: list[Case] = []
    default: str | None = None
    found = sections(section, "conditions", "condition")
    for n, condition in enumerate(found):
        if "else" in condition.data:
            section.reading.origins[(*path, "default")] = (*condition.path, "else")
            default = condition.text("else") if condition.get("else") is not None else None
            if n < len(found) - 1:
                condition.fault("else", "'else' stands before other conditions.", "Put it last.")
        else:
            section.reading.origins[(*path, len(cases))] = condition.path
            case = _case(condition)
            if case is not None:
                section.reading.origins[(*path, len(cases), "condition")] = (*condition.path, "if")
                section.reading.origins[(*path, len(cases), "target")] = (*condition.path, "then")
                cases.append(case)
        condition.close()
    if all("else" in condition.data for condition in found) and section.has("conditions"):
        section.fault(
            "conditions",
            f"There is nothing to choose in {section.what}: no 'if'.",
            "Write a plain edge, or add {if: …, then: …}.",
        )
    return cases, default


def _case(section: Section) -> Case | None:
    missing = [key for key in ("if", "then") if not section.has(key)]
    for key in missing:
        section.lacks(key, 'Write {if: "state.round < 3", then: node}, or {else: node}.')
    if missing:
        section.reading.broken.add(("reach",))
        return None
    return Case(condition=expression(section, "if"), target=section.text("then"))


def _entry(
    graph: Section, nodes: tuple[Node, ...], edges: tuple[Edge, ...], switches: tuple[Switch, ...]
) -> tuple[str, ...]:
    graph.reading.origins[("entry",)] = (*graph.path, "entry")
    if "entry" in graph.data:
        return graph.names("entry")
    graph.get("entry")
    return entries_of(nodes, edges, switches)


def _check_parallel(graph: Section, definition: WorkflowDefinition) -> None:
    """Hold the names in `parallel_nodes` against the edges: no way leads from one to another."""
    if "parallel_nodes" not in graph.data:
        graph.get("parallel_nodes")
        return
    value = graph.get("parallel_nodes")
    groups = value if isinstance(value, list) and value else [value]
    if not all(isinstance(group, list) for group in groups):
        groups = [value]
    known = {node.id for node in definition.nodes}
    path: Path = (*graph.path, "parallel_nodes")
    for group in groups:
        if not isinstance(group, list) or not all(isinstance(name, str) for name in group):
            graph.wrong("parallel_nodes", "a list of node names")
            return
        names = [str(name) for name in group]
        strange = [name for name in names if name not in known]
        graph.reading.faults += [unknown("node", name, known, path) for name in strange]
        if not strange and not graph.reading.is_broken(("reach",)):
            _check_group(graph, definition, names)


def _check_group(graph: Section, definition: WorkflowDefinition, names: list[str]) -> None:
    successors = successors_of(definition)
    after = {name: reachable(successors, [name]) for name in names}
    for one in names:
        for other in names:
            if other != one and other in after[one] and one not in after[other]:
                graph.fault(
                    "parallel_nodes",
                    f"{one!r} and {other!r} are said to be parallel, but an edge leads from "
                    f"{one!r} on to {other!r}.",
                    "Take the edge away, or one of the names.",
                )
