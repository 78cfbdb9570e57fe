"""Whatever is wrong gets one clear message on stderr, the right code, and no traceback."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.shell import FLOWS, Shell

UNKNOWN_NODE = """\
workflow: w
graph:
  nodes: {a: {condition: "true"}, b: {condition: "true"}}
  edges:
    - {from: a, to: bb}
  entry: a
"""
REDUCER = """\
workflow: w
state: {n: appendd}
graph: {nodes: {a: {condition: "true"}}, entry: a}
"""
EXPRESSION = """\
workflow: w
graph:
  nodes: {a: {condition: "inputs.x ==== 3"}}
  entry: a
"""
NAME = 'workflow: w\ngraph: {nodes: {a: {condition: "inptus.x"}}, entry: a}\n'
CODE = 'workflow: w\ngraph: {nodes: {a: {function: "nosuch.shop:refund"}}, entry: a}\n'
NO_FUNCTION = f'workflow: w\ngraph: {{nodes: {{a: {{function: "{FLOWS}:nosuch"}}}}, entry: a}}\n'

MADE = """\
workflow: w
agents: {a: {tools: ['tenuto.tools:http({"alow": []})', "os:system({})", "tenuto.tools:htp({})"]}}
graph: {nodes: {a: {agent: a}}, entry: a}
"""

BORDERS = """\
workflow: w
inputs: {q: {type: nothing}}
guards: [{kind: function, at: [output], ref: "nosuch.guards:polite"}]
agents:
  a:
    output_schema: {type: nonsense}
    guards:
      - {kind: regex, at: [output], deny: [fine, "("]}
      - {kind: schema, at: [output], fits: {type: never}}
graph: {nodes: {a: {agent: a}}, entry: a}
"""
GUARD_CODE = """\
workflow: w
guards: [{kind: function, at: [output], ref: "nosuch.guards:polite"}]
graph: {nodes: {a: {condition: "true"}}, entry: a}
"""

YAML = {
    "borders.yaml": (
        BORDERS,
        [
            ':2:1: This is no JSON Schema: at properties/q/type: "nothing"',
            ':6:5: This is no JSON Schema: at type: "nonsense"',
            "'(' is no regular expression",
            ":8:50:",
            "agents.a.guards[1].fits",
        ],
    ),
    "guard-code.yaml": (GUARD_CODE, ["'nosuch.guards:polite' cannot be imported", "guards[0].ref"]),
    "unknown-node.yaml": (UNKNOWN_NODE, [":5:", "There is no node 'bb'", "Did you mean 'b'?"]),
    "reducer.yaml": (REDUCER, [":2:", "There is no reducer 'appendd'", "'append'?"]),
    "expression.yaml": (EXPRESSION, [":3:", "'inputs.x ==== 3'"]),
    "name.yaml": (NAME, [":2:", "inptus"]),
    "code.yaml": (CODE, ["'nosuch.shop:refund' cannot be imported", "No module named 'nosuch'"]),
    "made.yaml": (
        MADE,
        [
            "cannot be made: missing a required argument: 'allow'",
            "'os:system({})' calls what makes no tools",
            "has no attribute 'htp'",
        ],
    ),
    "no-function.yaml": (NO_FUNCTION, ["has no attribute 'nosuch'"]),
    "broken.yaml": ("workflow: [\n", [":2:1", "This is no YAML"]),
    "empty.yaml": ("", []),
    "list.json": ("[1, 2]\n", []),
}


@pytest.mark.parametrize("name", YAML)
@pytest.mark.parametrize("verb", ["run", "validate"])
def test_a_wrong_definition_is_named_with_its_place(shell: Shell, verb: str, name: str) -> None:
    text, parts = YAML[name]
    shell.write(name, text)

    result = shell(verb, name)

    assert (result.code, result.out) == (2, "")
    assert [part for part in [name, *parts] if part not in result.err] == []
    assert "Traceback" not in result.err
    assert not shell.database.exists()


def test_all_problems_of_a_file_are_named_in_one_pass(shell: Shell) -> None:
    file = shell.write(
        "flow.yaml",
        "workflow: w\nstate: {n: appendd}\ngraph:\n"
        '  nodes: {a: {condition: "true"}, b: {condition: "true"}}\n'
        "  edges: [{from: a, to: bb}]\n  entry: a\n",
    )

    run = shell("run", file)
    validate = shell("validate", file)

    assert run.err.startswith("tenuto: 2 problems:\nflow.yaml:")
    assert len(validate.err.splitlines()) == 2


def test_every_file_is_validated_even_after_a_wrong_one(shell: Shell) -> None:
    shell.write("wrong.yaml", "workflow: [\n")
    shell.write("right.yaml", 'workflow: w\ngraph: {nodes: {a: {condition: "true"}}, entry: a}\n')

    result = shell("validate", "wrong.yaml", "missing.yaml", "right.yaml")

    assert result.code == 2
    assert result.out == "right.yaml: w 1, 1 node, 0 agents\n"
    assert "tenuto: No file 'missing.yaml' was found." in result.err


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("missing.yaml", 2, "No file 'missing.yaml' was found."),
        ("nosuch", 4, "No workflow 'nosuch' was found."),
        ("nosuch.module:flow", 4, "No module named 'nosuch'"),
        (f"{FLOWS}:nosuch", 4, "has no attribute 'nosuch'"),
        (f"{FLOWS}:not_a_workflow", 4, "no Workflow, WorkflowDefinition or Team"),
        ("wrong_module:flow", 2, "wrong_module.py:1: "),
    ],
)
def test_a_workflow_that_is_not_there_is_named(
    shell: Shell, target: str, code: int, message: str
) -> None:
    shell.write("wrong_module.py", "def (:\n")

    result = shell("run", target)

    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert result.err.startswith("tenuto: ")
    assert "Traceback" not in result.err


def test_inputs_that_do_not_fit_the_schema_are_refused_before_anything_starts(
    shell: Shell,
) -> None:
    result = shell("run", "research", "-i", "question=", "-i", "documents=.")

    assert (result.code, result.out) == (2, "")
    assert "question" in result.err
    assert shell("sessions").err == "no session yet\n"


@pytest.mark.parametrize(
    "arguments",
    [["sessions"], ["show", "last"], ["events", "last"], ["trace", "x"], ["pause", "x"]],
)
def test_a_database_that_is_not_there_is_named(shell: Shell, arguments: list[str]) -> None:
    result = shell(*arguments)

    assert (result.code, result.out) == (2, "")
    assert "There is no file" in result.err
    assert "The first `tenuto run` makes it" in result.err
    assert not shell.database.exists()


def test_a_database_of_a_newer_format_is_left_alone(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")
    with sqlite3.connect(shell.database) as connection:
        connection.execute("pragma user_version = 999")
    connection.close()
    before = shell.database.read_bytes()

    results = [shell("sessions"), shell("resume"), shell.flow("hello", "-i", "name=Bob")]

    for result in results:
        assert (result.code, result.out) == (2, "")
        assert "999" in result.err
        assert result.err.count("\n") == 1
    assert shell.database.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(shell: Shell) -> None:
    shell.database.write_text("Dear diary,\n" * 100)

    results = [shell("sessions"), shell.flow("hello", "-i", "name=Bob")]

    for result in results:
        assert (result.code, result.out) == (2, "")
        assert "tenuto.db" in result.err
        assert "Traceback" not in result.err
    assert shell.database.read_text().startswith("Dear diary,")


def test_a_database_in_a_folder_that_is_not_there_is_named(shell: Shell) -> None:
    result = shell.flow("hello", "-i", "name=Ada", "--db", "sqlite:///no/such/folder.db")

    assert (result.code, result.out) == (2, "")
    assert "no/such" in result.err


def test_an_address_of_no_known_kind_is_refused(shell: Shell) -> None:
    result = shell("sessions", "--db", "mysql://somewhere")

    assert result.code == 2
    assert "There is no kind of database 'mysql'" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shwo", "last"], "There is no command 'shwo'. Did you mean 'show'?"),
        (["frobnicate"], "There is no command 'frobnicate'. `tenuto --help` lists them."),
        (["show"], "Missing argument 'ID'"),
        (["run", "x", "--colour"], "No such option"),
        (["events", "last", "--after", "x"], "'x' is not a valid integer"),
        (["sessions", "--status", "happy"], "'happy' is not one of"),
        (["approve", "last", "--task", "0"], "Invalid value for '--task'"),
    ],
)
def test_a_wrong_command_line_is_told_what_was_meant(
    shell: Shell, arguments: list[str], message: str
) -> None:
    result = shell(*arguments)

    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_data_that_is_no_json_never_reaches_the_session(shell: Shell) -> None:
    shell.flow("waiting")

    result = shell("signal", "last", "reply", "-d", "yes")

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("tenuto: -d is no JSON: ")
    assert "-d '\"yes\"'" in result.err
    assert shell("show", "last", "--json").json["version"] == 2


def test_a_failure_of_the_code_that_is_loaded_says_where_the_traceback_is(
    shell: Shell, tmp_path: Path
) -> None:
    shell.write("crashing.py", "1 / 0\n")

    result = shell.apart("run", "crashing:flow")

    assert (result.code, result.out) == (1, "")
    first, second = result.err.splitlines()
    assert first.startswith("tenuto: unexpected ZeroDivisionError: division by zero (at ")
    assert first.endswith("crashing.py:1)")
    kept = Path(second.partition("The traceback is in ")[2].partition(";")[0])
    assert "ZeroDivisionError" in kept.read_text()
    kept.unlink()


def test_with_tenuto_debug_the_traceback_is_printed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.write("crashing.py", "1 / 0\n")
    environment = shell.environment() | {"TENUTO_DEBUG": "1"}
    monkeypatch.setattr(shell, "environment", lambda: environment)

    result = shell.apart("run", "crashing:flow")

    assert result.code == 1
    assert result.err.startswith("Traceback (most recent call last):")
