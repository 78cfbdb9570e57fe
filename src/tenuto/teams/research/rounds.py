"""What follows from a check: back to the author, back to the researcher, or on to the reader."""

from typing import Any, Final

import tenuto
from tenuto.teams.research.schemas import Record

REVISIONS: Final = 2
"""How often a draft is sent back when the session does not say."""


def decide(
    ctx: tenuto.Context, faults: list[Any], reviews: list[Any], so_far: dict[str, Any]
) -> dict[str, Any]:
    """Return where the draft goes `next` (`research`, `write` or `publish`), and with what faults.

    A program's faults stand whatever the reviewer says; the reviewer's are added to them. After
    `so_far.revisions_max` times it is published as it is, and `faults` says what it did not pass.
    """
    every = [*faults, *_reviewed(reviews)]
    mendable = [fault for fault in every if fault["check"] != "unreviewed"]
    if not mendable or so_far["revision"] >= so_far["revisions_max"]:
        return {"next": "publish", "faults": every, "todo": [], "revision": so_far["revision"]}
    todo = _todo(mendable, so_far["parts"])
    return {
        "next": "research" if todo else "write",
        "faults": every,
        "todo": todo,
        "revision": so_far["revision"] + 1,
    }


def _reviewed(reviews: list[Any]) -> list[dict[str, Any]]:
    """Return the reviewer's faults. A review that failed is no reason to write again."""
    review: Record = reviews[0] if reviews else {"error": "there was no review"}
    if "error" in review:
        return [{"check": "unreviewed", "text": f"Nobody reviewed the report: {review['error']}"}]
    found = [_of_reviewer(fault) for fault in review.get("faults", ())]
    if not found and not review.get("good", True):
        found = [{"check": "review", "text": "The reviewer does not let it pass, and says no why."}]
    # Who lets it pass may still have remarks: they hold nothing up.
    return [] if review.get("good", False) else found


def _of_reviewer(fault: Record) -> dict[str, Any]:
    about = fault.get("missing_evidence_on")
    return {"check": "review", "text": fault["text"], **({"at": about} if about else {})}


def _todo(faults: list[Any], parts: list[Any]) -> list[dict[str, Any]]:
    """Return the parts to research again, each with what was missing."""
    questions = {part["at"]: part["question"] for part in parts}
    texts: dict[int, list[str]] = {}
    for fault in faults:
        if fault.get("at") in questions:
            texts.setdefault(fault["at"], []).append(fault["text"])
    return [{"at": at, "question": questions[at], "faults": texts[at]} for at in sorted(texts)]
