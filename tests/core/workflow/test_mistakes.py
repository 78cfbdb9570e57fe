"""Every mistake is found in one pass, at its line, with what to do about it."""

import re
from pathlib import Path

import pytest

from tenuto.core.errors import DefinitionError
from tenuto.core.workflow.faults import TOLD_MAX
from tenuto.core.workflow.read import read_workflow
from tests.core.workflow.mistakes import MISTAKES, OF_YAML, Mistake, graph
from tests.core.workflow.reading import problems


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_told_at_its_line_and_with_what_to_do(mistake: Mistake) -> None:
    found = problems(mistake.text)

    assert len(found) == 1, "one mistake, one problem:\n" + "\n".join(map(str, found))
    (problem,) = found
    assert mistake.said in problem.message
    assert mistake.hint in problem.hint
    assert problem.file == "flow.yaml"
    assert (problem.line, problem.column > 0) == (mistake.line, True)


def test_there_are_many_mistakes_and_each_has_a_name_of_its_own() -> None:
    kinds = {mistake.text for mistake in MISTAKES}

    assert len(kinds) == len(MISTAKES) >= 50


def test_all_mistakes_of_a_file_are_told_in_one_pass_in_order() -> None:
    text = """\
workflow: many
vesion: "1"
state: {found: extnd}
agents: {clerk: {modle: x}}
graph:
  nodes:
    a: {agent: clark, inputs: {x: state.fund}}
    b: {fuction: "m:f"}
    c: {function: "m:f", timeout: soon, if: inputs.x = 1}
  edges:
    - {from: a, to: [b, c, e]}
"""

    found = problems(text)

    assert [problem.line for problem in found] == [2, 3, 4, 7, 7, 8, 9, 9, 11]


def test_a_problem_names_file_line_column_path_and_hint() -> None:
    found = problems(graph("a:\n  function: 'm:f'\n  imputs: {}"))

    assert str(found[0]) == (
        "flow.yaml:8:7: Node 'a' cannot have 'imputs'. (at graph.nodes.a.imputs) "
        "Did you mean 'inputs'?"
    )


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m not in OF_YAML], ids=lambda m: m.name)
def test_a_mistake_does_not_hide_a_second_one(mistake: Mistake) -> None:
    if mistake.name == "both forms" or not mistake.text.startswith(("workflow: w\nst", "id: w")):
        return
    text = mistake.text.rstrip("\n") + "\nlimits_: {}\n"

    found = problems(text)

    assert [problem.path for problem in found if problem.path == "limits_"] == ["limits_"]


def test_the_guide_shows_what_is_really_said() -> None:
    guide = Path(__file__).parents[3] / "docs" / "guides" / "workflows.md"
    text = guide.read_text("utf-8")
    wrong = re.search(r"^```yaml\n(# wrong.yaml\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    said = re.search(r"^```text\n(wrong.yaml.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert wrong is not None and said is not None

    found = "".join(f"{problem}\n" for problem in problems(wrong[1]))

    assert found.replace("flow.yaml", "wrong.yaml") == said[1]


def test_of_very_many_mistakes_the_first_are_told_and_the_others_counted() -> None:
    nodes = {f"n{n}": 1 for n in range(TOLD_MAX + 50)}

    with pytest.raises(DefinitionError) as caught:
        read_workflow({"workflow": "a", "graph": {"nodes": nodes, "entry": "n0"}})

    told = caught.value.problems
    assert len(told) == TOLD_MAX + 1
    assert told[-1].message == "There are 50 more problems."
    assert told[-1].hint == "Mend these first."
