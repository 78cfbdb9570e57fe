"""The graph form: nodes by name, edges, conditional edges."""

import pytest

from tenuto.core.agent.policy import Matcher, PermissionRule
from tenuto.core.workflow.model import Case, Edge, Limits, Node, RetryPolicy, StateKey, Switch
from tests.core.workflow.reading import node, problems, read

TRIAGE = """
    workflow: triage
    version: "1"
    state: {findings: append}
    agents:
      classifier: {model: "offline", instructions: "Say what it is about.", tools: []}
    graph:
      nodes:
        evaluate: {agent: classifier, inputs: {text: "inputs.text"}}
        handler_a: {function: "shop.handlers:refund"}
        notify: {tool: "http.post", inputs: {url: "'https://example.org'", body: {tries: 1}}}
        record: {function: "shop.handlers:record"}
        done: {function: "shop.handlers:done"}
        default: {function: "shop.handlers:other"}
      edges:
        - {from: handler_a, to: [notify, record]}
        - {from: [notify, record], to: done}
      conditional_edges:
        - from: evaluate
          conditions:
            - {if: "outputs.evaluate.kind == 'refund'", then: handler_a}
            - {else: default}
      entry: evaluate
      parallel_nodes: [notify, record]
"""


def test_a_graph_becomes_nodes_edges_and_switches() -> None:
    triage = read(TRIAGE)

    assert (triage.name, triage.version, triage.entry) == ("triage", "1", ("evaluate",))
    assert [found.id for found in triage.nodes] == [
        "evaluate",
        "handler_a",
        "notify",
        "record",
        "done",
        "default",
    ]
    assert triage.edges == (
        Edge(sources=("handler_a",), targets=("notify", "record")),
        Edge(sources=("notify", "record"), targets=("done",)),
    )
    assert triage.switches == (
        Switch(
            source="evaluate",
            cases=(Case(condition="outputs.evaluate.kind == 'refund'", target="handler_a"),),
            default="default",
        ),
    )
    assert triage.state == {"findings": StateKey(reducer="append", initial=[])}
    assert triage.agents[0].instructions == "Say what it is about."


def test_a_text_input_is_an_expression_and_any_other_value_is_itself() -> None:
    inputs = read(TRIAGE).nodes[2].inputs

    assert inputs == {"url": "'https://example.org'", "body": '{"tries":1}'}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("agent: clerk", Node(id="it", kind="agent", ref="clerk")),
        (
            'function: "shop.orders:refund"',
            Node(id="it", kind="function", ref="shop.orders:refund"),
        ),
        ("tool: http.post", Node(id="it", kind="tool", ref="http.post")),
        ("workflow: child", Node(id="it", kind="workflow", ref="child")),
        (
            'condition: "state.round > 2"',
            Node(id="it", kind="condition", inputs={"result": "state.round > 2"}),
        ),
        (
            """
            map: inputs.rows
            do: {function: "m:f", inputs: {row: item}}
            concurrency: 8
            on_item_failure: collect
            """,
            Node(
                id="it",
                kind="map",
                items="inputs.rows",
                body=Node(id="it.do", kind="function", ref="m:f", inputs={"row": "item"}),
                concurrency=8,
                on_item_failure="collect",
            ),
        ),
        (
            """
            loop: {agent: clerk, updates: {round: "1"}}
            while: "state.round < 3"
            max: 10
            """,
            Node(
                id="it",
                kind="loop",
                body=Node(id="it.do", kind="agent", ref="clerk", updates={"round": "1"}),
                repeat="state.round < 3",
                max_iterations=10,
            ),
        ),
        (
            "{approval: Pay it back?, assignees: [ann, bob], timeout: 2h, on_expiry: deny}",
            Node(
                id="it",
                kind="approval",
                title="Pay it back?",
                assignees=("ann", "bob"),
                timeout_ms=7_200_000,
            ),
        ),
        (
            "{wait: reply, timeout: 1h, on_timeout: continue}",
            Node(id="it", kind="wait", signal="reply", timeout_ms=3_600_000, on_timeout="continue"),
        ),
        ('timer: "5m"', Node(id="it", kind="timer", delay='"5m"')),
        ("timer: 1h30m", Node(id="it", kind="timer", delay='"1h30m"')),
        ("timer: 90", Node(id="it", kind="timer", delay="90000")),
        ("timer: state.round * 1000", Node(id="it", kind="timer", delay="state.round * 1000")),
        ('timer_until: "inputs.due"', Node(id="it", kind="timer", until="inputs.due")),
    ],
)
def test_one_keyword_says_what_a_node_does(text: str, wanted: Node) -> None:
    assert node(text) == wanted


def test_how_long_a_wait_lasts_may_be_an_expression() -> None:
    wanted = Node(id="it", kind="wait", signal="reply", delay="inputs.patience")

    assert node("{wait: reply, timeout: inputs.patience}") == wanted


@pytest.mark.parametrize(
    ("text", "field", "wanted"),
    [
        ("if: inputs.ready", "condition", "inputs.ready"),
        ("if: true", "condition", "true"),
        ("retry: 5", "retry", RetryPolicy(max_attempts=5)),
        (
            "retry: {max_attempts: 2, backoff: fixed, initial_seconds: 0.5, max_seconds: 4}",
            "retry",
            RetryPolicy(max_attempts=2, backoff="fixed", initial_ms=500, max_ms=4000),
        ),
        ("timeout: 30", "timeout_ms", 30_000),
        ("timeout: 1.5", "timeout_ms", 1_500),
        ("timeout: 500ms", "timeout_ms", 500),
        ("timeout: 30s", "timeout_ms", 30_000),
        ("timeout: 5m", "timeout_ms", 300_000),
        ("timeout: 2h", "timeout_ms", 7_200_000),
        ("timeout: 1d", "timeout_ms", 86_400_000),
        ("once: true", "once", True),
        ("on_failure: continue", "on_failure", "continue"),
        ('recover: "m:mend"', "recover", "m:mend"),
        ('compensate: "m:undo"', "compensate", "m:undo"),
        ("pool: gpu", "pool", "gpu"),
        ("priority: -5", "priority", -5),
        ("updates: {found: output.rows}", "updates", {"found": "output.rows"}),
        ("updates: {}", "updates", {}),
        ("inputs: {n: 1, ok: true, none: null, l: [1, a]}", "inputs", None),
    ],
)
def test_other_keys_say_how(text: str, field: str, wanted: object) -> None:
    found = getattr(node(f'function: "m:f"\n{text}'), field)

    if field == "inputs":
        wanted = {"n": "1", "ok": "true", "none": "null", "l": '[1,"a"]'}
    assert found == wanted


def test_without_an_entry_a_session_begins_where_no_edge_leads() -> None:
    flow = read("""
        workflow: two
        graph:
          nodes:
            a: {function: "m:f"}
            b: {function: "m:f"}
            c: {function: "m:f"}
          edges: [{from: [a, b], to: c}]
    """)

    assert flow.entry == ("a", "b")


def test_a_circle_without_an_entry_begins_with_its_first_node() -> None:
    flow = read("""
        workflow: circle
        graph:
          nodes: {a: {function: "m:f"}, b: {function: "m:f"}}
          edges: [{from: a, to: b}, {from: b, to: a}]
    """)

    assert flow.entry == ("a",)


def test_inputs_are_told_one_by_one_or_by_a_whole_schema() -> None:
    rest = 'graph: {nodes: {a: {function: "m:f"}}}'

    short = read(f"workflow: w\ninputs: {{n: integer, s: {{type: string, default: x}}}}\n{rest}")
    whole = read(f"workflow: w\ninputs: {{type: object, required: [n]}}\n{rest}")

    assert short.input_schema == {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "s": {"type": "string", "default": "x"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    assert whole.input_schema == {"type": "object", "required": ["n"]}


def test_the_rest_of_the_workflow_is_read_too() -> None:
    flow = read("""
        workflow: whole
        version: 2
        description: All of it.
        state:
          round: {reducer: replace, initial: 0}
          names: union
        agents:
          clerk:
            model: "openai:some-model"
            role: clerk
            description: Sorts.
            instructions: Sort.
            version: "3"
            tools: ["shop.tools:find", "github.*", shop.price]
            output_schema: {type: object}
            turns_max: 7
            model_timeout: 30s
            settings: {temperature: 0}
        on_failure: compensate
        limits: {steps: 500}
        output: "{'round': state.round}"
        graph:
          nodes:
            a: {agent: clerk}
            b: {workflow: child}
          edges: [{from: a, to: b}]
        workflows:
          child:
            graph: {nodes: {only: {function: "m:f"}}}
          other:
            id: other
            tasks: [{id: one, type: function, function_id: "m:f"}]
    """)

    clerk = flow.agents[0]
    assert flow.version == "2"
    assert flow.state == {
        "round": StateKey(reducer="replace", initial=0),
        "names": StateKey(reducer="union", initial=[]),
    }
    assert (clerk.turns_max, clerk.model_timeout_ms, clerk.version) == (7, 30_000, "3")
    assert clerk.tools == ("shop.tools:find", "github.*", "shop.price")
    assert clerk.settings == {"temperature": 0}
    assert flow.limits == Limits(steps=500)
    assert flow.on_failure == "compensate"
    assert [child.name for child in flow.children] == ["child", "other"]


def test_a_cycle_without_an_exit_is_allowed() -> None:
    text = """
        workflow: round
        graph:
          nodes: {a: {function: "m:f"}, b: {function: "m:f"}}
          edges: [{from: a, to: b}, {from: b, to: a}]
    """

    assert problems(text) == ()


def test_several_groups_of_parallel_nodes_may_be_named() -> None:
    text = """
        workflow: groups
        graph:
          nodes: {a: {tool: t}, b: {tool: t}, c: {tool: t}, d: {tool: t}}
          edges: [{from: a, to: [b, c]}, {from: [b, c], to: d}]
          parallel_nodes: [[b, c]]
    """

    assert problems(text) == ()


def test_an_else_of_null_ends_the_branch() -> None:
    flow = read("""
        workflow: end
        graph:
          nodes: {a: {function: "m:f"}, b: {function: "m:f"}}
          conditional_edges:
            - {from: a, conditions: [{if: inputs.more, then: b}, {else: null}]}
    """)

    assert flow.switches[0].default is None


def test_the_policy_of_an_agent_is_a_list_of_rules() -> None:
    found = read("""
        workflow: shop
        agents:
          clerk:
            policy:
              - {effect: ask, permissions: ["orders:*"], quorum: 2}
              - {effect: deny, arguments: [{path: cents, at_least: 100}]}
        graph: {nodes: {help: {agent: clerk}}, edges: [], entry: help}
    """)

    assert found.agents[0].policy == (
        PermissionRule(effect="ask", permissions=("orders:*",), quorum=2),
        PermissionRule(effect="deny", arguments=(Matcher(path="cents", at_least=100),)),
    )


def test_a_policy_that_is_not_understood_is_refused_and_not_left_out() -> None:
    (problem,) = problems("""
        workflow: shop
        agents:
          clerk:
            policy: [{effect: deny, tool: refund}]
        graph: {nodes: {help: {agent: clerk}}, edges: [], entry: help}
    """)

    assert problem.message == "Rule 1 of agent 'clerk' cannot have 'tool'."
    assert problem.hint == "Did you mean 'tools'?"
    assert problem.path == "agents.clerk.policy[0].tool"


DESK = """
    workflow: desk
    agents:
      lead:
        delegates: [helper]
        writes_to: [%s]
        narrowed: {%s: [{effect: %s, tools: [refund]}]}
      helper: {role: clerk}
    graph: {nodes: {work: {agent: lead}}, edges: [], entry: work}
"""


def test_agents_say_whom_they_write_to_and_how_they_narrow_whom_they_call() -> None:
    lead, _ = read(DESK % ("'role:clerk'", "helper", "deny")).agents

    assert lead.writes_to == ("role:clerk",)
    assert lead.narrowed == {"helper": (PermissionRule(effect="deny", tools=("refund",)),)}


@pytest.mark.parametrize(
    ("whom", "name", "effect", "message", "path"),
    [
        ("helper", "lead", "deny", "narrows what 'lead' may do, and cannot", "narrowed.lead"),
        ("helper", "helper", "forbid", "cannot be 'forbid'", "narrowed.helper[0].effect"),
        ("boss", "helper", "deny", "may write to 'boss', and no node leads to", "writes_to"),
    ],
)
def test_mistakes_in_whom_an_agent_writes_to_and_narrows_have_their_place(
    whom: str, name: str, effect: str, message: str, path: str
) -> None:
    (problem,) = problems(DESK % (whom, name, effect))

    assert message in problem.message
    assert problem.path == f"agents.lead.{path}"
    assert problem.line
