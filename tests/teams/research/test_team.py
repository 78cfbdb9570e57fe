"""The whole team on the public face: good runs, bad input, doubtful models."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

import tenuto
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.teams.research import research_workflow, team
from tests.adapters.offline.conversation import LIGHTHOUSES

QUESTION: Final = "How many nights do the batteries at Kittiwake Rock last?"


def inputs(**more: Any) -> dict[str, Any]:
    return {"question": QUESTION, "documents": str(LIGHTHOUSES), **more}


def researched(**more: Any) -> dict[str, Any]:
    output = tenuto.run(team.workflow, inputs(**more), timeout=30)
    assert isinstance(output, dict)
    return output


def test_a_question_gets_a_cited_report_with_its_doubts() -> None:
    output: dict[str, Any] = researched()

    assert "10 nights" in output["answer"] and "18 nights" in output["answer"]
    assert output["report"].startswith(f"# {QUESTION}\n")
    assert "## What could not be verified\n\n- Contradicted:" in output["report"]
    assert "without a language model" in output["report"]
    assert output["contradicted"] == 2
    assert output["supported"] + output["contradicted"] == len(output["claims"])
    assert "stations/kittiwake-rock.md" in [source["file"] for source in output["sources"]]


def test_the_same_question_gets_the_same_report_and_file(tmp_path: Path) -> None:
    file = tmp_path / "report.md"

    assert researched() == researched(output=str(file))
    assert file.read_text(encoding="utf-8") == researched()["report"]


def test_a_question_that_the_documents_do_not_answer_is_not_answered() -> None:
    output: dict[str, Any] = researched(question="Who designed the submarine base?")

    assert output["answer"] == "The documents do not answer this question."
    assert "No answer found: Who designed the submarine base?" in output["report"]
    assert output["supported"] == 0


def test_one_sub_question_is_enough_when_one_is_wanted() -> None:
    output: dict[str, Any] = researched(max_sub_questions=1)

    assert {claim["question"] for claim in output["claims"]} == {QUESTION}


def test_agents_tools_claims_and_citations_are_events() -> None:
    async def main() -> Counter[str]:
        seen: Counter[str] = Counter()
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, inputs())
            output = await session.result(30)
            assert isinstance(output, dict)
            async for stored in session.events(follow=False):
                kind = type(stored.event).__name__
                seen[getattr(stored.event, "kind", "") if kind == "Noted" else kind] += 1
            claims = output["claims"]
            assert isinstance(claims, list)
            assert seen["claim"] == seen["citation"] == seen["verdict"] == len(claims) > 5
        return seen

    seen = asyncio.run(main())

    assert seen["SessionCompleted"] == 1


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"documents": "/no/such/folder"}, "No documents at '/no/such/folder'"),
        ({"question": "   "}, "There is no question"),
    ],
)
def test_bad_input_fails_with_one_clear_message(wrong: dict[str, Any], found: str) -> None:
    with pytest.raises(tenuto.SessionFailedError, match=found) as caught:
        researched(**wrong)

    assert caught.value.failure.kind == "fatal"


def test_an_empty_folder_fails_with_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(tenuto.SessionFailedError, match="No text to search"):
        researched(documents=str(tmp_path))


@pytest.mark.parametrize(
    "wrong", [{"question": ""}, {"max_sub_questions": 0}, {"questoin": "typo"}, {"documents": 3}]
)
def test_inputs_that_do_not_fit_are_refused_before_anything_starts(wrong: dict[str, Any]) -> None:
    with pytest.raises(tenuto.Rejected):
        researched(**wrong)


class Inventive:
    """A language model that makes up a source, and checks nothing."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return what the agent's schema wants."""
        cited = {"file": "made-up.md", "first_line": 1, "last_line": 1, "quote": "Gulls are blue."}
        answers: dict[str, Any] = {
            "planner": {"sub_questions": ["Which colour are gulls?"]},
            "researcher": {
                "answered": True,
                "claims": [{"text": "Gulls are blue.", "citation": cited}],
            },
            "validator": {"verdicts": []},
            "synthesizer": {"answer": "Gulls are blue [made-up.md:1].", "findings": ""},
        }
        return ModelAnswer(data=answers[request.agent])


def test_what_a_model_makes_up_is_told_in_the_report() -> None:
    output: Any = tenuto.run(
        research_workflow("inventive:x"),
        inputs(),
        models={"inventive": Inventive()},
        timeout=30,
    )

    assert (output["supported"], output["not_found"]) == (0, 1)
    assert "- Not found: “Gulls are blue.” [made-up.md:1]: there are no such" in output["report"]
    assert "The text cites [made-up.md:1], which none of the checked claims" in output["report"]
