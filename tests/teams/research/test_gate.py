"""The gate's own checks: each finds its fault, and leaves a good draft alone."""

from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto.core.vocabulary import SessionId, TaskNo, effect_id
from tenuto.teams.research.gate import check

QUOTED_WRONG = ["“Salt is very wet”", '"salt is blue"', "“Salt … is dry”"]
TEXT = "Salt is wet.\nSalt is dry, they say in the north.\nPepper is black and hot.\n"


@pytest.fixture
def collection(tmp_path: Path) -> str:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.md").write_text(TEXT, encoding="utf-8")
    return tenuto.add_collection(folder)


def context() -> tenuto.Context:
    session, task = SessionId("s"), TaskNo(1)
    return tenuto.Context(session, effect_id(session, task), task=task, node="n", attempt=1)


def place(line: int = 1, quote: str = "Salt is wet.", **parts: Any) -> dict[str, Any]:
    return {"file": "a.md", "first_line": line, "last_line": line, "quote": quote, **parts}


def claim(**parts: Any) -> dict[str, Any]:
    made = {"id": "1.1", "text": "Salt is wet.", "citation": place(), "status": "supported"}
    return {**made, "reason": "so", "evidence": [], **parts}


def part(*claims: Any, **parts: Any) -> dict[str, Any]:
    made = {"at": 1, "question": "Is salt wet?", "answered": True, "missing_terms": []}
    return {**made, "claims": list(claims), **parts}


def draft(answer: str = "It is wet. [a.md:1]", findings: str | None = None) -> dict[str, Any]:
    return {
        "answer": answer,
        "findings": "### Is salt wet?\n\n- Salt is wet. [a.md:1]" if findings is None else findings,
    }


def faults(
    collection: str, made: dict[str, Any], *parts: Any, words: int = 100
) -> list[tuple[str, str]]:
    found = check(
        context(),
        parts=list(parts) or [part(claim())],
        draft=made,
        words_max={"answer": words, "findings": words},
        collection=collection,
    )["faults"]
    return [(fault["check"], fault["text"]) for fault in found]


def test_a_good_draft_has_no_faults(collection: str) -> None:
    assert faults(collection, draft()) == []


@pytest.mark.parametrize(
    "answer",
    [
        "Salt is wet and so is the sea.",
        "Salt is wet. [a.md:1] And so, as we all know, is the sea.",
        "Salt is wet. [a.md:1]\n\n- Salt dries in the sun.",
    ],
)
def test_a_statement_that_no_citation_follows_is_found(collection: str, answer: str) -> None:
    (fault,) = faults(collection, draft(answer))

    assert fault[0] == "citations"
    assert "No citation follows" in fault[1]


def test_neighbours_may_share_a_citation_and_a_lead_needs_none(collection: str) -> None:
    answer = "This is what is known:\n\n- Salt is wet. It is. [a.md:1]."

    assert faults(collection, draft(answer)) == []


@pytest.mark.parametrize("cited", ["[made-up.md:1]", "[a.md:3]", "[a.md:99]"])
def test_a_place_that_no_checked_claim_has_is_found(collection: str, cited: str) -> None:
    (fault,) = faults(collection, draft(f"Salt is wet. {cited}"))

    assert fault == ("sources", f"The text cites {cited}, which none of the checked claims does.")


def test_a_place_of_a_claim_that_was_not_found_is_none(collection: str) -> None:
    lost = claim(id="1.2", citation=place(3), status="not_found")

    (fault,) = faults(collection, draft("Salt is wet. [a.md:3]"), part(claim(), lost))

    assert fault[0] == "sources"


def test_addresses_and_links_are_no_citations(collection: str) -> None:
    answer = "See [http://host:80] or [here](b.md) on salt. [a.md:1]"

    assert faults(collection, draft(answer)) == []


def test_brackets_of_a_document_told_word_for_word_are_no_citations(collection: str) -> None:
    timed = claim(text="[10:45] Salt is wet.")

    assert faults(collection, draft("[10:45] Salt is wet. [a.md:1]"), part(timed)) == []


@pytest.mark.parametrize("quoted", QUOTED_WRONG)
def test_a_quoted_span_that_stands_in_no_cited_place_is_found(collection: str, quoted: str) -> None:
    (fault,) = faults(collection, draft(f"They say {quoted} [a.md:1]"))

    assert fault[0] == "quotes"


@pytest.mark.parametrize("quoted", ["“salt is wet”", "“Salt … wet.”", "“so-called” wet"])
def test_a_quoted_span_that_stands_there_passes(collection: str, quoted: str) -> None:
    assert faults(collection, draft(f"They say {quoted} [a.md:1]")) == []


def test_a_sub_question_that_is_passed_over_is_found(collection: str) -> None:
    other = part(claim(), at=2, question="Is pepper hot?")

    (fault,) = faults(collection, draft(), part(claim()), other)

    assert fault == (
        "sub_questions",
        "The findings say nothing on sub-question 2 (Is pepper hot?).",
    )


@pytest.mark.parametrize("heading", ["Is pepper hot?", "2. Ist Pfeffer scharf?", "2"])
def test_a_sub_question_is_known_by_its_words_or_its_number(collection: str, heading: str) -> None:
    findings = f"### 1. Is salt wet?\n\nYes. [a.md:1]\n\n### {heading}\n\nYes. [a.md:1]"
    other = part(claim(), at=2, question="Is pepper hot?")

    assert faults(collection, draft(findings=findings), part(claim()), other) == []


def test_headings_below_the_third_level_belong_to_their_section(collection: str) -> None:
    findings = "### 1. Is salt wet?\n\n#### In the morning\n\nYes. [a.md:1]"

    assert faults(collection, draft(findings=findings)) == []


def test_what_cannot_be_answered_is_said_without_a_source(collection: str) -> None:
    findings = (
        "### Is salt wet?\n\nYes. [a.md:1]\n\n### Is lye mild?\n\n"
        "The documents do not say anything about lye."
    )
    answer = "It is wet. [a.md:1] Of lye the documents do not say anything."
    other = part(at=2, question="Is lye mild?", answered=False)

    assert faults(collection, draft(answer, findings), part(claim()), other) == []


def test_an_answered_sub_question_without_any_citation_is_found(collection: str) -> None:
    (fault,) = faults(collection, draft(findings="### Is salt wet?\n\nYes, it is."))

    assert fault[0] == "sub_questions"
    assert "cite none of its claims" in fault[1]


def test_a_contradiction_of_which_one_side_is_told_is_found(collection: str) -> None:
    against = place(2, "Salt is dry, they say in the north.", relation="disagrees")
    disputed = part(claim(status="contradicted", evidence=[against]))
    one_sided = draft("Salt is wet. [a.md:1]")
    both = draft("Salt is wet [a.md:1], or dry [a.md:2].")

    found = faults(collection, one_sided, disputed)

    assert [fault[0] for fault in found] == ["contradictions"]
    assert "[a.md:2] says “Salt is dry, they say in the north.”" in found[0][1]
    assert faults(collection, both, disputed) == []


def test_a_text_that_is_too_long_is_found_and_citations_do_not_count(collection: str) -> None:
    found = faults(collection, draft(), words=3)

    assert found == [("length", "`findings` has 6 words; 3 are allowed.")]


def test_a_part_of_which_nothing_stands_in_the_documents_is_found(collection: str) -> None:
    lost = part(claim(status="not_found", reason="there are no such lines"))
    made = draft("The documents do not say.", "### Is salt wet?\n\nThe documents do not say.")

    found = check(
        context(),
        parts=[lost],
        draft=made,
        words_max={"answer": 99, "findings": 99},
        collection=collection,
    )["faults"]

    assert [(fault["check"], fault["at"]) for fault in found] == [("evidence", 1)]
    assert "there are no such lines" in found[0]["text"]
