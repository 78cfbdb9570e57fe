"""Workflows that nobody would write: every kind of node, wired by seeded dice."""

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.errors import DefinitionError
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import (
    AgentDefinition,
    Case,
    Edge,
    Limits,
    Node,
    RetryPolicy,
    StateKey,
    Switch,
    WorkflowDefinition,
)
from tenuto.core.workflow.program import Expressions
from tenuto.testing.simulation.random_agents import SEEN, random_agents, with_writers

NODES_MAX: Final = 8

_STATE: Final = {
    "total": StateKey(reducer="add", initial=0),
    "marks": StateKey(reducer="append", initial=[]),
    "words": StateKey(reducer="extend", initial=[]),
    "best": StateKey(reducer="max"),
    "least": StateKey(reducer="min"),
    "facts": StateKey(reducer="merge", initial={}),
    "names": StateKey(reducer="union", initial=[]),
    "rounds": StateKey(reducer="add", initial=0),
}
_RETRY: Final = RetryPolicy(max_attempts=3, initial_ms=400)
_KINDS: Final = (
    *("function",) * 8,
    *("map", "loop", "tool", "agent", "workflow") * 2,
    *("approval", "wait", "timer", "condition"),
)
_DEAR_MAX: Final = 3
_BODIES: Final = (
    *("function", "agent", "workflow") * 2,
    *("tool", "approval", "timer"),
)


class _Wiring:
    """A graph under construction. `open` are nodes from which an edge may still lead on."""

    def __init__(self, dice: random.Random, agents: tuple[AgentDefinition, ...]) -> None:
        self.dice, self.agents = dice, agents
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.switches: list[Switch] = []
        self.open: list[str] = []

    def pick(self, count: int) -> tuple[str, ...]:
        """Return up to `count` different nodes to lead on from."""
        return tuple(self.dice.sample(self.open, min(count, len(self.open))))

    def add(self, node: Node) -> str:
        self.nodes.append(node)
        self.open.append(node.id)
        return node.id

    def edge(self, sources: tuple[str, ...], *targets: str) -> None:
        self.edges.append(Edge(sources=sources, targets=targets))
        if len(self.open) > 1 and self.dice.random() < 0.7:
            self.open = [name for name in self.open if name not in sources] or self.open


def random_workflow(
    seed: object, expressions: Expressions, *, nodes_max: int = NODES_MAX
) -> WorkflowDefinition:
    """Return a valid workflow, the same for the same seed and size."""
    for attempt in range(50):
        dice = random.Random(f"{seed}/workflow/{nodes_max}/{attempt}")
        agents = random_agents(random.Random(f"{seed}/agents"))
        definition = _drawn(_Wiring(dice, agents), nodes_max, name="random", depth=0)
        try:
            compile_workflow(definition, expressions)
        except DefinitionError:
            # Not every drawing makes sense; what validation refuses is drawn again.
            continue
        return definition
    raise AssertionError(f"Seed {seed!r} gave fifty workflows that make no sense.")


def _drawn(wiring: _Wiring, nodes_max: int, *, name: str, depth: int) -> WorkflowDefinition:
    dice = wiring.dice
    count = dice.randint(1, max(1, nodes_max))
    entry = [wiring.add(_node(wiring, depth))]
    if count > 2 and dice.random() < 0.2:
        entry.append(wiring.add(_node(wiring, depth)))
    while len(wiring.nodes) < count:
        dice.choice(_STEPS)(wiring, depth)
    children: tuple[WorkflowDefinition, ...] = ()
    if any(_names_child(node) for node in wiring.nodes):
        below = _Wiring(dice, wiring.agents)
        children = (_drawn(below, min(3, nodes_max), name="child", depth=depth + 1),)
    definition = WorkflowDefinition(
        name=name,
        state=_STATE,
        agents=wiring.agents,
        nodes=tuple(wiring.nodes),
        edges=tuple(wiring.edges),
        switches=tuple(wiring.switches),
        entry=tuple(entry),
        output="state" if dice.random() < 0.3 else "",
        on_failure=dice.choice(("fail", "compensate", "fail", "continue")),
        limits=Limits(steps=dice.choice((6, 15, 30, 60)), budget=_budget(dice)),
        children=children,
    )
    return with_writers(definition)


def _budget(dice: random.Random) -> Budget:
    """Return bounds that many sessions meet."""
    if dice.random() < 0.5:
        return UNBOUNDED
    bounds: dict[str, Any] = {
        "tokens": dice.choice((60, 200, 400, 1_000)),
        "usd": dice.choice((0.001, 0.003, 0.02)),
        "turns": dice.choice((0, 2, 3, 5, 9)),
        "tool_calls": dice.choice((0, 2, 4, 9)),
        "seconds": dice.choice((5.0, 90.0, 3_600.0)),
    }
    names = dice.sample(sorted(bounds), dice.choice((1, 1, 2)))
    return Budget(**{name: bounds[name] for name in names})


def _is_dear(node: Node) -> bool:
    """Return whether a node makes many events each time it runs."""
    return node.kind in ("agent", "workflow") or (node.body is not None and _is_dear(node.body))


def _names_child(node: Node) -> bool:
    return node.kind == "workflow" or (node.body is not None and node.body.kind == "workflow")


def _chain(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(1)
    wiring.edge(sources, wiring.add(_node(wiring, depth)))


def _split(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(1)
    first = wiring.add(_node(wiring, depth))
    second = wiring.add(_node(wiring, depth))
    wiring.edge(sources, first, second)


def _join(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(wiring.dice.choice((2, 2, 3)))
    wiring.edge(sources, wiring.add(_node(wiring, depth)))


def _merge(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(2)
    target = wiring.add(_node(wiring, depth))
    for source in sources:
        wiring.edge((source,), target)


def _switch(wiring: _Wiring, depth: int) -> None:
    (source,) = wiring.pick(1)
    dice = wiring.dice
    first = wiring.add(_node(wiring, depth))
    second = wiring.add(_node(wiring, depth))
    cases = [Case(condition=_condition(dice), target=first)]
    default: str | None = second
    if dice.random() < 0.4:
        cases.append(Case(condition=_condition(dice), target=second))
        default = dice.choice((None, first))
    wiring.switches.append(Switch(source=source, cases=tuple(cases), default=default))


def _cycle(wiring: _Wiring, depth: int) -> None:
    """Lead back to an earlier node while there are rounds to go, and on to a new one after that."""
    (source,) = wiring.pick(1)
    dice = wiring.dice
    back = dice.choice(wiring.nodes).id
    if any(switch.source == source for switch in wiring.switches):
        return
    if any(map(_is_dear, wiring.nodes)):
        # It is to end by its rounds, and not when it has used up all steps: a function counts them.
        before, source = source, wiring.add(_function(wiring, f"n{len(wiring.nodes)}", depth))
        wiring.edge((before,), source)
    condition = f"state.rounds < {dice.randint(1, 4)}"
    exit_node = wiring.add(_node(wiring, depth))
    again = Case(condition=condition, target=back)
    wiring.switches.append(Switch(source=source, cases=(again,), default=exit_node))


_STEPS: Final[tuple[Callable[[_Wiring, int], None], ...]] = (
    *(_chain, _split, _join, _merge, _switch) * 2,
    _cycle,
)


def _condition(dice: random.Random) -> str:
    return dice.choice(
        (
            "state.total % 2 == 0",
            "inputs.n > 2",
            "state.rounds < 2",
            "size(state.marks) > 2",
            "true",
        )
    )


def _node(wiring: _Wiring, depth: int) -> Node:
    dice, name = wiring.dice, f"n{len(wiring.nodes)}"
    kind = dice.choice(_KINDS)
    if depth and (kind == "workflow" or (kind in ("agent", "tool") and dice.random() < 0.5)):
        kind = "function"
    node = _MAKE[kind](wiring, name, depth)
    changes: dict[str, Any] = {}
    if dice.random() < 0.1:
        changes["condition"] = _condition(dice)
    if dice.random() < 0.15:
        changes["on_failure"] = "continue"
    return msgspec.structs.replace(node, **changes)


def _function(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    seen = {"seen": dice.choice(SEEN)} if dice.random() < 0.3 else {}
    return Node(
        id=name,
        kind="function",
        ref="simulated:work",
        inputs={"node": f"'{name}'", "n": dice.choice(("inputs.n", "state.total", "1")), **seen},
        retry=_RETRY if dice.random() < 0.5 else None,
        timeout_ms=dice.choice((0, 0, 4_000, 20_000)),
        once=dice.random() < 0.2,
        recover="simulated:recover" if dice.random() < 0.4 else "",
        compensate="simulated:undo" if dice.random() < 0.3 else "",
    )


def _tool(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    ref = dice.choice(("look", "pay", "fetch", "mail", "post", "study"))
    inputs = {"what": dice.choice(SEEN) if dice.random() < 0.3 else f"'{name}'"}
    return Node(id=name, kind="tool", ref=f"simulated:{ref}", inputs=inputs)


def _agent(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    ref = dice.choice([agent.name for agent in wiring.agents])
    inputs = {"text": "'a question'"}
    if dice.random() < 0.4:
        inputs["seen"] = dice.choice(SEEN)
    return Node(id=name, kind="agent", ref=ref, inputs=inputs)


def _simple_body(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    kind = "function" if depth else dice.choice(_BODIES)
    body = _MAKE[kind](wiring, f"{name}.do", depth)
    return msgspec.structs.replace(body, compensate="")


def _map(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    count = dice.randint(0, 6)
    return Node(
        id=name,
        kind="map",
        items=str(list(range(count))),
        body=_simple_body(wiring, name, depth),
        concurrency=dice.randint(1, 4),
        on_item_failure=dice.choice(("fail", "collect")),
        updates={"words": "output.map(x, 'item')"} if dice.random() < 0.3 else None,
    )


def _loop(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    repeat = dice.choice(("", f"state.rounds < {dice.randint(1, 6)}", "index < 2"))
    limit = dice.randint(1, 4) if not repeat or dice.random() < 0.5 else 0
    body = _simple_body(wiring, name, depth)
    if _is_dear(body):
        # It counts no rounds: by itself the loop would use up all steps.
        limit = min(limit or _DEAR_MAX, _DEAR_MAX)
    return Node(id=name, kind="loop", body=body, repeat=repeat, max_iterations=limit)


def _workflow(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    timeout_ms = dice.choice((0, 0, 60_000))
    inputs = {"n": "inputs.n"}
    if dice.random() < 0.4:
        inputs["seen"] = dice.choice(SEEN)
    return Node(id=name, kind="workflow", ref="child", inputs=inputs, timeout_ms=timeout_ms)


def _approval(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    return Node(
        id=name,
        kind="approval",
        title="May it?",
        timeout_ms=dice.choice((0, 90_000, 7_200_000)),
        on_expiry=dice.choice(("deny", "approve", "fail")),
    )


def _wait(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    return Node(
        id=name,
        kind="wait",
        signal=dice.choice(("news", "reply")),
        timeout_ms=dice.choice((0, 45_000, 3_600_000)),
        on_timeout=dice.choice(("fail", "continue")),
    )


def _timer(wiring: _Wiring, name: str, depth: int) -> Node:
    dice = wiring.dice
    return Node(id=name, kind="timer", delay=dice.choice(("250", "'90s'", "'15m'", "'2h'")))


def _conditional(wiring: _Wiring, name: str, depth: int) -> Node:
    return Node(id=name, kind="condition", inputs={"even": "state.total % 2 == 0"})


_MAKE: Final[dict[str, Callable[[_Wiring, str, int], Node]]] = {
    "function": _function,
    "tool": _tool,
    "agent": _agent,
    "map": _map,
    "loop": _loop,
    "workflow": _workflow,
    "approval": _approval,
    "wait": _wait,
    "timer": _timer,
    "condition": _conditional,
}
