"""Feedback in plain words becomes wishes; what is not understood is said to be so."""

import msgspec
import pytest

from tenuto.adapters.offline.contract import Edit, Preferences
from tests.adapters.offline.conversation import converse


def edited(feedback: str, **more: object) -> Edit:
    inputs = {"feedback": feedback, "sub_questions": ["What is salt?"], **more}
    return msgspec.convert(converse("edit", inputs), type=Edit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("feedback", "wished"),
    [
        ("shorter", Preferences(length="short")),
        ("This is too long.", Preferences(length="short")),
        ("longer please", Preferences(length="long")),
        ("much too short!", Preferences(length="long")),
        ("not shorter", Preferences()),
        ("as bullet points", Preferences(format="bullets")),
        ("no bullets", Preferences(format="prose")),
        ("write paragraphs", Preferences(format="prose")),
        ("Shorter, as a list", Preferences(length="short", format="bullets")),
        ("in German", Preferences(language="German")),
        ("focus on the tides", Preferences(emphasis=["the tides"])),
        ("more about storms and in bullets", Preferences(emphasis=["storms"], format="bullets")),
    ],
)
def test_wishes_of_form_are_preferences(feedback: str, wished: Preferences) -> None:
    assert edited(feedback).preferences == wished


@pytest.mark.parametrize(
    ("feedback", "questions"),
    [
        ("shorter, and compare Gannet Head", ["What is said about Gannet Head?"]),
        (
            "compare Gannet Head with Eider Skerry",
            ["What is said about Gannet Head?", "What is said about Eider Skerry?"],
        ),
        ("add something about the ferry", ["What is said about the ferry?"]),
        ("what about flour", ["What is said about flour?"]),
        ("who pays for it?", ["Who pays for it?"]),
        ("what is salt?", []),
        ("shorter", []),
    ],
)
def test_what_the_report_lacks_is_to_be_looked_up(feedback: str, questions: list[str]) -> None:
    assert edited(feedback).sub_questions == questions


def test_a_second_shorter_after_longer_goes_one_step_back() -> None:
    assert edited("shorter", preferences={"length": "long"}).preferences.length == "normal"


def test_what_is_to_go_is_a_change() -> None:
    assert edited("leave out the ferry").changes == ["Leave out: the ferry"]


@pytest.mark.parametrize("feedback", ["That's it", "Thanks!", "looks good, thank you"])
def test_contentment_ends_it(feedback: str) -> None:
    found = edited(feedback)

    assert found.done
    assert (found.changes, found.declined) == ([], [])


def test_what_is_not_understood_is_declined_by_its_own_words() -> None:
    found = edited("shorter; juggle three balls")

    assert not found.done
    assert found.declined == ["“juggle three balls”: the offline model does not understand it"]
    assert found.preferences.length == "short"


def test_a_language_is_remembered_and_declined() -> None:
    assert edited("in French").declined == [
        "Writing in French: the offline model takes sentences as they stand"
    ]
