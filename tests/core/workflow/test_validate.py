"""What is refused whoever wrote the definition: no file, no builder, just data."""

import pytest
from msgspec.structs import replace

from tenuto.core import limits
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
from tenuto.core.workflow.validate import problems_of
from tests.core.workflow.shapes import drawn

GOOD = drawn("a > b c", "b+c > d", "d ? a | -")
WORK = Node(id="a", kind="function", ref="m:f")
BODY = Node(id="a.do", kind="function", ref="m:f")


def with_node(node: Node) -> WorkflowDefinition:
    return WorkflowDefinition(name="w", nodes=(node,), entry=("a",))


def test_a_good_definition_has_no_problems() -> None:
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (replace(GOOD, name=" "), "The workflow has no name."),
        (replace(GOOD, name="x" * 201), "has 201 characters"),
        (WorkflowDefinition(name="w", nodes=(), entry=()), "The workflow has no nodes."),
        (replace(GOOD, entry=()), "The workflow has no entry."),
        (replace(GOOD, entry=("x",)), "There is no node 'x'."),
        (replace(GOOD, entry=("a", "a")), "Entry 'a' is named twice."),
        (replace(GOOD, limits=Limits(steps=0)), "may make 0 steps"),
        (replace(GOOD, on_failure="compensat"), "it is one of fail, compensate, continue"),
        (replace(GOOD, version=2), "of a wrong type: Expected `str`, got `int` - at `$.version`"),
        (replace(GOOD, output=object()), "is no data"),
        (replace(GOOD, nodes=(*GOOD.nodes, WORK)), "Two nodes are named 'a'."),
        (replace(GOOD, edges=(*GOOD.edges, Edge(sources=(), targets=("b",)))), "needs a source"),
        (replace(GOOD, edges=(Edge(sources=("a", "x"), targets=("b",)),)), "no node 'x'"),
        (replace(GOOD, edges=(Edge(sources=("a",), targets=("b", "b")),)), "to 'b' twice"),
        (replace(GOOD, switches=(Switch(source="d", cases=()),)), "has no cases"),
        (
            replace(GOOD, switches=(Switch(source="x", cases=(Case(condition="1", target="a"),)),)),
            "no node 'x'",
        ),
        (
            replace(GOOD, switches=(Switch(source="d", cases=(Case(condition="1", target="x"),)),)),
            "no node 'x'",
        ),
        (
            replace(GOOD, agents=(AgentDefinition(name="x"), AgentDefinition(name="x"))),
            "Two agents are named 'x'.",
        ),
        (replace(GOOD, agents=(AgentDefinition(name=""),)), "An agent has no name."),
        (replace(GOOD, agents=(AgentDefinition(name="x", turns_max=0),)), "0 turns"),
        (replace(GOOD, agents=(AgentDefinition(name="x", model_timeout_ms=0),)), "0 ms"),
        (replace(GOOD, agents=(AgentDefinition(name="x", tools=("t", "t")),)), "'t' twice"),
        (
            replace(GOOD, agents=(AgentDefinition(name="x", tools=("GitHub.*",)),)),
            "Among the tools of agent 'x', 'GitHub.*' names no tools.",
        ),
        (
            with_node(Node(id="a", kind="tool", ref="github.*")),
            "'github.*' is a pattern, and one tool is wanted",
        ),
        (replace(GOOD, children=(GOOD, GOOD)), "Two workflows within are named 'drawn'."),
        (replace(GOOD, children=(replace(GOOD, entry=("x",)),)), "no node 'x'"),
        (drawn("a > b", "c"), "Node 'c' cannot be reached from the entry."),
        (drawn("a > b", "b+d > c", "c > d"), "waits for 'd', which can only start after it"),
    ],
)
def test_a_workflow_that_does_not_hold_together_is_refused(
    definition: WorkflowDefinition, said: str
) -> None:
    found = problems_of(definition)

    assert len(found) == 1, found
    assert said in found[0].message


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Node(id="", kind="function", ref="m:f"), "A node has no name."),
        (Node(id="a.do", kind="function", ref="m:f"), "is no name of a node"),
        (Node(id="a b", kind="function", ref="m:f"), "is no name of a node"),
        (Node(id="1a", kind="function", ref="m:f"), "is no name of a node"),
        (Node(id="a>b", kind="function", ref="m:f"), "is no name of a node"),
        (Node(id="a", kind="function"), "lacks 'function'"),
        (Node(id="a", kind="function", ref="f"), "'f' names no function"),
        (Node(id="a", kind="agent", ref="x"), "There is no agent 'x'."),
        (Node(id="a", kind="wait"), "lacks 'wait'"),
        (Node(id="a", kind="approval"), "lacks 'approval'"),
        (Node(id="a", kind="map", items="[]"), "lacks 'do'"),
        (Node(id="a", kind="map", body=BODY), "lacks 'map'"),
        (Node(id="a", kind="loop", body=BODY), "has no end"),
        (Node(id="a", kind="timer"), "found neither"),
        (Node(id="a", kind="timer", delay="1", until="2"), "found both"),
        (Node(id="a", kind="wait", signal="s", delay="1", timeout_ms=2), "has two deadlines"),
        (Node(id="a", kind="condition"), "has no expression"),
        (replace(WORK, timeout_ms=-1), "out of range"),
        (replace(WORK, updates={"x": "output"}), "There is no state key 'x'."),
        (replace(WORK, recover="mend"), "'mend' names no function"),
        (replace(WORK, signal="s"), "cannot have 'wait'"),
        (replace(WORK, on_failure="ignore"), "'on_failure' of node 'a' is 'ignore'"),
        (
            replace(Node(id="a", kind="wait", signal="s"), on_timeout="go on"),
            "it is one of fail, continue",
        ),
        (replace(WORK, inputs={"x": 1}), "Expected `str`, got `int`"),
        (replace(WORK, concurrency=3), "cannot have 'concurrency'"),
        (replace(WORK, retry=RetryPolicy(max_attempts=0)), "max_attempts is 0"),
        (replace(WORK, retry=RetryPolicy(jitter=2)), "jitter is 0 to 1"),
        (
            replace(WORK, retry=replace(RetryPolicy(), backoff="linear")),
            "it is exponential or fixed",
        ),
        (replace(WORK, kind="functoin"), "There is no kind of node 'functoin'."),
        (replace(WORK, retry=RetryPolicy(factor=0.5)), "a factor of at least 1"),
        (Node(id="a", kind="timer", delay="1", once=True), "cannot have 'once'"),
        (Node(id="a", kind="map", items="[]", body=BODY, concurrency=0), "0 items at once"),
        (Node(id="a", kind="loop", body=BODY, max_iterations=-1), "at most -1 times"),
        (Node(id="a", kind="map", items="[]", body=replace(BODY, id="x")), "not 'a.do'"),
        (
            Node(id="a", kind="map", items="[]", body=replace(BODY, condition="true")),
            "cannot have 'if'",
        ),
        (
            Node(id="a", kind="loop", repeat="false", body=replace(BODY, on_failure="continue")),
            "cannot have 'on_failure'",
        ),
        (
            Node(id="a", kind="map", items="[]", body=Node(id="a.do", kind="loop", body=BODY)),
            "A loop cannot be the body",
        ),
    ],
)
def test_a_node_that_cannot_work_is_refused(node: Node, said: str) -> None:
    definition = replace(with_node(node), entry=(node.id,))

    found = problems_of(definition)

    assert len(found) == 1, found
    assert said in found[0].message


@pytest.mark.parametrize(
    ("reducer", "fitting", "unfit"),
    [
        ("append", [], None),
        ("extend", [1], {}),
        ("union", [], 0),
        ("add", 1.5, "1"),
        ("add", 0, True),
        ("max", None, []),
        ("min", "a", True),
        ("merge", {}, []),
        ("replace", "anything", None),
    ],
)
def test_an_initial_value_fits_its_reducer(reducer: str, fitting: object, unfit: object) -> None:
    def found(initial: object) -> list[str]:
        key = StateKey(reducer=reducer, initial=initial)  # type: ignore[arg-type]
        return [problem.message for problem in problems_of(replace(GOOD, state={"k": key}))]

    assert found(fitting) == []
    if reducer != "replace":
        assert len(found(unfit)) == 1


def test_an_unknown_reducer_is_told_with_the_nearest() -> None:
    key = StateKey(reducer="mrge", initial={})  # type: ignore[arg-type]

    (problem,) = problems_of(replace(GOOD, state={"k": key}))

    assert problem.hint == "Did you mean 'merge'?"


def test_there_may_be_ten_thousand_nodes_and_not_one_more() -> None:
    def of(count: int) -> WorkflowDefinition:
        nodes = tuple(Node(id=f"n{n}", kind="function", ref="m:f") for n in range(count))
        return WorkflowDefinition(name="w", nodes=nodes, entry=tuple(node.id for node in nodes))

    assert problems_of(of(limits.NODES_MAX)) == []
    assert "at most 10000" in problems_of(of(limits.NODES_MAX + 1))[0].message


def writers(*lines: str, keys: str = "b c", reducer: str = "replace") -> list[str]:
    definition = drawn(*lines)
    key = StateKey(reducer=reducer, initial=None)  # type: ignore[arg-type]
    nodes = tuple(
        replace(node, updates={"k": "output"}) if node.id in keys.split() else node
        for node in definition.nodes
    )
    return [
        problem.message
        for problem in problems_of(replace(definition, nodes=nodes, state={"k": key}))
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("a > b c",),
        ("a > b", "a > c"),
        ("a > x y", "x > b", "y > c"),
        ("a > x y", "x > b", "y > c", "b+c > d"),
        ("a > x y", "x+y > z", "z > b", "x > c"),
        ("s > a", "a > b c", "b+c > d", "d ? a | end"),
        ("s > a", "a > b c", "b+c > d", "d > a"),
    ],
)
def test_two_that_surely_replace_one_key_side_by_side_are_refused(lines: tuple[str, ...]) -> None:
    (message,) = writers(*lines)

    assert message == "Nodes 'b' and 'c' run in parallel and both replace 'k'."


@pytest.mark.parametrize(
    "lines",
    [
        ("a > b", "b > c"),
        ("a ? b | c",),
        ("a > x y", "x ? b | -", "y ? c | -"),
        ("a > b x", "b+x > c"),
        ("a > b", "b ? a | c"),
    ],
)
def test_what_is_in_order_or_depends_on_a_condition_is_allowed(lines: tuple[str, ...]) -> None:
    assert writers(*lines) == []


def test_two_entries_run_side_by_side_too() -> None:
    definition = drawn("b", "c", entry="b c")
    nodes = tuple(replace(node, updates={"k": "output"}) for node in definition.nodes)
    state = {"k": StateKey(reducer="replace")}

    found = problems_of(replace(definition, nodes=nodes, state=state))

    assert len(found) == 1


def test_a_reducer_that_keeps_both_is_allowed() -> None:
    key = StateKey(reducer="append", initial=[])
    definition = drawn("a > b c")
    nodes = tuple(
        replace(node, updates={"k": "output"}) if node.id != "a" else node
        for node in definition.nodes
    )

    assert problems_of(replace(definition, nodes=nodes, state={"k": key})) == []


def test_a_node_with_a_condition_may_not_run_at_all() -> None:
    definition = drawn("a > b c")
    nodes = tuple(
        replace(node, updates={"k": "output"}, condition="true" if node.id == "b" else "")
        if node.id != "a"
        else node
        for node in definition.nodes
    )
    state = {"k": StateKey(reducer="replace")}

    assert problems_of(replace(definition, nodes=nodes, state=state)) == []
