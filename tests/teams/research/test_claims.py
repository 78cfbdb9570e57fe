"""Claims are numbered, judged and looked up; what a model gives is taken as it comes."""

from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto.core.vocabulary import SessionId, TaskNo, effect_id
from tenuto.teams.research.claims import CLAIMS_PER_FINDING_MAX, UNCHECKED, judge, number
from tenuto.teams.research.quotes import BEYOND, ELSEWHERE, holds


def context() -> tenuto.Context:
    session, task = SessionId("s"), TaskNo(1)
    return tenuto.Context(session, effect_id(session, task), task=task, node="n", attempt=1)


def claim(text: str = "Salt is wet.", **cited: Any) -> dict[str, Any]:
    citation = {"file": "a.md", "first_line": 1, "last_line": 1, "quote": text, **cited}
    return {"text": text, "citation": citation}


def numbered(*claims: Any, **parts: Any) -> dict[str, Any]:
    return number(context(), 2, "A?", {"answered": True, "claims": list(claims), **parts})


@pytest.fixture
def collection(tmp_path: Path) -> str:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.md").write_text("Salt is wet.\nThe sea, they\nsay, is salt.\n", encoding="utf-8")
    return tenuto.add_collection(folder)


def test_claims_get_ids_that_tell_their_sub_question() -> None:
    found = numbered(claim(), claim("Sea is salt."))

    assert [made["id"] for made in found["claims"]] == ["2.1", "2.2"]
    assert (found["at"], found["question"], found["answered"]) == (2, "A?", True)


def test_a_claim_given_twice_is_kept_once() -> None:
    assert len(numbered(claim(), claim())["claims"]) == 1


def test_what_is_no_claim_is_dropped() -> None:
    broken = [
        None,
        "text",
        {"text": "no citation"},
        {"text": "", "citation": claim()["citation"]},
        claim(first_line="one"),
        claim(file=None),
    ]

    found = numbered(*broken)

    assert (found["claims"], found["answered"]) == ([], False)


@pytest.mark.parametrize("nothing", [None, "text", {}, {"claims": None, "missing_terms": 3}])
def test_what_is_no_finding_answers_nothing(nothing: Any) -> None:
    found = number(context(), 1, "A?", nothing)

    assert (found["answered"], found["claims"], found["missing_terms"]) == (False, [], [])


def test_claims_of_one_finding_are_bounded() -> None:
    many = [claim(f"Statement {n}.") for n in range(3 * CLAIMS_PER_FINDING_MAX)]

    assert len(numbered(*many)["claims"]) == CLAIMS_PER_FINDING_MAX


def judged(made: dict[str, Any], collection: str, **verdict: Any) -> dict[str, Any]:
    given = {"claim": "2.1", "status": "supported", "reason": "so", "evidence": [], **verdict}
    found = judge(context(), numbered(made), [{"verdicts": [given]}], collection)
    return dict(found["claims"][0])


def test_a_verdict_stands_with_its_claim(collection: str) -> None:
    found = judged(claim(), collection)

    assert (found["status"], found["reason"]) == ("supported", "so")


@pytest.mark.parametrize("validations", [[], [{"error": "failed"}], [{"verdicts": []}]])
def test_a_claim_without_a_verdict_counts_as_not_found(
    collection: str, validations: list[Any]
) -> None:
    found = judge(context(), numbered(claim()), validations, collection)

    assert found["claims"][0]["status"] == "not_found"
    assert found["claims"][0]["reason"] == UNCHECKED


@pytest.mark.parametrize(
    ("cited", "reason"),
    [
        ({"file": "made-up.md"}, BEYOND),
        ({"first_line": 99, "last_line": 99}, BEYOND),
        ({"first_line": 0, "last_line": 1}, BEYOND),
        ({"first_line": 3, "last_line": 2}, BEYOND),
        ({"quote": "Salt is dry."}, ELSEWHERE),
        ({"quote": "…"}, ELSEWHERE),
        ({"first_line": 2, "last_line": 3}, ELSEWHERE),
    ],
)
def test_a_quote_that_does_not_stand_there_is_not_found_whatever_its_verdict(
    collection: str, cited: dict[str, Any], reason: str
) -> None:
    found = judged(claim(**cited), collection)

    assert (found["status"], found["reason"]) == ("not_found", reason)


def test_evidence_that_does_not_stand_there_is_left_out(collection: str) -> None:
    real = {"relation": "disagrees", **claim("the sea they say")["citation"]}
    real |= {"first_line": 2, "last_line": 3}
    made_up = {**real, "file": "made-up.md"}

    found = judged(claim(), collection, status="contradicted", evidence=[made_up, real])

    assert (found["status"], found["evidence"]) == ("contradicted", [real])


def test_line_ends_markup_and_case_do_not_matter_to_a_quote_but_words_do() -> None:
    text = "The *sea*, they\nsay, is salt."

    assert holds(text, "the sea, they say")
    assert not holds(text, "the sea they said")
    assert not holds(text, "he sea")
    assert not holds(text, "")
