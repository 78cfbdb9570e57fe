"""A question becomes two to five that can be looked up one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.offline.contract import PlanInputs
from tenuto.adapters.offline.planning import SUB_QUESTIONS_MAX, plan, subject_of


def planned(question: str, most: int = 5) -> list[str]:
    return plan(PlanInputs(question=question, max_sub_questions=most)).sub_questions


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "How does Tenuto survive a crash?",
            [
                "How does Tenuto survive a crash?",
                "What is Tenuto?",
                "What is said about a crash?",
            ],
        ),
        ("What does P3 promise?", ["What does P3 promise?", "What is P3?"]),
        (
            "Who built Gannet Head and when was it painted?",
            ["Who built Gannet Head?", "When was Gannet Head painted?"],
        ),
        (
            "What is the difference between Gannet Head and Puffin Isle?",
            [
                "What is the difference between Gannet Head and Puffin Isle?",
                "What is said about Gannet Head?",
                "What is said about Puffin Isle?",
            ],
        ),
        (
            "What are the height, range and age of Gannet Head?",
            [
                "What are the height of Gannet Head?",
                "What are the range of Gannet Head?",
                "What are the age of Gannet Head?",
            ],
        ),
        (
            "Where is the control room? Who works there?",
            ["Where is the control room?", "Who works there?"],
        ),
    ],
)
def test_parts_of_a_question_are_asked_apart(question: str, parts: list[str]) -> None:
    assert planned(question) == parts


def test_no_more_are_asked_than_wanted() -> None:
    assert len(planned("Who is A? Who is B? Who is C? Who is D?", most=2)) == 2


def test_the_subject_is_the_first_name() -> None:
    assert subject_of("When was the tower of Gannet Head built in May?") == "Gannet Head"
    assert subject_of("When was the tower built?") == ""


@given(st.text(max_size=200), st.integers(-5, 50))
def test_any_text_gives_a_bounded_plan_without_repetition(text: str, most: int) -> None:
    parts = planned(text, most)

    assert len(parts) <= SUB_QUESTIONS_MAX
    assert len(set(parts)) == len(parts)
    assert all(part.endswith("?") for part in parts)
