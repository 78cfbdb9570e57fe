"""Feedback is heard, turned into work, and what came of it is told."""

from typing import Any

import pytest

import tenuto
from tenuto.core.vocabulary import SessionId, TaskNo, effect_id
from tenuto.teams.research.preferences import EMPHASIS_MAX, WORDS, in_words, learned
from tenuto.teams.research.refining import NEW_PARTS_MAX, hear, revise


def context() -> tenuto.Context:
    session, task = SessionId("s"), TaskNo(1)
    return tenuto.Context(session, effect_id(session, task), task=task, node="n", attempt=1)


@pytest.mark.parametrize(
    ("said", "onward", "text"),
    [
        ("shorter", "edit", "shorter"),
        ({"text": " shorter "}, "edit", "shorter"),
        ("done", "done", "done"),
        ("  Done. ", "done", "Done."),
        (None, "done", ""),
        ("", "wait", ""),
        ("!?", "wait", ""),
        (3, "wait", ""),
        ({}, "wait", ""),
        (["shorter"], "wait", ""),
    ],
)
def test_feedback_is_a_text_and_its_absence_is_the_deadline(
    said: Any, onward: str, text: str
) -> None:
    assert hear(context(), said) == {"next": onward, "feedback": text}


def edit(**parts: Any) -> dict[str, Any]:
    return {"done": False, "changes": ["Make it shorter."], **parts}


def revised(made: Any, **so_far: Any) -> dict[str, Any]:
    parts = [{"at": 1, "question": "A?"}, {"at": 3, "question": "C?"}]
    given = {"parts": parts, "preferences": {}, **so_far}
    return revise(context(), edits=[made], feedback="shorter", so_far=given)


def test_changes_alone_begin_with_the_author_and_with_a_clean_slate() -> None:
    found = revised(edit(preferences={"length": "short"}))

    assert found["next"] == "write"
    assert (found["changes"], found["because"]) == (["Make it shorter."], "shorter")
    assert (found["revision"], found["faults"], found["todo"]) == (0, [], [])
    assert found["preferences"] == {"length": "short"}
    assert found["words_max"] == WORDS["short"]


def test_new_questions_begin_with_the_researcher_under_new_numbers() -> None:
    found = revised(edit(sub_questions=["a", "D?", " ", "D?"]))

    assert found["next"] == "research"
    assert found["todo"] == [{"at": 4, "question": "D?", "faults": []}]


def test_feedback_adds_no_more_questions_than_it_may() -> None:
    found = revised(edit(sub_questions=[f"Q{n}?" for n in range(9)]))

    assert len(found["todo"]) == NEW_PARTS_MAX


def test_an_editor_that_finds_nothing_to_do_ends_it() -> None:
    assert revised(edit(done=True, changes=[])) == {"next": "done"}


def test_an_editor_that_failed_costs_nobody_the_report() -> None:
    assert revised({"error": "model unavailable"}) == {"next": "wait"}


def test_preferences_add_up_and_the_latest_topics_stay() -> None:
    before = {"length": "short", "emphasis": ["salt", "pepper"]}
    many = [f"topic {n}" for n in range(EMPHASIS_MAX)]

    assert learned(before, {"format": "bullets", "emphasis": ["salt"], "length": ""}) == {
        "length": "short",
        "format": "bullets",
        "emphasis": ["pepper", "salt"],
    }
    assert learned(before, {"emphasis": many})["emphasis"] == many


def test_preferences_are_remembered_in_words_that_a_person_reads() -> None:
    told = in_words({"length": "short", "emphasis": ["salt", "pepper"]})

    assert told == "This reader wants reports with: length short; emphasis salt, pepper."
