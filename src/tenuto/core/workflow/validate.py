"""What can be wrong with a definition, whoever wrote it. Expressions are checked by `compile`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import get_args

import msgspec

from tenuto.core import limits
from tenuto.core.agent.routes import listed
from tenuto.core.budget import fault_of
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.addresses import faults_of_addresses
from tenuto.core.workflow.faults import Fault, Path, meant, unknown
from tenuto.core.workflow.model import REDUCER_EMPTY, Reuse, StateKey, WorkflowDefinition
from tenuto.core.workflow.parallel import faults_of_writers
from tenuto.core.workflow.section import shown
from tenuto.core.workflow.topology import arrivals, reachable, successors_of
from tenuto.core.workflow.validate_borders import faults_of_borders
from tenuto.core.workflow.validate_nodes import faults_of_node
from tenuto.core.workflow.validate_tools import faults_of_tools


def problems_of(definition: WorkflowDefinition) -> list[Problem]:
    """Return every problem of a definition's parts and of how they fit together."""
    return [fault.problem() for fault in faults_of(definition)]


def faults_of(
    definition: WorkflowDefinition, *, broken: Callable[[Path], bool] = lambda path: False
) -> list[Fault]:
    """Return everything wrong with a definition, its children included.

    `broken` tells which parts only stand in for something that could not be read."""
    misshapen = _misshapen(definition)
    if misshapen is not None:
        return [misshapen]
    faults = [*_of_names(definition), *_of_limits(definition), *_of_agents(definition)]
    faults += [*_of_delegates(definition), *faults_of_borders(definition)]
    faults += faults_of_addresses(definition)
    if not definition.nodes and not broken(("reach",)):
        faults.append(Fault(("nodes",), "The workflow has no nodes.", "Add at least one."))
    for node in definition.nodes:
        if not broken(("nodes", node.id)):
            faults += faults_of_node(node, definition, ("nodes", node.id))
    of_graph = [*_of_edges(definition), *_of_switches(definition), *_of_entry(definition)]
    faults += of_graph
    for name, key in definition.state.items():
        faults += _of_state(name, key)
    if not of_graph and not broken(("reach",)) and not broken(("nodes",)):
        lost = list(_of_reach(definition))
        faults += lost or faults_of_writers(definition)
    for child in definition.children:
        above: Path = ("workflows", child.name)
        inner = faults_of(child, broken=partial(_broken_below, broken, above))
        faults += [fault.below(above) for fault in inner]
    return [fault for fault in faults if not broken(fault.path)]


def _misshapen(definition: WorkflowDefinition) -> Fault | None:
    """Return the first value that is of a wrong type: whoever builds a struct may put anything in.

    Closed sets of words are left to the checks that know their place."""
    try:
        plain = msgspec.to_builtins(definition)
        msgspec.convert(plain, WorkflowDefinition)
    except msgspec.ValidationError as error:
        if "Invalid enum value" not in str(error):
            return Fault((), f"A part of the workflow is of a wrong type: {error}.")
    except TypeError as error:
        return Fault((), f"A part of the workflow is no data: {error}.")
    return None


def _broken_below(broken: Callable[[Path], bool], above: Path, path: Path) -> bool:
    return broken((*above, *path))


def name_fault(name: str, path: Path, what: str) -> Fault | None:
    """Return what is wrong with a name that expressions may use, or None."""
    if not name:
        return Fault(path, f"A {what} has no name.")
    if len(name) > limits.NAME_CHARS_MAX:
        length = f"{len(name)} characters; at most {limits.NAME_CHARS_MAX} are allowed"
        return Fault(path, f"The name of {what} {name[:40]!r}… has {length}.")
    if not name.replace("-", "_").isidentifier():
        hint = "Use letters, digits, _ and -, beginning with a letter or _."
        return Fault(path, f"{name!r} is no name of a {what}.", hint)
    return None


def _of_names(definition: WorkflowDefinition) -> Iterator[Fault]:
    name = definition.name
    if not name.strip():
        yield Fault(("name",), "The workflow has no name.", "Give it one, such as triage.")
    elif len(name) > limits.NAME_CHARS_MAX:
        yield Fault(
            ("name",),
            f"The workflow's name has {len(name)} characters; "
            f"at most {limits.NAME_CHARS_MAX} are allowed.",
        )
    if len(definition.nodes) > limits.NODES_MAX:
        found = len(definition.nodes)
        message = f"There are {found} nodes; at most {limits.NODES_MAX} are allowed."
        yield Fault(("nodes",), message, "Put parts into workflows of their own, or use a map.")
    for twice in _repeated(node.id for node in definition.nodes):
        yield Fault(("nodes", twice), f"Two nodes are named {twice!r}.", "Rename one of them.")
    for node in definition.nodes:
        fault = name_fault(node.id, ("nodes", node.id), "node")
        if fault is not None:
            yield fault
    for twice in _repeated(child.name for child in definition.children):
        yield Fault(("workflows", twice), f"Two workflows within are named {twice!r}.")


def _of_delegates(definition: WorkflowDefinition) -> Iterator[Fault]:
    """Agents that call agents, or leave their task to them: each is there, and no chain comes back
    to its start."""
    calls = {agent.name: (*agent.delegates, *agent.handoffs) for agent in definition.agents}
    for agent in definition.agents:
        name = agent.name
        for part in ("delegates", "handoffs"):
            for other in getattr(agent, part):
                if other not in calls:
                    path = ("agents", name, part)
                    yield Fault(path, f"Agent {name!r} may call {other!r}, and there is none.")
        for other in agent.narrowed:
            if other not in calls[name]:
                message = f"Agent {name!r} narrows what {other!r} may do, and cannot call it."
                hint = "Name it under delegates or handoffs."
                yield Fault(("agents", name, "narrowed", other), message, hint)
        if _calls_itself(name, calls):
            yield Fault(
                ("agents", name, "delegates"),
                f"Agent {name!r} may come to call itself by way of those that it calls.",
                "Give a lower agent fewer delegates: nothing would end the calls.",
            )


def _calls_itself(name: str, calls: Mapping[str, Sequence[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(calls[name])
    while waiting:
        called = waiting.pop()
        if called == name:
            return True
        if called not in seen:
            seen.add(called)
            waiting += calls.get(called, ())
    return False


def _of_limits(definition: WorkflowDefinition) -> Iterator[Fault]:
    options = ("fail", "compensate", "continue")
    if definition.on_failure not in options:
        message = f"on_failure is {definition.on_failure!r}; it is one of {', '.join(options)}."
        yield Fault(("on_failure",), message, meant(definition.on_failure, options))
    steps = definition.limits.steps
    if steps < 1:
        yield Fault(("limits", "steps"), f"A session may make {steps} steps; give it 1 or more.")
    fault = fault_of(definition.limits.budget)
    if fault:
        yield Fault(("limits",), f"{fault[0].upper()}{fault[1:]}.")


def _of_agents(definition: WorkflowDefinition) -> Iterator[Fault]:
    for twice in _repeated(agent.name for agent in definition.agents):
        yield Fault(("agents", twice), f"Two agents are named {twice!r}.", "Rename one of them.")
    for agent in definition.agents:
        path: Path = ("agents", agent.name)
        if not agent.name:
            yield Fault(path, "An agent has no name.")
        if agent.turns_max < 1:
            message = f"Agent {agent.name!r} may take {agent.turns_max} turns; give it 1 or more."
            yield Fault((*path, "turns_max"), message)
        if agent.model_timeout_ms < 1:
            message = f"A model timeout of {agent.model_timeout_ms} ms is none; give 1 ms or more."
            yield Fault((*path, "model_timeout"), message)
        yield from faults_of_tools(agent, (*path, "tools"))
        if "," in agent.model:
            try:
                listed(agent.model)
            except DefinitionError as error:
                for problem in error.problems:
                    message = f"Agent {agent.name!r}: {problem.message}"
                    yield Fault((*path, "model"), message, problem.hint)
        if agent.cache not in get_args(Reuse):
            yield unknown("cache", agent.cache, get_args(Reuse), (*path, "cache"))
        if agent.cache_ttl_ms < 0:
            message = f"A cache_ttl of {agent.cache_ttl_ms} ms is none; give 0 ms or more."
            yield Fault((*path, "cache_ttl"), message)


def _of_edges(definition: WorkflowDefinition) -> Iterator[Fault]:
    nodes = {node.id for node in definition.nodes}
    seen: set[tuple[str, str]] = set()
    for n, edge in enumerate(definition.edges):
        path: Path = ("edges", n)
        if not edge.sources or not edge.targets:
            yield Fault(path, "An edge needs a source and a target.", "Write {from: a, to: b}.")
        for twice in _repeated(edge.sources):
            yield Fault((*path, "from"), f"The join waits for {twice!r} twice.")
        for twice in _repeated(edge.targets):
            yield Fault((*path, "to"), f"The edge leads to {twice!r} twice.")
        for end, names in (("from", edge.sources), ("to", edge.targets)):
            for name in names:
                if name not in nodes:
                    yield unknown("node", name, nodes, (*path, end))
        if len(edge.sources) == 1:
            for target in dict.fromkeys(edge.targets):
                if (edge.sources[0], target) in seen:
                    message = f"There are two edges from {edge.sources[0]!r} to {target!r}."
                    yield Fault(path, message, f"Take one away, or {target!r} would run twice.")
                seen.add((edge.sources[0], target))


def _of_switches(definition: WorkflowDefinition) -> Iterator[Fault]:
    nodes = {node.id for node in definition.nodes}
    plain = {
        (edge.sources[0], target)
        for edge in definition.edges
        if len(edge.sources) == 1
        for target in edge.targets
    }
    for n, switch in enumerate(definition.switches):
        path: Path = ("switches", n)
        if switch.source not in nodes:
            yield unknown("node", switch.source, nodes, (*path, "from"))
        if not switch.cases:
            hint = "Give it at least one {if: …, then: …}."
            yield Fault(path, f"The switch of {switch.source!r} has no cases.", hint)
        targets: list[tuple[Path, str]] = [
            ((*path, m, "target"), case.target) for m, case in enumerate(switch.cases)
        ]
        if switch.default is not None:
            targets.append(((*path, "default"), switch.default))
        for place, target in targets:
            if target not in nodes:
                yield unknown("node", target, nodes, place)
            elif (switch.source, target) in plain:
                message = f"An edge leads from {switch.source!r} to {target!r} in any case."
                yield Fault(place, message, "Take the edge or this condition away.")


def _of_entry(definition: WorkflowDefinition) -> Iterator[Fault]:
    nodes = {node.id for node in definition.nodes}
    if not definition.entry and nodes:
        yield Fault(("entry",), "The workflow has no entry.", "Name the node to begin with.")
    for name in definition.entry:
        if name not in nodes:
            yield unknown("node", name, nodes, ("entry",))
    for twice in _repeated(definition.entry):
        yield Fault(("entry",), f"Entry {twice!r} is named twice.")


def _of_state(name: str, key: StateKey) -> Iterator[Fault]:
    path: Path = ("state", name)
    fault = name_fault(name, path, "state key")
    if fault is not None:
        yield fault
    if key.reducer not in REDUCER_EMPTY:
        yield unknown("reducer", key.reducer, REDUCER_EMPTY, path)
        return
    wanted = _unfit(key.reducer, key.initial)
    if wanted is not None:
        empty = shown(REDUCER_EMPTY[key.reducer])
        message = f"State key {name!r} ({key.reducer}) begins with {shown(key.initial)}; {wanted}."
        yield Fault((*path, "initial"), message, f"Without initial it begins with {empty}.")


def _unfit(reducer: str, initial: Json) -> str | None:
    """Return what the initial value would have to be, or None if it fits."""
    empty = REDUCER_EMPTY[reducer]
    if isinstance(empty, list):
        return None if isinstance(initial, list) else "it must be a list"
    if isinstance(empty, dict):
        return None if isinstance(initial, dict) else "it must be an object"
    is_number = isinstance(initial, int | float) and not isinstance(initial, bool)
    if reducer == "add":
        return None if is_number else "it must be a number"
    if reducer in ("max", "min"):
        fits = initial is None or is_number or isinstance(initial, str)
        return None if fits else "it must be a number or text, or left out"
    return None


def _of_reach(definition: WorkflowDefinition) -> Iterator[Fault]:
    """A node starts when a token can get to it: a join passes one on when all have arrived."""
    graph = successors_of(definition)
    reached = reachable(graph, definition.entry) | set(definition.entry)
    for node in definition.nodes:
        if node.id not in reached:
            message = f"Node {node.id!r} cannot be reached from the entry."
            hint = f"Lead an edge to it, or add it to the entry ({', '.join(definition.entry)})."
            yield Fault(("nodes", node.id), message, hint)
    started = set(arrivals(definition))
    for n, edge in enumerate(definition.edges):
        late = [name for name in edge.sources if name in reached and name not in started]
        if late and len(edge.sources) > 1 and any(name in started for name in edge.sources):
            targets = ", ".join(map(repr, edge.targets))
            message = f"The join to {targets} waits for {late[0]!r}, which can only start after it."
            yield Fault(("edges", n), message, "Lead that source to its target by an edge alone.")


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)
