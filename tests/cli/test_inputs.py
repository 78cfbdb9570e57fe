"""`-i`: a text is a text wherever one is wanted, anything else is JSON."""

from typing import Any

import pytest

from tenuto.cli.inputs import data_from, inputs_from
from tenuto.core.errors import Rejected
from tenuto.core.workflow.model import Node, WorkflowDefinition
from tests.cli.shell import Shell


def taking(**properties: Any) -> WorkflowDefinition:
    required = [name for name, schema in properties.items() if "default" not in schema]
    return WorkflowDefinition(
        name="flow",
        input_schema={
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        },
        nodes=(Node(id="a", kind="condition"),),
        entry=("a",),
    )


ANYTHING = WorkflowDefinition(name="flow", nodes=(Node(id="a", kind="condition"),), entry=("a",))


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "3", "3"),
        ({"type": "string"}, "a=b", "a=b"),
        ({"type": "string"}, "", ""),
        ({"type": "string"}, "@@home", "@home"),
        ({"type": "integer"}, "3", 3),
        ({"type": "number"}, "3", 3),
        ({"type": "number"}, "3.5", 3.5),
        ({"type": "boolean"}, "true", True),
        ({"type": "array"}, "[1, 2]", [1, 2]),
        ({"type": "object"}, '{"a": null}', {"a": None}),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["string", "integer"]}, "true", "true"),
        ({}, "3", 3),
        ({}, "./docs", "./docs"),
        ({"enum": ["a", 1]}, "a", "a"),
    ],
)
def test_a_value_is_what_the_schema_makes_of_it(schema: Any, text: str, value: Any) -> None:
    assert inputs_from([f"x={text}"], taking(x=schema)) == {"x": value}


def test_without_a_schema_json_is_json_and_the_rest_is_text() -> None:
    inputs = inputs_from(["n=3", "path=./docs", "zip=01234"], ANYTHING)

    assert inputs == {"n": 3, "path": "./docs", "zip": "01234"}


@pytest.mark.parametrize(
    ("schema", "text", "message"),
    [
        ({"type": "integer"}, "three", "Input 'x' is an integer, found 'three', which is no JSON."),
        ({"type": "integer"}, "1.5", "Input 'x' is an integer, found number '1.5'."),
        ({"type": ["array", "null"]}, "3", "Input 'x' is an array or a null, found integer '3'."),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused(schema: Any, text: str, message: str) -> None:
    with pytest.raises(Rejected) as caught:
        inputs_from([f"x={text}"], taking(x=schema))

    assert str(caught.value) == message


def test_values_files_and_stdin_are_put_together_and_the_last_one_wins(shell: Shell) -> None:
    shell.write("inputs.json", '{"a": 1, "b": 1, "c": 1}')
    shell.write("value.json", '{"deep": [1]}')
    shell.write("text.txt", "two\nlines\n")

    result = shell.flow(
        "anything",
        *("--input-file", "inputs.json", "-i", "b=2", "-i", "-", "-i", "d=@value.json"),
        *("-i", "e=@text.txt"),
        stdin='{"c": 3}',
    )

    assert result.json == {"a": 1, "b": 2, "c": 3, "d": {"deep": [1]}, "e": "two\nlines\n"}


def test_a_misspelt_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(Rejected) as caught:
        inputs_from(["questoin=why"], taking(question={"type": "string"}, depth={"default": 1}))

    assert str(caught.value) == (
        "Workflow 'flow' has no input 'questoin'. Did you mean 'question'? It has: question, depth."
    )


def test_names_in_a_file_are_checked_as_well(shell: Shell) -> None:
    shell.write("inputs.json", '{"nmae": "Ada"}')

    result = shell.flow("hello", "--input-file", "inputs.json")

    assert result.code == 2
    assert "has no input 'nmae'. Did you mean 'name'?" in result.err


def test_missing_inputs_are_listed_with_what_they_are(shell: Shell) -> None:
    result = shell("run", "research", "-i", "documents=.")

    assert result.code == 2
    assert result.err == (
        "tenuto: Workflow 'research' needs inputs that are missing:\n"
        "  -i question=…  string: What to find out.\n"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["name"], "-i 'name' is no input; write name=value"),
        (["=3"], "-i '=3' is no input; write name=value"),
        (["name=@nowhere.txt"], "'nowhere.txt' cannot be read: No such file or directory."),
        (["name=@latin.txt"], "'latin.txt' is no UTF-8 text"),
        (["-"], "stdin is no JSON"),
    ],
)
def test_what_cannot_be_read_says_so(shell: Shell, given: list[str], message: str) -> None:
    (shell.folder / "latin.txt").write_bytes(b"caf\xe9")

    result = shell.flow("hello", *(part for text in given for part in ("-i", text)), stdin="{")

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"tenuto: {message}")
    assert result.err.count("\n") == 1


def test_a_file_of_inputs_holds_one_object(shell: Shell) -> None:
    shell.write("list.json", "[1]")

    result = shell.flow("hello", "--input-file", "list.json")

    assert result.code == 2
    assert result.err == "tenuto: list.json holds no object of input names and values: '[1]'.\n"


def test_data_is_json_or_a_file_with_json(shell: Shell) -> None:
    shell.write("data.json", '{"a": 1}')

    assert data_from(None) is None
    assert data_from('"yes"') == "yes"
    assert data_from("@data.json") == {"a": 1}
    with pytest.raises(Rejected, match="A text is written in double quotes"):
        data_from("yes")
