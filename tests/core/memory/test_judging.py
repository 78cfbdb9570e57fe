"""What is worth remembering is told from what is not, and how often that goes wrong is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.remarks import (
    LATER_NOT_WORTH_KEEPING,
    LATER_WORTH_KEEPING,
    NOT_WORTH_KEEPING,
    WORTH_KEEPING,
    remarks,
)
from tenuto.core.memory.judging import importance_of, is_junk


def test_the_remarks_are_many_and_half_of_them_are_junk() -> None:
    good = remarks(WORTH_KEEPING) + remarks(LATER_WORTH_KEEPING)
    junk = remarks(NOT_WORTH_KEEPING) + remarks(LATER_NOT_WORTH_KEEPING)

    assert len(good) == len(junk) == len({*good}) == len({*junk}) == 130


def test_of_remarks_that_the_rules_were_fitted_to_none_is_misjudged() -> None:
    assert [text for text in remarks(WORTH_KEEPING)[::2] if is_junk(text)] == []
    assert [text for text in remarks(NOT_WORTH_KEEPING)[::2] if not is_junk(text)] == []


def test_of_other_remarks_few_are_misjudged_and_rarely_to_their_loss() -> None:
    good = remarks(WORTH_KEEPING)[1::2] + remarks(LATER_WORTH_KEEPING)
    junk = remarks(NOT_WORTH_KEEPING)[1::2] + remarks(LATER_NOT_WORTH_KEEPING)

    assert sum(is_junk(text) for text in good) / len(good) <= 0.05
    assert sum(not is_junk(text) for text in junk) / len(junk) <= 0.15


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The user prefers short answers.", "The user reads short answers."),
        ("The deadline is 4 May 2027.", "The deadline was discussed."),
        ("We decided to drop the old parser.", "We talked over the old parser."),
        ("Never restart the primary node.", "The primary node restarts."),
        ("His manager is Carla Mendes.", "He has some manager with experience."),
        ("The build failed because the disk was full.", "The build is large and the disk is slow."),
    ],
)
def test_preferences_dates_decisions_rules_names_and_causes_count_more(
    text: str, plain: str
) -> None:
    assert importance_of(text) > importance_of(plain) > 0


def test_a_courtesy_beside_a_fact_does_not_hide_it() -> None:
    for text in (
        "Thanks so much! My flight leaves at 9:40.",
        "Sure, let me know if you need anything. The gate code is 2580.",
        "Could you note that? The vet is on Elm Street.",
    ):
        assert not is_junk(text), text


def test_what_is_no_english_is_kept() -> None:
    for text in ("Anna trinkt keinen Kaffee.", "彼女は東京に住んでいます。", "Она живёт в Праге."):
        assert not is_junk(text), text


@given(st.text())
def test_any_text_is_judged_the_same_each_time(text: str) -> None:
    assert 0 <= importance_of(text) <= 1
    assert importance_of(text) == importance_of(text)
    assert is_junk("") and is_junk("  \n")
