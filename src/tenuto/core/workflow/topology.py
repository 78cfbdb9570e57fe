"""The shape of a graph: its cycles, the edges that close them, and how many tokens a node waits
for.

Everything is iterative, and linear in the number of edges times the depth of cycles in cycles: ten
thousand nodes are fine.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from tenuto.core.workflow.model import Edge, Node, Switch, WorkflowDefinition
from tenuto.core.workflow.program import Cycle, Join

Graph: TypeAlias = Mapping[str, tuple[str, ...]]
"""Successors by node, in order of definition, each once."""


class Incoming(msgspec.Struct, frozen=True):
    """One incoming edge of a node: a plain edge, a whole join, or an option of a switch."""

    sources: tuple[str, ...]


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """What routing needs to know of the shape."""

    graph: dict[str, tuple[str, ...]]
    joins: tuple[Join, ...]
    cycles: tuple[Cycle, ...]
    cycle_of: dict[str, int]
    """Node to the index of its cycle; nodes in no cycle are absent."""
    back_edges: frozenset[tuple[str, str]]
    forward_in: dict[str, int]
    inner_edges: frozenset[str]
    """Nodes that forward edges from inside their own cycle lead to."""


def topology_of(definition: WorkflowDefinition) -> Topology:
    """Return the shape of a definition whose edges lead from and to nodes that exist."""
    joins = _joins(definition)
    incoming = _incoming(definition)
    graph = successors_of(definition)
    components = _components(graph)
    cycle_of: dict[str, int] = {}
    members: list[tuple[str, ...]] = []
    for component in components:
        if _is_cycle(component, graph):
            for name in component:
                cycle_of[name] = len(members)
            members.append(component)
    back = _back_edges(graph, arrivals(definition))
    forward_in, inner = _forward(definition, incoming, back, cycle_of)
    cycles = tuple(
        Cycle(index=n, nodes=names, exits=_exits(definition, n, cycle_of, joins))
        for n, names in enumerate(members)
    )
    return Topology(
        graph=graph,
        joins=joins,
        cycles=cycles,
        cycle_of=cycle_of,
        back_edges=back,
        forward_in=forward_in,
        inner_edges=frozenset(inner),
    )


def entries_of(
    nodes: Iterable[Node], edges: Iterable[Edge], switches: Iterable[Switch]
) -> tuple[str, ...]:
    """Return where a session begins when nothing is said: nodes that no edge leads to, or else the
    first."""
    led_to = {target for edge in edges for target in edge.targets}
    for switch in switches:
        led_to.update(switch_targets(switch.default, (case.target for case in switch.cases)))
    names = [node.id for node in nodes]
    return tuple(name for name in names if name not in led_to) or tuple(names[:1])


def reachable(graph: Graph, starts: Iterable[str]) -> set[str]:
    """Return the nodes that some path leads to from one of `starts`."""
    seen: set[str] = set()
    work = list(starts)
    while work:
        for name in graph.get(work.pop(), ()):
            if name not in seen:
                seen.add(name)
                work.append(name)
    return seen


def _joins(definition: WorkflowDefinition) -> tuple[Join, ...]:
    several = [edge for edge in definition.edges if len(edge.sources) > 1]
    return tuple(
        Join(index=n, sources=frozenset(edge.sources), targets=edge.targets)
        for n, edge in enumerate(several)
    )


def _incoming(definition: WorkflowDefinition) -> dict[str, list[Incoming]]:
    incoming: dict[str, list[Incoming]] = {node.id: [] for node in definition.nodes}
    for edge in definition.edges:
        for target in edge.targets:
            incoming[target].append(Incoming(edge.sources))
    for switch in definition.switches:
        for target in switch_targets(switch.default, (case.target for case in switch.cases)):
            incoming[target].append(Incoming((switch.source,)))
    return incoming


def switch_targets(default: str | None, targets: Iterable[str]) -> tuple[str, ...]:
    """Return the nodes that a switch may lead to, each once, the default last."""
    options = [*targets] if default is None else [*targets, default]
    return tuple(dict.fromkeys(options))


def successors_of(definition: WorkflowDefinition) -> dict[str, tuple[str, ...]]:
    """Return the nodes that edges of any kind lead to, by node."""
    successors: dict[str, dict[str, None]] = {node.id: {} for node in definition.nodes}
    for edge in definition.edges:
        for source in edge.sources:
            successors.setdefault(source, {}).update(dict.fromkeys(edge.targets))
    for switch in definition.switches:
        targets = switch_targets(switch.default, (case.target for case in switch.cases))
        successors.setdefault(switch.source, {}).update(dict.fromkeys(targets))
    return {name: tuple(targets) for name, targets in successors.items()}


def _components(graph: Graph) -> list[tuple[str, ...]]:
    """Return the strongly connected components; nodes and components in order of definition.

    Source: R. Tarjan, "Depth-first search and linear graph algorithms" (1972), made iterative."""
    order = {name: n for n, name in enumerate(graph)}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[tuple[str, ...]] = []
    for root in graph:
        if root in number:
            continue
        work = [(root, iter(graph[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, successors = work[-1]
            for successor in successors:
                if successor not in number:
                    number[successor] = low[successor] = len(number)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(graph[successor])))
                    break
                if successor in on_stack:
                    low[name] = min(low[name], number[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    component: list[str] = []
                    while not component or component[-1] != name:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    found.append(tuple(sorted(component, key=order.__getitem__)))
    return sorted(found, key=lambda component: order[component[0]])


def arrivals(definition: WorkflowDefinition) -> tuple[str, ...]:
    """Return the nodes that tokens can get to, in the order of their first arrival.

    A join passes a token on when all of its sources have been reached."""
    joins = [edge for edge in definition.edges if len(edge.sources) > 1]
    waiting = [set(edge.sources) for edge in joins]
    joins_of: dict[str, list[int]] = {}
    for n, edge in enumerate(joins):
        for source in edge.sources:
            joins_of.setdefault(source, []).append(n)
    single: dict[str, list[str]] = {}
    for edge in definition.edges:
        if len(edge.sources) == 1:
            single.setdefault(edge.sources[0], []).extend(edge.targets)
    for switch in definition.switches:
        targets = switch_targets(switch.default, (case.target for case in switch.cases))
        single.setdefault(switch.source, []).extend(targets)
    reached: dict[str, None] = {}
    work = deque(definition.entry)
    while work:
        name = work.popleft()
        if name in reached:
            continue
        reached[name] = None
        work.extend(single.get(name, ()))
        for n in joins_of.get(name, ()):
            waiting[n].discard(name)
            if not waiting[n]:
                work.extend(joins[n].targets)
    return tuple(reached)


def _back_edges(graph: Graph, arrived: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Return the edges that lead back to the head of a cycle: the first of its nodes that tokens
    get to. Without its head, what is left of a cycle may hold cycles of its own.

    Source: F. Bourdoncle, "Efficient chaotic iteration strategies with widenings" (1993)."""
    place = {name: n for n, name in enumerate(dict.fromkeys((*arrived, *graph)))}
    back: set[tuple[str, str]] = set()
    work = [part for part in _components(graph) if _is_cycle(part, graph)]
    while work:
        component = work.pop()
        head = min(component, key=place.__getitem__)
        back.update((source, head) for source in component if head in graph[source])
        rest = set(component) - {head}
        inner = {
            name: tuple(target for target in graph[name] if target in rest)
            for name in component
            if name != head
        }
        work += [part for part in _components(inner) if _is_cycle(part, inner)]
    return frozenset(back)


def _is_cycle(component: tuple[str, ...], graph: Graph) -> bool:
    return len(component) > 1 or component[0] in graph[component[0]]


def _forward(
    definition: WorkflowDefinition,
    incoming: Mapping[str, list[Incoming]],
    back: frozenset[tuple[str, str]],
    cycle_of: Mapping[str, int],
) -> tuple[dict[str, int], set[str]]:
    """Return how many edges bring each node a token per wave, and whose count is of inner edges."""
    counts: dict[str, int] = {}
    inner: set[str] = set()
    for name, edges in incoming.items():
        forward = [
            edge for edge in edges if not all((source, name) in back for source in edge.sources)
        ]
        own = cycle_of.get(name, -1)
        inside = [
            edge
            for edge in forward
            if own >= 0 and all(cycle_of.get(source, -1) == own for source in edge.sources)
        ]
        if inside:
            inner.add(name)
            counts[name] = len(inside)
        else:
            counts[name] = len(forward) + (name in definition.entry)
    return counts, inner


def _exits(
    definition: WorkflowDefinition,
    index: int,
    cycle_of: Mapping[str, int],
    joins: tuple[Join, ...],
) -> tuple[tuple[str, str], ...]:
    """Return the edges that leave a cycle, as (source, target) or (source, ">join")."""
    exits: dict[tuple[str, str], None] = {}

    def leaves(target: str) -> bool:
        return cycle_of.get(target, -1) != index

    for edge in definition.edges:
        if len(edge.sources) == 1 and cycle_of.get(edge.sources[0], -1) == index:
            exits.update(
                {(edge.sources[0], target): None for target in edge.targets if leaves(target)}
            )
    for join in joins:
        if all(map(leaves, join.targets)):
            for source in sorted(join.sources):
                if cycle_of.get(source, -1) == index:
                    exits[source, f">{join.index}"] = None
    for switch in definition.switches:
        if cycle_of.get(switch.source, -1) == index:
            for target in switch_targets(switch.default, (case.target for case in switch.cases)):
                if leaves(target):
                    exits[switch.source, target] = None
    return tuple(exits)
