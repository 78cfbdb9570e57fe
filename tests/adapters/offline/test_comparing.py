"""Two statements agree, disagree, or are about different things."""

import pytest

from tenuto.adapters.offline.comparing import Relation, Statement, compare


def related(claim: str, other: str, heading: str = "", other_heading: str = "") -> Relation:
    one = Statement(text=claim, heading=(heading,) if heading else ())
    two = Statement(text=other, heading=(other_heading,) if other_heading else ())
    return compare(one, two).relation


@pytest.mark.parametrize(
    ("claim", "other"),
    [
        (
            "The cells keep the lamp going for 18 nights.",
            "The cells keep the lamp going for ten nights.",
        ),
        ("The old lift is always open in winter.", "The old lift is never open in winter."),
        ("Dogs are allowed in the old tower.", "Dogs are not allowed in the old tower."),
        ("The west gate of the mill is open.", "The west gate of the mill is closed."),
    ],
)
def test_statements_that_cannot_both_be_true_disagree(claim: str, other: str) -> None:
    assert related(claim, other) == "disagrees"
    assert related(other, claim) == "disagrees"


@pytest.mark.parametrize(
    ("claim", "other"),
    [
        ("The lamp at Gannet Head burns 400 watts.", "The lamp at Fulmar Point burns 60 watts."),
        ("Four officers share the work.", "The tower has 163 steps."),
        ("No light went out that night.", "The light kept burning on its batteries."),
        (
            "It takes 3 days by boat in summer weather.",
            "It takes 3 weeks by boat in summer weather.",
        ),
    ],
)
def test_statements_about_different_things_are_unrelated(claim: str, other: str) -> None:
    assert related(claim, other) != "disagrees"


def test_headings_tell_what_statements_are_about() -> None:
    claim = "The batteries keep the lamp going for 18 nights."
    other = "The batteries keep the lamp going for 12 nights."

    assert related(claim, other, "Kittiwake Rock", "Kittiwake Rock") == "disagrees"
    assert related(claim, other, "Kittiwake Rock", "Eider Skerry") == "unrelated"


def test_the_same_statement_in_other_words_agrees() -> None:
    claim = "The duty officer watches all six lights from the control room."

    assert related(claim, "From the control room the duty officer watches all lights.") == "agrees"
