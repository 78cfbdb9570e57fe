"""The task form: a list of tasks and what each depends on."""

import pytest

from tenuto.core.workflow.model import Edge, Node, RetryPolicy
from tests.core.workflow.reading import problems, read

REPORT = """
    id: report
    name: Weekly report
    version: "1"
    inputs: {text: string}
    agents: {writer: {instructions: Write.}}
    tasks:
      - id: fetch
        type: tool
        tool_id: http.get
        inputs: {url: "https://example.org", page: "${ inputs.text }"}
        outputs: {body: "write.text"}
      - id: write
        type: agent
        agent_id: writer
        condition: "size(inputs.text) > 0"
    dependencies: {write: [fetch]}
    retry_config: {max_attempts: 3, backoff: exponential, initial_seconds: 1}
    error_handling: {on_failure: compensate}
"""


def test_tasks_become_nodes_and_dependencies_become_edges() -> None:
    report = read(REPORT)

    fetch, write = report.nodes
    assert (report.name, report.description) == ("report", "Weekly report")
    assert report.edges == (Edge(sources=("fetch",), targets=("write",)),)
    assert report.entry == ("fetch",)
    assert report.on_failure == "compensate"
    assert (fetch.kind, fetch.ref, write.kind, write.ref) == ("tool", "http.get", "agent", "writer")
    assert write.condition == "size(inputs.text) > 0"


def test_a_text_input_is_itself_unless_it_is_marked_as_an_expression() -> None:
    fetch = read(REPORT).nodes[0]

    assert fetch.inputs == {"url": '"https://example.org"', "page": "inputs.text"}


def test_an_output_leads_to_the_input_of_another_task() -> None:
    write = read(REPORT).nodes[1]

    assert write.inputs == {"text": "outputs.fetch.body"}


def test_the_retry_of_the_workflow_is_that_of_each_task_that_can_be_tried_again() -> None:
    fetch, write = read(REPORT).nodes

    assert fetch.retry == RetryPolicy(max_attempts=3, initial_ms=1000)
    assert write.retry is None


def test_several_dependencies_are_a_join() -> None:
    flow = read("""
        id: join
        tasks:
          - {id: a, type: function, function_id: "m:f"}
          - {id: b, type: function, function_id: "m:f"}
          - {id: c, type: function, function_id: "m:f"}
        dependencies: {c: [a, b], b: []}
    """)

    assert flow.edges == (Edge(sources=("a", "b"), targets=("c",)),)
    assert flow.entry == ("a", "b")


def test_an_output_may_lead_to_several_tasks_further_on() -> None:
    flow = read("""
        id: wires
        tasks:
          - {id: a-1, type: function, function_id: "m:f", outputs: {"odd key": [b.x, c.y]}}
          - {id: b, type: function, function_id: "m:f"}
          - {id: c, type: function, function_id: "m:f"}
          - {id: d, type: function, function_id: "m:f"}
        dependencies: {b: a-1, c: [b, d], d: b}
    """)

    assert flow.nodes[1].inputs == {"x": 'outputs["a-1"]["odd key"]'}
    assert flow.nodes[2].inputs == {"y": 'outputs["a-1"]["odd key"]'}


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        (
            "{type: approval, approval: Go on?, timeout: 1h}",
            Node(id="it", kind="approval", title="Go on?", timeout_ms=3_600_000),
        ),
        ("{type: wait, wait: reply}", Node(id="it", kind="wait", signal="reply")),
        ("{type: timer, timer: 5m}", Node(id="it", kind="timer", delay='"5m"')),
        (
            "{type: condition, condition: size(inputs.a) > 1}",
            Node(id="it", kind="condition", inputs={"result": "size(inputs.a) > 1"}),
        ),
        (
            '{type: map, map: inputs.a, do: {function: "m:f", inputs: {x: "${ item }", y: z}}}',
            Node(
                id="it",
                kind="map",
                items="inputs.a",
                body=Node(id="it.do", kind="function", ref="m:f", inputs={"x": "item", "y": '"z"'}),
            ),
        ),
        (
            '{type: function, function: "m:f"}',
            Node(id="it", kind="function", ref="m:f"),
        ),
        ('{function: "m:f"}', Node(id="it", kind="function", ref="m:f")),
    ],
)
def test_a_task_may_be_of_any_kind(task: str, wanted: Node) -> None:
    flow = read(f"id: any\ntasks:\n  - {{id: it, {task[1:]}\n")

    assert flow.nodes == (wanted,)


def test_expressions_may_stand_inside_objects_and_lists() -> None:
    flow = read("""
        id: nested
        tasks:
          - id: it
            type: function
            function_id: "m:f"
            inputs: {body: {name: "${ inputs.name }", fixed: text, n: [1, "${inputs.n + 1}"]}}
    """)

    assert flow.nodes[0].inputs == {
        "body": '{"name": (inputs.name), "fixed": "text", "n": [1, (inputs.n + 1)]}'
    }


def test_text_around_an_expression_is_refused_with_the_way_to_write_it() -> None:
    found = problems("""
        id: mixed
        tasks:
          - id: it
            type: function
            function_id: "m:f"
            inputs:
              greeting: "Hello ${inputs.name}!"
    """)

    assert len(found) == 1
    assert (found[0].line, "mixes text with an expression" in found[0].message) == (8, True)
    assert "${ 'Hello ' + inputs.name }" in found[0].hint
