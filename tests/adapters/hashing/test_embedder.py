"""Hashed words: the same everywhere, near for words that look alike."""

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.core.errors import Rejected

EMBEDDER = HashingEmbedder()


def likeness(one: str, other: str) -> float:
    first, second = EMBEDDER.embed([one, other])
    return sum(a * b for a, b in zip(first, second, strict=True))


def test_vectors_are_the_same_in_every_process() -> None:
    text = "The painter paints a house, and another house."
    program = (
        "from tenuto.adapters.hashing import HashingEmbedder;"
        f"print(HashingEmbedder(64).embed([{text!r}]))"
    )

    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }

    assert said == {f"{HashingEmbedder(64).embed([text])}\n"}


def test_a_place_that_was_once_given_is_kept() -> None:
    """Vectors are stored: whoever changes how texts are hashed changes the name."""
    (vector,) = HashingEmbedder(16).embed(["held"])

    assert HashingEmbedder(16).name == "hashing-1:16"
    assert [round(value, 4) for value in vector] == KEPT


KEPT = [
    -0.2357,
    0.0,
    -0.2357,
    0.0,
    0.0,
    0.0,
    -0.2357,
    0.7071,
    0.2357,
    -0.2357,
    -0.2357,
    0.0,
    -0.2357,
    -0.2357,
    -0.2357,
    0.0,
]


def test_case_punctuation_and_form_of_letters_do_not_matter() -> None:
    assert likeness("How do I reset my password?", "how do i RESET my password") > 0.999
    assert likeness("It’s the ﬁnal day", "it's the final day") > 0.999


def test_words_that_share_a_stem_are_nearer_than_words_that_share_nothing() -> None:
    assert likeness("painted", "painter") > 0.2
    assert abs(likeness("painted", "quarter")) < 0.15


def test_small_words_weigh_little() -> None:
    asked = "reset the password of my account"

    assert likeness(asked, "reset password for account") > likeness(asked, "the door of my house")


def test_the_order_of_words_is_seen() -> None:
    assert likeness("dog bites man", "man bites dog") < 0.95


@pytest.mark.parametrize("dimensions", [0, 15, -1, 1_000_000])
def test_a_number_of_dimensions_that_makes_no_sense_is_refused(dimensions: int) -> None:
    with pytest.raises(Rejected, match="16 to 65536"):
        HashingEmbedder(dimensions)


@given(st.text(max_size=200))
def test_any_text_has_a_vector_of_length_one_or_zero(text: str) -> None:
    (vector,) = HashingEmbedder(32).embed([text])

    length = math.hypot(*vector)
    assert len(vector) == 32
    assert length == 0 or math.isclose(length, 1.0, rel_tol=1e-9)


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_between_minus_one_and_one(one: str, other: str) -> None:
    assert -1.000001 <= likeness(one, other) <= 1.000001
