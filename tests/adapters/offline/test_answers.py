"""The four tasks one after the other, over real documents, measured against known answers."""

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from tenuto.adapters.offline.contract import Claim, Finding
from tenuto.adapters.offline.synthesizing import NO_ANSWER
from tenuto.adapters.offline.words import words_of
from tests.adapters.offline.conversation import LIGHTHOUSES, Answered, answered, lighthouses
from tests.adapters.offline.questions import (
    CONTRADICTIONS,
    HELD_OUT,
    QUESTIONS,
    SET_ON,
    UNANSWERABLE,
    Asked,
)

FLOOR_SET_ON = 17
FLOOR_HELD_OUT = 14
"""Measured, of 17 each. The second is the honest figure: nothing was set by looking at those."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@cache
def told(question: str, folder: Path) -> Answered:
    with closing(lighthouses(folder)) as collection:
        return answered(question, collection)


def claims_of(findings: Sequence[Finding]) -> Iterator[Claim]:
    for finding in findings:
        yield from finding.claims


def shown(file: str, lines: list[str]) -> str:
    """Return what a reader sees of the lines; of HTML that is what stands between the tags."""
    text = " ".join(lines)
    return html.unescape(re.sub(r"<[^>]*>", " ", text)) if file.endswith(".html") else text


def hits(questions: Sequence[Asked], folder: Path) -> list[str]:
    return [
        asked.question
        for asked in questions
        if any(held in told(asked.question, folder).synthesis.answer for held in asked.holds)
    ]


def test_short_answers_hold_what_was_asked_for(folder: Path) -> None:
    found = hits(SET_ON, folder)

    assert len(found) >= FLOOR_SET_ON, {asked.question for asked in SET_ON} - set(found)


def test_short_answers_hold_what_was_asked_for_in_questions_kept_aside(folder: Path) -> None:
    found = hits(HELD_OUT, folder)

    assert len(found) >= FLOOR_HELD_OUT, {asked.question for asked in HELD_OUT} - set(found)


def test_every_cited_span_holds_its_claim_word_for_word(folder: Path) -> None:
    count = 0
    for asked in (*QUESTIONS, *CONTRADICTIONS):
        for claim in claims_of(told(asked.question, folder).findings):
            cited = claim.citation
            lines = (LIGHTHOUSES / cited.file).read_text(encoding="utf-8").split("\n")
            span = words_of(shown(cited.file, lines[cited.first_line - 1 : cited.last_line]))

            assert f" {' '.join(words_of(claim.text))} " in f" {' '.join(span)} ", claim
            assert f" {' '.join(words_of(cited.quote))} " in f" {' '.join(span)} ", claim
            count += 1
    assert count > 100


def test_every_claim_is_checked_and_the_answer_quotes_claims_only(folder: Path) -> None:
    for asked in QUESTIONS:
        result = told(asked.question, folder)
        claims = list(claims_of(result.findings))

        assert [verdict.claim for verdict in result.verdicts] == [claim.id for claim in claims]
        assert not [verdict for verdict in result.verdicts if verdict.status == "not_found"]
        places = {f"[{claim.citation.file}:{claim.citation.first_line}]" for claim in claims}
        for place in places:
            assert place in result.synthesis.findings


@pytest.mark.parametrize("question", UNANSWERABLE)
def test_what_the_documents_do_not_answer_is_said_to_be_so(question: str, folder: Path) -> None:
    result = told(question, folder)

    assert result.synthesis.answer.startswith(NO_ANSWER)
    assert not result.findings[0].answered
    assert result.findings[0].missing_terms


@pytest.mark.parametrize("asked", CONTRADICTIONS, ids=lambda asked: asked.question[:30])
def test_where_documents_disagree_both_sides_are_told(asked: Asked, folder: Path) -> None:
    result = told(asked.question, folder)

    for side in asked.holds:
        assert side in result.synthesis.answer
    assert "contradicted by [" in result.synthesis.answer
    assert "contradicted" in [verdict.status for verdict in result.verdicts]


def test_nothing_is_called_contradicted_that_is_not(folder: Path) -> None:
    planted = ("nights", "silent", "horn at Gannet Head")

    for asked in QUESTIONS:
        result = told(asked.question, folder)
        texts = {claim.id: claim.text for claim in claims_of(result.findings)}
        for verdict in result.verdicts:
            if verdict.status == "contradicted":
                assert any(word in texts[verdict.claim] for word in planted), verdict


def test_the_same_question_gets_the_same_answer(folder: Path) -> None:
    question = QUESTIONS[0].question
    with closing(lighthouses(folder)) as collection:
        assert answered(question, collection) == told(question, folder)


def test_the_report_says_that_no_language_model_made_it(folder: Path) -> None:
    assert "without a language model" in told(QUESTIONS[0].question, folder).synthesis.method
