"""Workflows that nobody would write: every kind of node, wired by seeded dice."""

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.errors import DefinitionError
from tenuto.core.vocabulary import Json, JsonObject
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
from tenuto.runtime.context import Context

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


class _Wiring:
    """A graph under construction. `open` are nodes from which an edge may still lead on."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
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
        definition = _drawn(dice, nodes_max, name="random", depth=0)
        try:
            compile_workflow(definition, expressions)
        except DefinitionError:
            # Not every drawing makes sense; what validation refuses is drawn again.
            continue
        return definition
    raise AssertionError(f"Seed {seed!r} gave fifty workflows that make no sense.")


def _drawn(dice: random.Random, nodes_max: int, *, name: str, depth: int) -> WorkflowDefinition:
    count = dice.randint(1, max(1, nodes_max))
    wiring = _Wiring(dice)
    entry = [wiring.add(_node(dice, 0, depth))]
    if count > 2 and dice.random() < 0.2:
        entry.append(wiring.add(_node(dice, 1, depth)))
    while len(wiring.nodes) < count:
        dice.choice(_STEPS)(wiring, depth)
    children: tuple[WorkflowDefinition, ...] = ()
    if any(_names_child(node) for node in wiring.nodes):
        children = (_drawn(dice, min(3, nodes_max), name="child", depth=depth + 1),)
    return WorkflowDefinition(
        name=name,
        state=_STATE,
        agents=_AGENTS,
        nodes=tuple(wiring.nodes),
        edges=tuple(wiring.edges),
        switches=tuple(wiring.switches),
        entry=tuple(entry),
        output="state" if dice.random() < 0.3 else "",
        on_failure=dice.choice(("fail", "compensate", "fail", "continue")),
        limits=Limits(steps=dice.choice((6, 15, 30, 60))),
        children=children,
    )


def _names_child(node: Node) -> bool:
    return node.kind == "workflow" or (node.body is not None and node.body.kind == "workflow")


def _chain(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(1)
    wiring.edge(sources, wiring.add(_node(wiring.dice, len(wiring.nodes), depth)))


def _split(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(1)
    first = wiring.add(_node(wiring.dice, len(wiring.nodes), depth))
    second = wiring.add(_node(wiring.dice, len(wiring.nodes), depth))
    wiring.edge(sources, first, second)


def _join(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(wiring.dice.choice((2, 2, 3)))
    wiring.edge(sources, wiring.add(_node(wiring.dice, len(wiring.nodes), depth)))


def _merge(wiring: _Wiring, depth: int) -> None:
    sources = wiring.pick(2)
    target = wiring.add(_node(wiring.dice, len(wiring.nodes), depth))
    for source in sources:
        wiring.edge((source,), target)


def _switch(wiring: _Wiring, depth: int) -> None:
    (source,) = wiring.pick(1)
    dice = wiring.dice
    first = wiring.add(_node(dice, len(wiring.nodes), depth))
    second = wiring.add(_node(dice, len(wiring.nodes), depth))
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
    condition = f"state.rounds < {dice.randint(1, 4)}"
    exit_node = wiring.add(_node(dice, len(wiring.nodes), depth))
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


def _node(dice: random.Random, number: int, depth: int) -> Node:
    name = f"n{number}"
    kind = dice.choice(_KINDS)
    if depth and kind in ("workflow", "agent", "tool"):
        kind = "function"
    node = _MAKE[kind](dice, name, depth)
    changes: dict[str, Any] = {}
    if dice.random() < 0.1:
        changes["condition"] = _condition(dice)
    if dice.random() < 0.15:
        changes["on_failure"] = "continue"
    return msgspec.structs.replace(node, **changes)


def _function(dice: random.Random, name: str, depth: int) -> Node:
    return Node(
        id=name,
        kind="function",
        ref="simulated:work",
        inputs={"node": f"'{name}'", "n": dice.choice(("inputs.n", "state.total", "1"))},
        retry=_RETRY if dice.random() < 0.5 else None,
        timeout_ms=dice.choice((0, 0, 4_000, 20_000)),
        once=dice.random() < 0.2,
        recover="simulated:recover" if dice.random() < 0.4 else "",
        compensate="simulated:undo" if dice.random() < 0.3 else "",
    )


def _tool(dice: random.Random, name: str, depth: int) -> Node:
    ref = dice.choice(("simulated:look", "simulated:pay"))
    return Node(id=name, kind="tool", ref=ref, inputs={"what": f"'{name}'"})


def _agent(dice: random.Random, name: str, depth: int) -> Node:
    ref = dice.choice([agent.name for agent in _AGENTS])
    return Node(id=name, kind="agent", ref=ref, inputs={"text": "'a question'"})


def _simple_body(dice: random.Random, name: str, depth: int) -> Node:
    kinds = ("function", "function", "function", "tool", "workflow", "agent", "approval", "timer")
    kind = "function" if depth else dice.choice(kinds)
    body = _MAKE[kind](dice, f"{name}.do", depth)
    return msgspec.structs.replace(body, compensate="")


def _map(dice: random.Random, name: str, depth: int) -> Node:
    count = dice.randint(0, 6)
    return Node(
        id=name,
        kind="map",
        items=str(list(range(count))),
        body=_simple_body(dice, name, depth),
        concurrency=dice.randint(1, 4),
        on_item_failure=dice.choice(("fail", "collect")),
        updates={"words": "output.map(x, 'item')"} if dice.random() < 0.3 else None,
    )


def _loop(dice: random.Random, name: str, depth: int) -> Node:
    repeat = dice.choice(("", f"state.rounds < {dice.randint(1, 6)}", "index < 2"))
    limit = dice.randint(1, 4) if not repeat or dice.random() < 0.5 else 0
    body = _simple_body(dice, name, depth)
    return Node(id=name, kind="loop", body=body, repeat=repeat, max_iterations=limit)


def _workflow(dice: random.Random, name: str, depth: int) -> Node:
    timeout_ms = dice.choice((0, 0, 60_000))
    inputs = {"n": "inputs.n"}
    return Node(id=name, kind="workflow", ref="child", inputs=inputs, timeout_ms=timeout_ms)


def _approval(dice: random.Random, name: str, depth: int) -> Node:
    return Node(
        id=name,
        kind="approval",
        title="May it?",
        timeout_ms=dice.choice((0, 90_000, 7_200_000)),
        on_expiry=dice.choice(("deny", "approve", "fail")),
    )


def _wait(dice: random.Random, name: str, depth: int) -> Node:
    return Node(
        id=name,
        kind="wait",
        signal=dice.choice(("news", "reply")),
        timeout_ms=dice.choice((0, 45_000, 3_600_000)),
        on_timeout=dice.choice(("fail", "continue")),
    )


def _timer(dice: random.Random, name: str, depth: int) -> Node:
    return Node(id=name, kind="timer", delay=dice.choice(("250", "'90s'", "'15m'", "'2h'")))


def _conditional(dice: random.Random, name: str, depth: int) -> Node:
    return Node(id=name, kind="condition", inputs={"even": "state.total % 2 == 0"})


_MAKE: Final[dict[str, Callable[[random.Random, str, int], Node]]] = {
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

_AGENTS: Final = (
    AgentDefinition(name="reader", model="simulated", tools=("simulated:look",), turns_max=3),
    AgentDefinition(
        name="clerk", model="simulated", tools=("simulated:look", "simulated:pay"), turns_max=2
    ),
    AgentDefinition(
        name="judge",
        model="simulated",
        output_schema={
            "type": "object",
            "properties": {"best": {"type": "integer"}},
            "required": ["best"],
        },
    ),
    AgentDefinition(name="hasty", model="simulated", tools=("simulated:look",), turns_max=1),
)


# The code that random workflows name


async def _work(ctx: Context, node: str, n: Json = 1) -> JsonObject:
    """Return something for every key of the state."""
    number = n if isinstance(n, int) else 1
    ctx.note("worked", {"node": node})
    return {
        "total": number + ctx.task,
        "marks": f"{node}:{ctx.task}",
        "words": [node],
        "best": number,
        "least": number,
        "facts": {node: ctx.task},
        "names": [node],
        "rounds": 1,
        "padding": "x" * (70_000 if ctx.task % 23 == 0 else 20),
    }


async def _recover(
    ctx: Context, error: Json, inputs: JsonObject, attempt: int
) -> JsonObject | None:
    return {**inputs, "n": attempt} if ctx.task % 3 else None


async def _undo(ctx: Context, output: Json, inputs: JsonObject) -> None:
    return None


class SimulatedTool:
    """A tool of random workflows; `pay` must not happen twice."""

    def __init__(self, name: str, *, once: bool, verify: Callable[..., Any] | None) -> None:
        parameters: JsonObject = {"type": "object", "properties": {"what": {"type": "string"}}}
        self.spec = ToolSpec(name=name, description=f"{name} at something", parameters=parameters)
        self.once, self.verify, self.timeout_ms = once, verify, 10_000
        self.takes_context = self.safe = False
        self.permission, self.labels, self.attempts_max = "", (), 0
        self.function: Callable[..., Any] = self._run

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """See `ToolCode.bind`."""
        return dict(arguments)

    async def _run(self, what: str = "it") -> JsonObject:
        return {"rounds": 1, "names": [what]}


def random_code(verify: Callable[[str], Json]) -> dict[str, Any]:
    """Return the code that random workflows name; `verify` tells whether an effect happened."""

    async def ask(effect: str) -> Json:
        return verify(effect)

    return {
        "simulated:work": _work,
        "simulated:recover": _recover,
        "simulated:undo": _undo,
        "simulated:look": SimulatedTool("look", once=False, verify=None),
        "simulated:pay": SimulatedTool("pay", once=True, verify=ask),
    }
