"""A definition from outside names only code that the server was given."""

import pytest

import tenuto
from tenuto.bootstrap.finding import read_text
from tenuto.core.errors import DefinitionError
from tenuto.server.registry.allowed import AllowedCode, Domain
from tests.server import allowed_module

HERE = "tests.server.allowed_module"
COLLECTION = "0123456789abcdef"
DOMAIN = Domain(collections=frozenset({COLLECTION}), workflows=frozenset({"known"}))


def allowed(*modules: str, offered: tenuto.Workflow | None = None) -> AllowedCode:
    code = AllowedCode(modules)
    if offered is not None:
        code.allow(offered.definition(), offered.code)
    return code


def fault(code: AllowedCode, ref: str, kind: str) -> str:
    found = code.judge(DOMAIN)(ref, kind)
    return "" if found is None else found.message


@pytest.mark.parametrize("kind", ["function", "tool"])
@pytest.mark.parametrize(
    "ref",
    [
        "os:system",
        "subprocess:run",
        "builtins:eval",
        "tenuto.runtime.code:imported",
        "tenuto.tools.people:_function",
        "tenuto:open",
        "tenuto.tools:sql",
        'tenuto.tools:sql({"database":"/etc/passwd"})',
        'tenuto.tools.databases:sql({"database":"tenuto.db","write":true})',
        'tenuto.tools:files_read({"folder":"/"})',
        'tenuto.tools.folders:files_write({"folder":"/"})',
        'tenuto.tools:program({"allow":["sh"]})',
        'tenuto.tools.sandboxed:program({"allow":["sh"]})',
        'tenuto.tools:notify({"send":"os:system"})',
        'tenuto.tools:http({"allow":["*"],"private":true})',
        'tenuto.tools:http({"allow":["*"],"headers_from":{"x":"OPENAI_API_KEY"}})',
        'tenuto.tools:http({"allow":["*"],"permission":"harmless"})',
        'tenuto.tools:http({"allow":["*"],"labels":[]})',
        'tenuto.tools:http({"allow":["*"],"name":"refund"})',
        'tenuto.tools:http({"allow":["*"],"timeout":1e9})',
        'tenuto.tools:http({"allow":["*"],"bytes_max":1000000000})',
        'tenuto.tools:http({"allow":["*"],"private":false,"private":true})',
        'tenuto.tools:python({"limits":{"memory_bytes":100000000000}})',
        'tenuto.tools:search({"collection":"/etc"})',
        'tenuto.tools:search({"collection":"fedcba9876543210"})',
        "tenuto.tools.documents:search",
        "nothing",
        "",
    ],
)
def test_what_the_server_was_not_given_cannot_be_named(ref: str, kind: str) -> None:
    assert fault(allowed(), ref, kind)


@pytest.mark.parametrize(
    "ref",
    [
        "tenuto.tools.memory:recall",
        "github.search_issues",
        "github.*",
        'tenuto.tools:http({"allow":["api.example.org"],"methods":["GET","POST"]})',
        'tenuto.tools.web:http({"allow":["api.example.org"],"name":"http_shop"})',
        "tenuto.tools:notify({})",
        "tenuto.tools:python({})",
        f'tenuto.tools:search({{"collection":"{COLLECTION}"}})',
    ],
)
def test_tools_that_reach_nothing_of_the_machine_can_be_named(ref: str) -> None:
    assert fault(allowed(), ref, "tool") == ""
    assert fault(allowed(), ref, "function")


def test_what_an_offered_workflow_names_can_be_named_for_the_same_use() -> None:
    flow = tenuto.Workflow("shop")
    flow.node("pay", tool=allowed_module.pay)
    flow.node("count", function=allowed_module.count, recover=allowed_module.mend)
    code = allowed(offered=flow)

    assert fault(code, f"{HERE}:pay", "tool") == ""
    assert fault(code, f"{HERE}:count", "function") == ""
    assert fault(code, f"{HERE}:mend", "function") == ""
    # As a function it would be called without the rules that hold for tools.
    assert fault(code, f"{HERE}:pay", "function")
    assert fault(code, f"{HERE}:count", "tool")
    assert fault(code, f"{HERE}:other", "function")


def test_an_allowed_module_gives_what_it_defines_and_not_what_it_imports() -> None:
    code = allowed(HERE)

    assert fault(code, f"{HERE}:other", "function") == ""
    assert fault(code, f"{HERE}:pay", "tool") == ""
    assert fault(code, f"{HERE}:pay", "function")
    for path in ["os.system", "run", "system", "eval_it", "_hidden", "Thing", "missing", "loads"]:
        assert fault(code, f"{HERE}:{path}", "function"), path
    assert fault(code, "tests.server:allowed_module.other", "function")
    assert fault(code, f"{HERE}2:other", "function")


NAMING = {
    "function": "graph: {nodes: {a: {function: 'os:system'}}}",
    "tool": "graph: {nodes: {a: {tool: 'os:system'}}}",
    "recover": "graph: {nodes: {a: {wait: x}, b: {tool: x.y, recover: 'os:system'}}}",
    "compensate": "graph: {nodes: {a: {tool: x.y, compensate: 'os:system'}}}",
    "map": "graph: {nodes: {a: {map: '[1]', do: {function: 'os:system'}}}}",
    "loop": "graph: {nodes: {a: {loop: {function: 'os:system'}, max: 2, while: 'true'}}}",
    "agent": "agents: {x: {tools: ['os:system']}}\ngraph: {nodes: {a: {agent: x}}}",
    "guard of an agent": (
        "agents: {x: {guards: [{kind: function, ref: 'os:system', at: [input]}]}}\n"
        "graph: {nodes: {a: {agent: x}}}"
    ),
    "guard": (
        "guards: [{kind: function, ref: 'os:system', at: [input]}]\ngraph: {nodes: {a: {wait: x}}}"
    ),
    "workflow within": (
        "workflows: {c: {graph: {nodes: {a: {function: 'os:system'}}}}}\n"
        "graph: {nodes: {a: {workflow: c}}}"
    ),
    "body of a workflow within": (
        "workflows: {c: {graph: {nodes: {a: {map: '[1]', do: {tool: 'os:system'}}}}}}\n"
        "graph: {nodes: {a: {workflow: c}}}"
    ),
}


@pytest.mark.parametrize("place", NAMING)
def test_code_is_held_against_the_list_wherever_it_is_named(place: str) -> None:
    text = f"workflow: w\n{NAMING[place]}\n"
    if place == "recover":
        text = text.replace("a: {wait: x}, ", "")

    with pytest.raises(DefinitionError) as caught:
        read_text(text, code=allowed().judge(DOMAIN))

    (problem,) = caught.value.problems
    assert "'os:system'" in problem.message
    assert problem.line > 1


@pytest.mark.parametrize("part", ["pool: gpu", "priority: 5"])
@pytest.mark.parametrize(
    "text",
    [
        "graph: {nodes: {a: {function: 'shop:known', PART}}}",
        "graph: {nodes: {a: {map: '[1]', do: {function: 'shop:known', PART}}}}",
        (
            "workflows: {c: {graph: {nodes: {a: {function: 'shop:known', PART}}}}}\n"
            "graph: {nodes: {a: {workflow: c}}}"
        ),
    ],
)
def test_which_line_calls_wait_in_is_not_for_those_outside_to_say(text: str, part: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_text(f"workflow: w\n{text.replace('PART', part)}\n", code=lambda ref, kind: None)

    (problem,) = caught.value.problems
    assert problem.message == f"A workflow from outside cannot have {part.split(':')[0]!r}."
    assert problem.line > 1


def test_in_the_task_form_too() -> None:
    text = "id: w\ntasks:\n  - {id: a, type: function, function: 'os:system'}\n"
    with pytest.raises(DefinitionError) as caught:
        read_text(text, code=allowed().judge(DOMAIN))

    assert any("os:system" in problem.message for problem in caught.value.problems)


def test_a_workflow_that_nobody_has_cannot_be_named() -> None:
    assert fault(allowed(), "known", "workflow") == ""
    assert fault(allowed(), "unknown", "workflow")
