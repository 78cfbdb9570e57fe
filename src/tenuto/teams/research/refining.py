"""From what a reader says to the next version: heard, turned into work, compared."""

import difflib
from typing import Any, Final

import tenuto
from tenuto.teams.research.drafts import word_count
from tenuto.teams.research.preferences import kept, learned
from tenuto.teams.research.quotes import words_in
from tenuto.teams.research.schemas import Record

DONE: Final = frozenset({"done", "ok", "okay", "accepted", "stop", "fine", "good", "thanks"})
"""Feedback of one of these words ends the refinement without asking an agent."""

FEEDBACK_CHARS_MAX: Final = 10_000
"""Longer feedback is cut."""

NEW_PARTS_MAX: Final = 3
"""Sub-questions that one feedback may add."""

PARTS_MAX: Final = 12
"""Sub-questions of a session in all."""


def hear(ctx: tenuto.Context, said: Any) -> dict[str, Any]:
    """Return the feedback as text, and what follows: `edit`, `done`, or `wait` for other feedback.

    Feedback is a text, or an object with a `text`. None: the deadline has passed.
    """
    text = said.get("text") if isinstance(said, dict) else said
    if text is None and not isinstance(said, dict):
        return {"next": "done", "feedback": ""}
    if not isinstance(text, str) or not words_in(text).strip():
        ctx.note("feedback_unusable", {"found": said, "wanted": "a text"})
        return {"next": "wait", "feedback": ""}
    is_done = words_in(text).strip() in DONE
    return {"next": "done" if is_done else "edit", "feedback": text.strip()[:FEEDBACK_CHARS_MAX]}


def revise(
    ctx: tenuto.Context, edits: list[Any], feedback: str, so_far: dict[str, Any]
) -> dict[str, Any]:
    """Return the state that the next version is made from, and where it begins (`next`).

    An editor that failed costs nobody the report: the session waits for feedback again.
    """
    edit: Record = edits[0] if edits else {"error": "nobody edited"}
    if "error" in edit:
        ctx.note("feedback_unusable", {"found": feedback, "error": edit["error"]})
        return {"next": "wait"}
    if edit["done"] and not edit["changes"]:
        return {"next": "done"}
    todo = _new_parts(edit.get("sub_questions") or (), so_far["parts"])
    preferences = learned(so_far["preferences"], edit.get("preferences") or {})
    return {
        "next": "research" if todo else "write",
        "todo": todo,
        "because": feedback,
        "changes": edit["changes"],
        "declined": list(edit.get("declined") or ()),
        "faults": [],
        "revision": 0,
        **kept(preferences),
    }


def body_of(draft: Record) -> str:
    """Return what an author wrote of a report."""
    return f"{draft['answer'].strip()}\n\n{draft['findings'].strip()}"


def changed(before: Record | None, draft: Record) -> str:
    """Return in words how a draft differs from the version before it."""
    text = body_of(draft)
    if before is None:
        return f"{word_count(text):,} words"
    old, new = _lines(before["text"]), _lines(text)
    if old == new:
        return "nothing changed"
    steps = [line[0] for line in difflib.ndiff(old, new)]
    words = f"{word_count(before['text']):,} → {word_count(text):,} words"
    return f"{words}, {steps.count('+')} lines new, {steps.count('-')} gone"


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _new_parts(questions: Any, parts: list[Any]) -> list[dict[str, Any]]:
    known = {words_in(part["question"]) for part in parts}
    new = {words_in(text): text.strip() for text in questions if words_in(text).strip()}
    wanted = [text for words, text in new.items() if words not in known]
    room = max(0, min(NEW_PARTS_MAX, PARTS_MAX - len(parts)))
    first = max((part["at"] for part in parts), default=0) + 1
    return [
        {"at": at, "question": text, "faults": []}
        for at, text in enumerate(wanted[:room], start=first)
    ]
