"""What can be wrong with a definition, whoever wrote it. Expressions are checked by `compile`."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from tenuto.core import limits
from tenuto.core.errors import Problem
from tenuto.core.workflow.model import REDUCER_EMPTY, Node, RetryPolicy, WorkflowDefinition

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "agent": ("ref",),
    "tool": ("ref",),
    "function": ("ref",),
    "workflow": ("ref",),
    "map": ("items", "body"),
    "loop": ("body",),
    "wait": ("signal",),
}
_KEYWORD: Final = {
    "ref": "a name",
    "items": "a list to go over",
    "body": "do",
    "signal": "a signal",
}


def problems_of(definition: WorkflowDefinition) -> list[Problem]:
    """Return every problem of a definition's parts and of how they fit together."""
    problems = list(_of_names(definition))
    if problems:
        return problems
    for node in definition.nodes:
        problems += _of_node(node, definition, f"nodes.{node.id}")
    problems += _of_edges(definition)
    problems += _of_state(definition)
    if not problems:
        problems += _of_reach(definition)
    return problems


def unknown(what: str, name: str, known: Iterable[str], path: str) -> Problem:
    """Return the problem of a name that nothing has, with the nearest name that something has."""
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(names) or 'none'}."
    return Problem(message=f"There is no {what} {name!r}.", path=path, hint=hint)


def _of_names(definition: WorkflowDefinition) -> Iterator[Problem]:
    if not definition.name:
        yield Problem(message="The workflow has no name.", hint="Give it one, as workflow: triage.")
    if not definition.nodes:
        yield Problem(message="The workflow has no nodes.", path="nodes", hint="Add at least one.")
    if len(definition.nodes) > limits.NODES_MAX:
        found = len(definition.nodes)
        yield Problem(
            message=f"{found} nodes; at most {limits.NODES_MAX} are allowed.", path="nodes"
        )
    seen: set[str] = set()
    for node in definition.nodes:
        path = f"nodes.{node.id}"
        if node.id in seen:
            yield Problem(message=f"Two nodes are named {node.id!r}.", path=path)
        seen.add(node.id)
        yield from _of_name(node.id, path)
    agents = [agent.name for agent in definition.agents]
    for name in sorted({name for name in agents if agents.count(name) > 1}):
        yield Problem(message=f"Two agents are named {name!r}.", path=f"agents.{name}")


def _of_name(name: str, path: str) -> Iterator[Problem]:
    if not name or len(name) > limits.NAME_CHARS_MAX:
        hint = f"A name has 1 to {limits.NAME_CHARS_MAX} characters."
        yield Problem(message=f"{name[:40]!r} is no name of a node.", path=path, hint=hint)
    elif not name.replace("-", "_").isidentifier():
        hint = "Use letters, digits, _ and -, beginning with a letter or _."
        yield Problem(message=f"{name!r} is no name of a node.", path=path, hint=hint)


def _of_node(node: Node, definition: WorkflowDefinition, path: str) -> Iterator[Problem]:
    for field in _NEEDS.get(node.kind, ()):
        if not getattr(node, field):
            message = f"Node {node.id!r} ({node.kind}) lacks {_KEYWORD[field]}."
            yield Problem(message=message, path=path)
    if node.kind == "agent" and node.ref:
        agents = [agent.name for agent in definition.agents]
        if node.ref not in agents:
            yield unknown("agent", node.ref, agents, path)
    if node.kind == "timer" and bool(node.delay) == bool(node.until):
        hint = "Give it a delay or a moment, not both."
        yield Problem(
            message=f"Timer {node.id!r} needs one time to wait for.", path=path, hint=hint
        )
    if node.kind == "loop" and not node.repeat and not node.max_iterations:
        hint = "Give it while: or max:."
        yield Problem(message=f"Loop {node.id!r} has no end.", path=path, hint=hint)
    if node.concurrency < 1:
        message = f"Map {node.id!r} runs {node.concurrency} items at once; at least 1 is needed."
        yield Problem(message=message, path=path)
    if node.timeout_ms < 0 or node.max_iterations < 0:
        yield Problem(message=f"Node {node.id!r} has a negative limit.", path=path)
    if node.retry is not None:
        yield from _of_retry(node.retry, f"{path}.retry")
    for key in node.updates or ():
        if key not in definition.state:
            yield unknown("state key", key, definition.state, f"{path}.updates.{key}")
    if node.body is not None:
        if node.body.kind in ("map", "loop", "condition"):
            message = f"A {node.body.kind} cannot be the body of {node.kind} {node.id!r}."
            hint = "Make the body a workflow of its own and name that."
            yield Problem(message=message, path=f"{path}.do", hint=hint)
        if node.body.condition:
            message = f"The body of {node.kind} {node.id!r} cannot have a condition."
            yield Problem(message=message, path=f"{path}.do.condition")
        yield from _of_node(node.body, definition, f"{path}.do")


def _of_retry(retry: RetryPolicy, path: str) -> Iterator[Problem]:
    if not 1 <= retry.max_attempts <= limits.ATTEMPTS_MAX:
        message = f"max_attempts is {retry.max_attempts}; 1 to {limits.ATTEMPTS_MAX} are allowed."
        yield Problem(message=message, path=path)
    if retry.initial_ms < 0 or retry.max_ms < 0 or retry.factor < 1 or not 0 <= retry.jitter <= 1:
        message = "A retry waits at least 0 ms, by a factor of at least 1, with a jitter of 0 to 1."
        yield Problem(message=message, path=path)


def _of_edges(definition: WorkflowDefinition) -> Iterator[Problem]:
    nodes = {node.id for node in definition.nodes}
    for n, edge in enumerate(definition.edges):
        path = f"edges.{n}"
        if not edge.sources or not edge.targets:
            hint = "Write {from: a, to: b}."
            yield Problem(message="An edge needs a source and a target.", path=path, hint=hint)
        if len(set(edge.sources)) < len(edge.sources):
            yield Problem(message="A join names one source twice.", path=path)
        for name in (*edge.sources, *edge.targets):
            if name not in nodes:
                yield unknown("node", name, nodes, path)
    for n, switch in enumerate(definition.switches):
        path = f"switches.{n}"
        if not switch.cases:
            hint = "Give it at least one {if: …, then: …}."
            yield Problem(
                message=f"The switch from {switch.source!r} has no cases.", path=path, hint=hint
            )
        names = [switch.source, *(case.target for case in switch.cases)]
        if switch.default is not None:
            names.append(switch.default)
        for name in names:
            if name not in nodes:
                yield unknown("node", name, nodes, path)
    if not definition.entry:
        yield Problem(message="The workflow has no entry.", path="entry", hint="Name a node.")
    for name in definition.entry:
        if name not in nodes:
            yield unknown("node", name, nodes, "entry")


def _of_state(definition: WorkflowDefinition) -> Iterator[Problem]:
    for name, key in definition.state.items():
        path = f"state.{name}"
        if key.reducer not in REDUCER_EMPTY:
            yield unknown("reducer", key.reducer, REDUCER_EMPTY, path)
            continue
        empty = REDUCER_EMPTY[key.reducer]
        fits = empty is None or type(key.initial) is type(empty)
        if key.reducer == "add":
            fits = isinstance(key.initial, int | float) and not isinstance(key.initial, bool)
        if not fits:
            message = f"State key {name!r} ({key.reducer}) cannot begin with {key.initial!r}."
            yield Problem(message=message, path=path, hint=f"An example that fits: {empty!r}.")


def _of_reach(definition: WorkflowDefinition) -> Iterator[Problem]:
    successors: dict[str, set[str]] = {node.id: set() for node in definition.nodes}
    for edge in definition.edges:
        for source in edge.sources:
            successors[source].update(edge.targets)
    for switch in definition.switches:
        successors[switch.source].update(case.target for case in switch.cases)
        if switch.default is not None:
            successors[switch.source].add(switch.default)
    reached = set(definition.entry)
    work = list(definition.entry)
    while work:
        for name in successors[work.pop()] - reached:
            reached.add(name)
            work.append(name)
    for node in definition.nodes:
        if node.id not in reached:
            hint = "Lead an edge to it, or make it an entry."
            message = f"Node {node.id!r} cannot be reached from the entry."
            yield Problem(message=message, path=f"nodes.{node.id}", hint=hint)
