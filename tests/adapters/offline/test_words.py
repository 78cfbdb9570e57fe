"""Stems, names, numbers and negations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.offline.words import (
    content_stems,
    is_negated,
    names_of,
    quantities,
    stem,
)


@pytest.mark.parametrize(
    "forms",
    [
        ("survive", "survives", "survived", "surviving"),
        ("battery", "batteries"),
        ("replace", "replaced", "replaces", "replacing", "replacement"),
        ("stop", "stopped", "stopping", "stops"),
        ("build", "built"),
        ("cost", "costs"),
        ("crash", "crashes"),
        ("keeper", "keepers", "keeper's"),
        ("pass", "passed"),
        ("inspect", "inspected"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("light", "lightning"), ("station", "state"), ("P3", "P5")]
)
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@given(st.text(max_size=20))
def test_any_text_has_a_stem(text: str) -> None:
    assert isinstance(stem(text), str)


def test_words_without_meaning_are_left_out() -> None:
    assert content_stems("What is the height of the tower?") == ["height", "tower"]


def test_names_are_capitals_within_a_sentence_and_codes() -> None:
    names = names_of("How does Gannet Head use P3 and SQLite? Where is it?")

    assert names == {stem(word) for word in ("Gannet", "Head", "P3", "SQLite")}


def test_numbers_come_with_what_they_count() -> None:
    text = "It holds 18 nights, 31,000 crowns and twelve bulbs, since May 2022 and for 3.5 hours."

    assert list(quantities(text)) == [
        ("18", "night"),
        ("31000", "crown"),
        ("12", "bulb"),
        ("3.5", stem("hours")),
    ]


def test_a_denial_is_told_from_a_statement() -> None:
    assert is_negated("Dogs are not allowed.")
    assert is_negated("It doesn't burn.")
    assert not is_negated("Dogs are allowed.")
