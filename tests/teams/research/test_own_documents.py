"""The team over this project's own documents: what the demo shows must be right."""

from pathlib import Path
from typing import Any, Final

import pytest

import tenuto
from tenuto.teams.research import team

DOCS: Final = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("question", "held", "file"),
    [
        ("How does Tenuto survive a crash?", "folds its events", "promises.md"),
        ("What does P3 promise?", "an effect may run again", "promises.md"),
        ("What is a trigger?", "a standing rule", "glossary.md"),
    ],
)
def test_a_question_about_tenuto_is_answered_from_its_documents(
    question: str, held: str, file: str
) -> None:
    given = {"question": question, "documents": str(DOCS)}
    output: Any = tenuto.run(team.workflow, given, timeout=30)

    assert held in output["answer"]
    assert f"[{file}:" in output["answer"]
    assert output["not_found"] == 0
    assert output["supported"] >= 1
