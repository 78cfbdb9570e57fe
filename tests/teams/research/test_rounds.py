"""Who gets a draft back, how often, and what is said when nothing helps."""

from typing import Any

import tenuto
from tenuto.core.vocabulary import SessionId, TaskNo, effect_id
from tenuto.teams.research.rounds import decide

GOOD = {"good": True, "faults": []}
LONG = {"check": "length", "text": "too long"}


def decided(
    *faults: Any, review: Any = GOOD, revision: int = 0, revisions_max: int = 2
) -> dict[str, Any]:
    session, task = SessionId("s"), TaskNo(1)
    context = tenuto.Context(session, effect_id(session, task), task=task, node="n", attempt=1)
    parts = [{"at": 1, "question": "A?"}, {"at": 2, "question": "B?"}]
    so_far = {"revision": revision, "revisions_max": revisions_max, "parts": parts}
    return decide(context, faults=list(faults), reviews=[review], so_far=so_far)


def test_a_draft_without_faults_is_published() -> None:
    assert decided() == {"next": "publish", "faults": [], "todo": [], "revision": 0}


def test_faults_of_the_draft_go_back_to_its_author_though_the_reviewer_approves() -> None:
    found = decided(LONG)

    assert (found["next"], found["faults"], found["revision"]) == ("write", [LONG], 1)


def test_the_reviewers_faults_are_added_to_the_programs() -> None:
    found = decided(LONG, review={"good": False, "faults": [{"text": "It is dull."}]})

    assert found["faults"] == [LONG, {"check": "review", "text": "It is dull."}]


def test_remarks_of_a_reviewer_who_lets_it_pass_hold_nothing_up() -> None:
    assert decided(review={"good": True, "faults": [{"text": "Nice."}]})["next"] == "publish"


def test_a_reviewer_who_says_no_and_not_why_sends_it_back_all_the_same() -> None:
    assert decided(review={"good": False, "faults": []})["next"] == "write"


def test_missing_evidence_goes_back_to_the_researcher_with_the_reason() -> None:
    missing = {"text": "Nobody says who.", "missing_evidence_on": 2}

    found = decided(LONG, review={"good": False, "faults": [missing]})

    assert found["next"] == "research"
    assert found["todo"] == [{"at": 2, "question": "B?", "faults": ["Nobody says who."]}]


def test_evidence_on_a_part_that_there_is_not_is_a_fault_of_the_draft() -> None:
    missing = {"text": "Nobody says who.", "missing_evidence_on": 9}

    assert decided(review={"good": False, "faults": [missing]})["next"] == "write"


def test_after_so_many_times_it_is_published_with_its_faults() -> None:
    assert decided(LONG, revision=1)["next"] == "write"
    assert decided(LONG, revision=2)["next"] == "publish"
    assert decided(LONG, revision=2)["faults"] == [LONG]
    assert decided(LONG, revisions_max=0)["next"] == "publish"


def test_a_review_that_failed_is_told_and_is_no_reason_to_write_again() -> None:
    found = decided(review={"error": "model unavailable"})

    assert found["next"] == "publish"
    assert found["faults"] == [
        {"check": "unreviewed", "text": "Nobody reviewed the report: model unavailable"}
    ]
