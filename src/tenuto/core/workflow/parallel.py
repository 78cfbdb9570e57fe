"""Two nodes that surely run side by side and both replace one key of the state: one would be lost.

Only what is sure is refused: both lie behind different targets of one split, reached by edges that
are always taken, and no path leads from one to the other. What depends on a condition is left to
the session, which finds it when it happens.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tenuto.core.workflow.faults import Fault
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.topology import Graph, reachable, topology_of

_WRITERS_MAX: Final = 50
"""More nodes that write one key are not compared: the time would grow with their square."""

_START: Final = ""
"""Stands before the entry nodes: several of them are a split too."""


def faults_of_writers(definition: WorkflowDefinition) -> Iterator[Fault]:
    """Yield a fault for each key that two parallel nodes replace."""
    writers: dict[str, list[str]] = {}
    for node in definition.nodes:
        for key in node.updates or ():
            if key in definition.state and definition.state[key].reducer == "replace":
                writers.setdefault(key, []).append(node.id)
    if all(len(names) < 2 for names in writers.values()):
        return
    shape = topology_of(definition)
    forward = {
        name: tuple(target for target in targets if (name, target) not in shape.back_edges)
        for name, targets in shape.graph.items()
    }
    always = _always_taken(definition, forward)
    for key, names in writers.items():
        pair = _parallel_pair(names[:_WRITERS_MAX], forward, always)
        if pair is not None:
            message = f"Nodes {pair[0]!r} and {pair[1]!r} run in parallel and both replace {key!r}."
            hint = "Lead an edge from one to the other, use two keys, or a reducer that keeps both."
            yield Fault(("nodes", pair[1], "updates", key), message, hint)


def _always_taken(definition: WorkflowDefinition, forward: Graph) -> dict[str, tuple[str, ...]]:
    """Return the edges whose token is live whenever their source runs."""
    conditional = {node.id for node in definition.nodes if node.condition}
    taken: dict[str, dict[str, None]] = {_START: {}}
    taken[_START].update(dict.fromkeys(definition.entry))
    for edge in definition.edges:
        for source in edge.sources:
            for target in edge.targets:
                if target in forward[source]:
                    taken.setdefault(source, {})[target] = None
    return {
        source: tuple(target for target in targets if target not in conditional)
        for source, targets in taken.items()
    }


def _parallel_pair(names: list[str], forward: Graph, always: Graph) -> tuple[str, str] | None:
    after = {name: reachable(forward, [name]) for name in names}
    before = _sure_ancestors(names, always)
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            if other in after[one] or one in after[other]:
                continue
            if _split_between(before[one], before[other], always):
                return one, other
    return None


def _sure_ancestors(names: list[str], always: Graph) -> dict[str, set[str]]:
    """Return, for each name, the nodes after which it surely runs, itself included."""
    sources: dict[str, list[str]] = {}
    for source, targets in always.items():
        for target in targets:
            sources.setdefault(target, []).append(source)
    flipped: Mapping[str, tuple[str, ...]] = {name: tuple(found) for name, found in sources.items()}
    return {name: reachable(flipped, [name]) | {name} for name in names}


def _split_between(one: set[str], other: set[str], always: Graph) -> bool:
    """Return whether a node leads to both by different targets."""
    for source in one & other:
        first = [target for target in always.get(source, ()) if target in one]
        second = [target for target in always.get(source, ()) if target in other]
        if first and second and len({*first, *second}) > 1:
            return True
    return False
