"""The published schema: written from the code, and true of the workflows that we show."""

import re
from pathlib import Path

import jsonschema_rs
import pytest

from scripts.write_schema import TARGET, rendered
from tenuto.adapters.yaml import parse_yaml
from tenuto.core.errors import DefinitionError
from tenuto.core.workflow.read import read_workflow
from tenuto.core.workflow.schema import workflow_schema
from tests.core.workflow.mistakes import MISTAKES, OF_NODES, OF_TASKS
from tests.core.workflow.test_graph_form import TRIAGE
from tests.core.workflow.test_task_form import REPORT

ROOT = Path(__file__).parents[3]
FENCE = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
VALIDATOR = jsonschema_rs.validator_for(workflow_schema())


def shown_workflows() -> list[tuple[str, str]]:
    """Return every whole workflow in our documents and examples, with where it stands."""
    found: list[tuple[str, str]] = []
    for path in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        for n, block in enumerate(FENCE.findall(path.read_text("utf-8"))):
            if re.search(r"^(workflow|id):", block, re.MULTILINE):
                found.append((f"{path.relative_to(ROOT)}[{n}]", block))
    for folder in ("examples", "src/tenuto/teams"):
        for path in sorted((ROOT / folder).rglob("*.y*ml")):
            text = path.read_text("utf-8")
            if re.search(r"^(workflow|id):", text, re.MULTILINE):
                found.append((str(path.relative_to(ROOT)), text))
    return found


SHOWN = shown_workflows()


def test_the_file_is_what_the_code_says() -> None:
    assert TARGET.read_text("utf-8") == rendered(), "run scripts/write_schema.py"


def test_the_schema_is_a_schema() -> None:
    jsonschema_rs.meta.validate(workflow_schema())


@pytest.mark.parametrize("text", [TRIAGE, REPORT])
def test_both_forms_fit(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(("where", "text"), SHOWN, ids=[where for where, _ in SHOWN])
def test_what_we_show_fits_and_can_be_read(where: str, text: str) -> None:
    data, place = parse_yaml(text, where)

    assert faults(text) == []
    read_workflow(data, file=where, place=place)


def test_we_show_workflows_in_both_forms() -> None:
    texts = [text for _, text in SHOWN]

    assert any(re.search(r"^graph:", text, re.MULTILINE) for text in texts)
    assert any(re.search(r"^tasks:", text, re.MULTILINE) for text in texts)


def test_an_editor_finds_what_stands_at_the_wrong_place() -> None:
    """Unknown names and expressions are beyond a schema; keys and kinds of values are not."""
    found = [mistake.name for mistake in (*OF_NODES, *OF_TASKS) if faults(mistake.text)]

    assert len(found) >= 28, found
    assert "an unknown keyword" in found
    assert "a retry of a timer" in found


def test_the_schema_refuses_nothing_that_reading_takes() -> None:
    for mistake in MISTAKES:
        try:
            data, _ = parse_yaml(mistake.text)
            read_workflow(data)
        except DefinitionError:
            continue
        assert faults(mistake.text) == [], mistake.name


def faults(text: str) -> list[str]:
    data, _ = parse_yaml(text)
    return [error.message for error in VALIDATOR.iter_errors(data)]
