"""What the rules get to work with: expressions, what they keep, retries, the way out."""

import pytest
from msgspec.structs import replace

from tenuto.core.errors import DefinitionError
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import (
    RETRY_FUNCTION,
    RETRY_TOOL,
    Case,
    Node,
    RetryPolicy,
    StateKey,
    Switch,
    WorkflowDefinition,
    definition_digest,
    encode_definition,
)
from tenuto.core.workflow.program import CompiledNode
from tests.core.workflow.reading import EXPRESSIONS, compiled
from tests.core.workflow.shapes import drawn

STATE = {"x": StateKey(reducer="replace"), "y": StateKey(reducer="append", initial=[])}


def program_of(node: Node) -> CompiledNode:
    definition = drawn("start > a", "start > b")
    nodes = (definition.nodes[0], replace(node, id="a"), definition.nodes[2])
    program = compile_workflow(replace(definition, nodes=nodes, state=STATE), EXPRESSIONS)
    return program.nodes["a"]


def test_a_program_knows_its_definition_by_digest() -> None:
    definition = drawn("a > b")

    program = compile_workflow(definition, EXPRESSIONS)

    assert program.digest == definition_digest(encode_definition(definition))
    assert program.sinks == ("b",)
    assert program.output is None


def test_a_node_knows_where_its_tokens_go() -> None:
    program = compile_workflow(drawn("a > b c", "b+c > d", "d ? a | e"), EXPRESSIONS)

    a, b, d = (program.nodes[name] for name in "abd")
    assert (a.targets, a.loop, a.forward_in) == (("b", "c"), 0, 1)
    assert [join.index for join in b.joins] == [0]
    assert [target for _, target in d.switches[0].cases] == ["a"]
    assert d.switches[0].default == "e"
    assert program.sinks == ("e",)


@pytest.mark.parametrize(
    ("node", "captures"),
    [
        (Node(id="a", kind="function", ref="m:f"), ()),
        (
            Node(id="a", kind="function", ref="m:f", inputs={"p": "state.x + outputs.b.k"}),
            ("outputs.b", "state.x"),
        ),
        (Node(id="a", kind="function", ref="m:f", inputs={"p": "state"}), ("state",)),
        (
            Node(id="a", kind="function", ref="m:f", inputs={"p": "size(state)", "q": "state.x"}),
            ("state",),
        ),
        (Node(id="a", kind="function", ref="m:f", inputs={"p": "inputs.n"}), ()),
        (Node(id="a", kind="function", ref="m:f", condition="state.x == 1"), ("state.x",)),
        (
            Node(id="a", kind="function", ref="m:f", updates={"x": "output.n + state.x"}),
            ("state.x",),
        ),
        (Node(id="a", kind="timer", delay="state.x"), ("state.x",)),
        (Node(id="a", kind="timer", until="outputs.b"), ("outputs.b",)),
        (
            Node(
                id="a",
                kind="map",
                items="state.y",
                body=Node(id="a.do", kind="function", ref="m:f", inputs={"p": "item + state.x"}),
            ),
            ("state.x", "state.y"),
        ),
        (
            Node(
                id="a",
                kind="loop",
                repeat="state.x < 3",
                body=Node(id="a.do", kind="function", ref="m:f", inputs={"p": "last == state.y"}),
            ),
            ("state.x", "state.y"),
        ),
    ],
)
def test_a_node_keeps_what_its_expressions_read_and_later_events_may_change(
    node: Node, captures: tuple[str, ...]
) -> None:
    assert program_of(node).captures == captures


@pytest.mark.parametrize(
    ("node", "retry"),
    [
        (Node(id="a", kind="function", ref="m:f"), RETRY_FUNCTION),
        (Node(id="a", kind="tool", ref="t"), RETRY_TOOL),
        (Node(id="a", kind="workflow", ref="w"), RetryPolicy(max_attempts=1)),
        (Node(id="a", kind="wait", signal="s"), RetryPolicy(max_attempts=1)),
        (
            Node(id="a", kind="tool", ref="t", retry=RetryPolicy(max_attempts=7)),
            RetryPolicy(max_attempts=7),
        ),
    ],
)
def test_a_node_is_tried_again_as_its_kind_calls_for_unless_it_says_otherwise(
    node: Node, retry: RetryPolicy
) -> None:
    assert program_of(node).retry == retry


def test_the_body_of_a_map_is_found_by_its_own_name() -> None:
    program = compiled("""
        workflow: w
        graph: {nodes: {m: {map: "[1]", do: {function: "m:f", inputs: {n: item}}}}}
    """)

    assert program.nodes["m.do"] is program.nodes["m"].body
    assert program.nodes["m.do"].retry == RETRY_FUNCTION


@pytest.mark.parametrize(
    ("node", "wrong"),
    [
        (Node(id="a", kind="function", ref="m:f", inputs={"p": "item"}), "unknown name 'item'"),
        (Node(id="a", kind="function", ref="m:f", condition="output"), "unknown name 'output'"),
        (Node(id="a", kind="function", ref="m:f", inputs={"p": "outputs.c"}), "no node 'c'"),
        (Node(id="a", kind="function", ref="m:f", inputs={"p": "state.z"}), "no key 'z'"),
        (Node(id="a", kind="function", ref="m:f", inputs={"p": "session.z"}), "no 'z'"),
        (
            Node(
                id="a",
                kind="map",
                items="item",
                body=Node(id="a.do", kind="function", ref="m:f"),
            ),
            "unknown name 'item'",
        ),
        (
            Node(
                id="a",
                kind="map",
                items="[1]",
                body=Node(id="a.do", kind="function", ref="m:f", inputs={"p": "last"}),
            ),
            "unknown name 'last'",
        ),
        (
            Node(
                id="a",
                kind="loop",
                max_iterations=1,
                repeat="last == 1",
                body=Node(id="a.do", kind="function", ref="m:f"),
            ),
            "unknown name 'last'",
        ),
    ],
)
def test_a_name_that_cannot_exist_at_its_place_is_refused(node: Node, wrong: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        program_of(node)

    assert len(caught.value.problems) == 1
    assert wrong in str(caught.value)


def test_a_condition_may_read_the_inputs_of_its_own_node() -> None:
    definition = WorkflowDefinition(
        name="w",
        input_schema={
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "additionalProperties": False,
        },
        nodes=(
            Node(
                id="a",
                kind="function",
                ref="m:f",
                inputs={"n": "size(inputs.text)"},
                condition="inputs.n > 3 && inputs.text != ''",
            ),
        ),
        entry=("a",),
    )

    assert compile_workflow(definition, EXPRESSIONS).nodes["a"].condition is not None


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "object", "properties": {"text": {}}},
        {"type": "object", "additionalProperties": False, "patternProperties": {"^x": {}}},
    ],
)
def test_inputs_that_the_schema_leaves_open_may_be_read(schema: dict[str, object] | None) -> None:
    definition = replace(drawn("a > b"), input_schema=schema, output="inputs.anything")

    assert compile_workflow(definition, EXPRESSIONS).output is not None


def test_the_errors_of_all_expressions_are_told_in_one_pass() -> None:
    definition = drawn("a > b")
    nodes = tuple(replace(node, inputs={"p": "nope", "q": "1 +"}) for node in definition.nodes)
    switch = Switch(source="b", cases=(Case(condition="state.z", target="a"),))
    child = replace(drawn("x"), name="child", output="outputs.y")

    with pytest.raises(DefinitionError) as caught:
        compile_workflow(
            replace(definition, nodes=nodes, switches=(switch,), output="oops", children=(child,)),
            EXPRESSIONS,
        )

    assert sorted(problem.path for problem in caught.value.problems) == [
        "nodes.a.inputs.p",
        "nodes.a.inputs.q",
        "nodes.b.inputs.p",
        "nodes.b.inputs.q",
        "output",
        "switches[0][0].condition",
        "workflows.child.output",
    ]
