"""The builder: the same value that a file becomes, and the code that it names."""

from functools import partial
from textwrap import dedent
from typing import Any

import pytest

from tenuto import Agent, Workflow, tool
from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.yaml import parse_yaml
from tenuto.core.errors import DefinitionError
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import Node, RetryPolicy, StateKey
from tenuto.core.workflow.read import read_workflow
from tenuto.sdk.body import body


@tool(once=True)
def refund(order: str) -> dict[str, str]:
    """Pay an order back."""
    return {"order": order}


async def record(ctx: Any, **inputs: Any) -> dict[str, Any]:
    """Keep it."""
    return inputs


def undo(ctx: Any, output: Any, inputs: Any) -> None:
    """Take it back."""


clerk = Agent("clerk", instructions="Sort.", tools=[refund])


def test_what_is_built_is_what_a_file_says() -> None:
    flow = Workflow(
        "triage",
        state={"findings": "append", "round": ("replace", 0)},
        inputs={"text": "string"},
        output="state.findings",
        on_failure="compensate",
        steps=50,
    )
    flow.node("evaluate", agent=clerk, inputs={"text": "inputs.text"})
    flow.node("pay", function="shop:pay", inputs={"n": 1}, retry=2, timeout="5m", once=True)
    flow.node("ask", approval="Really?", assignees=["ann"], timeout=60, on_expiry="approve")
    flow.node("each", map="[1, 2]", do=body(function="shop:each", inputs={"i": "item"}))
    flow.node("wait", timer=90, run_if="state.round > 0")
    flow.edge("evaluate", "ask")
    flow.switch("ask", [("outputs.ask.approved", "pay")], default="wait")
    flow.edge(["pay", "wait"], "each")
    text = f"""
        workflow: triage
        state: {{findings: append, round: {{reducer: replace, initial: 0}}}}
        inputs: {{text: string}}
        output: state.findings
        on_failure: compensate
        limits: {{steps: 50}}
        agents: {{clerk: {{instructions: Sort., tools: ["{__name__}:refund"]}}}}
        graph:
          nodes:
            evaluate: {{agent: clerk, inputs: {{text: inputs.text}}}}
            pay: {{function: "shop:pay", inputs: {{n: 1}}, retry: 2, timeout: 5m, once: true}}
            ask: {{approval: Really?, assignees: [ann], timeout: 60, on_expiry: approve}}
            each: {{map: "[1, 2]", do: {{function: "shop:each", inputs: {{i: item}}}}}}
            wait: {{timer: 90, if: state.round > 0}}
          edges:
            - {{from: evaluate, to: ask}}
            - {{from: [pay, wait], to: each}}
          conditional_edges:
            - from: ask
              conditions: [{{if: outputs.ask.approved, then: pay}}, {{else: wait}}]
    """

    data, _ = parse_yaml(dedent(text))

    assert flow.definition() == read_workflow(data)
    compile_workflow(flow.definition(), CelExpressions())


def test_a_workflow_brings_along_the_code_that_it_names() -> None:
    flow = Workflow("w")
    flow.node("a", agent=clerk)
    flow.node("b", function=record, compensate=undo)
    flow.node("c", map="[1]", do=refund, inputs={"order": "string(item)"})

    assert flow.code == {
        f"{__name__}:refund": refund,
        f"{__name__}:record": record,
        f"{__name__}:undo": undo,
    }


def test_the_code_of_a_child_comes_along_too() -> None:
    child = Workflow("child").node("only", function=record)
    flow = Workflow("parent").node("start", workflow=child)

    assert flow.code == child.code
    assert flow.definition().children == (child.definition(),)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ({"function": record}, Node(id="it", kind="function", ref=f"{__name__}:record")),
        ({"function": refund}, Node(id="it", kind="tool", ref=f"{__name__}:refund")),
        ({"tool": "http.post"}, Node(id="it", kind="tool", ref="http.post")),
        ({"workflow": "other"}, Node(id="it", kind="workflow", ref="other")),
        (
            {"condition": "1 < 2", "inputs": {"n": 3}},
            Node(id="it", kind="condition", inputs={"result": "1 < 2", "n": "3"}),
        ),
        ({"wait": "reply"}, Node(id="it", kind="wait", signal="reply")),
        ({"timer": "5m"}, Node(id="it", kind="timer", delay='"5m"')),
        ({"timer": 2.5}, Node(id="it", kind="timer", delay="2500")),
        ({"timer": "inputs.n"}, Node(id="it", kind="timer", delay="inputs.n")),
        ({"timer_until": "inputs.due"}, Node(id="it", kind="timer", until="inputs.due")),
        (
            {"approval": "Go?", "assignees": "ann"},
            Node(id="it", kind="approval", title="Go?", assignees=("ann",)),
        ),
        (
            {"map": [1, 2], "do": record},
            Node(
                id="it",
                kind="map",
                items="[1,2]",
                body=Node(id="it.do", kind="function", ref=f"{__name__}:record"),
            ),
        ),
        (
            {"loop": True, "do": record, "repeat": "index < 3"},
            Node(
                id="it",
                kind="loop",
                repeat="index < 3",
                body=Node(id="it.do", kind="function", ref=f"{__name__}:record"),
            ),
        ),
        (
            {"function": record, "retry": RetryPolicy(max_attempts=5), "timeout": 1.5},
            Node(
                id="it",
                kind="function",
                ref=f"{__name__}:record",
                retry=RetryPolicy(max_attempts=5),
                timeout_ms=1500,
            ),
        ),
    ],
)
def test_parts_become_a_node(parts: dict[str, Any], wanted: Node) -> None:
    flow = Workflow("w").node("it", **parts)

    assert flow.definition().nodes == (wanted,)


def test_a_session_begins_where_no_edge_leads_unless_it_is_said_otherwise() -> None:
    flow = Workflow("w").node("a", function=record).node("b", function=record).edge("a", "b")

    assert flow.definition().entry == ("a",)
    assert flow.entry("a", "b").definition().entry == ("a", "b")


def test_the_definition_is_one_object_until_something_is_added() -> None:
    flow = Workflow("w").node("a", function=record)
    first = flow.definition()

    assert flow.definition() is first
    assert flow.node("b", function=record).definition() is not first


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "needs exactly one of agent, tool, function"),
        ({"function": record, "tool": refund}, "found tool, function"),
        ({"agent": "clerk"}, "which is no Agent"),
        ({"function": 3}, "cannot be called"),
        ({"function": partial(record, None)}, "has no name that a definition could hold"),
        ({"function": record, "imputs": {}}, "has no part 'imputs'. (at nodes.it) Did you mean"),
        ({"function": record, "inputs": ["x"]}, "give a dict of names and expressions"),
        ({"function": record, "inputs": {"x": object()}}, "no JSON"),
        ({"function": record, "retry": "often"}, "give a number of attempts"),
        ({"function": record, "timeout": "soon"}, "give seconds, or words"),
        ({"timer": True}, "has timer=True; give seconds, or words"),
        ({"map": "[1]"}, "needs do="),
    ],
)
def test_parts_that_make_no_node_are_refused_at_once(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Workflow("w").node("it", **parts)

    assert said in str(caught.value)


def test_what_does_not_hold_together_is_told_all_at_once() -> None:
    flow = Workflow("w", state={"k": "append"})
    flow.node("a", function=record, updates={"j": "output"})
    flow.node("b", function="no module")
    flow.edge("a", "c")

    with pytest.raises(DefinitionError) as caught:
        flow.definition()

    assert [problem.path for problem in caught.value.problems] == [
        "nodes.a.updates.j",
        "nodes.b.ref",
        "edges[0].to",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vresion": "2"}, "has no option 'vresion'. Did you mean 'version'?"),
        ({"state": {"k": "apend"}}, "There is no reducer 'apend'."),
        ({"inputs": {"n": "int"}}, "Input 'n' must be a type or a JSON Schema, found 'int'."),
        ({"inputs": {"n": object()}}, "is no data"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Workflow("w", **options)

    assert said in str(caught.value)


def test_two_functions_of_one_name_are_told_apart_before_one_is_lost() -> None:
    def one() -> Any:
        def work(ctx: Any) -> int:
            return 1

        return work

    flow = Workflow("w").node("a", function=one())

    with pytest.raises(DefinitionError, match="Two different functions are named"):
        flow.node("b", function=one())


def test_two_agents_or_workflows_of_one_name_are_refused() -> None:
    flow = Workflow("w").node("a", agent=clerk).node("b", workflow=Workflow("child"))

    flow.node("c", agent=Agent("clerk", instructions="Sort.", tools=[refund]))
    with pytest.raises(DefinitionError, match="Two different agents are named 'clerk'"):
        flow.node("d", agent=Agent("clerk", instructions="Else."))
    with pytest.raises(DefinitionError, match="Two different workflows are named 'child'"):
        flow.node("e", workflow=Workflow("child"))


def test_state_is_declared_by_reducer_or_with_an_initial_value() -> None:
    flow = Workflow("w", state={"a": "extend", "b": ("add", 5)}).node("x", function=record)

    assert flow.definition().state == {
        "a": StateKey(reducer="extend", initial=[]),
        "b": StateKey(reducer="add", initial=5),
    }


def test_all_agents_can_be_given_another_model() -> None:
    flow = Workflow("w").node("a", agent=clerk)

    other = flow.with_model("openai:some-model")

    assert other.definition().agents[0].model == "openai:some-model"
    assert flow.definition().agents[0].model == "offline"
