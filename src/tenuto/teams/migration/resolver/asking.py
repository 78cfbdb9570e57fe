"""What all questions share."""

from __future__ import annotations

from collections.abc import Sequence

from tenuto.teams.migration.plan import Alternative, Change
from tenuto.teams.migration.resolver.previewing import REFUSED


class BadAnswer(ValueError):
    """An answer is none of the choices, or to a question that nobody asked."""


def consequence(way: Alternative, shown: Sequence[object]) -> str:
    """Return what a choice would mean; `shown` is what it makes of some values."""
    refused = sum(value == REFUSED for value in shown)
    said = [way.consequences, *way.reasons[-1:]]
    if refused:
        said.append(f"Of the {len(shown)} values shown, {refused} would be put aside.")
    return " ".join(part for part in said if part)


def told(change: Change) -> str:
    """Return a change in short words."""
    told = []
    for value in change.options.values():
        parts = value if isinstance(value, list) else [value]
        told.append(" ".join(str(part) or "''" for part in parts))
    return f"{change.do} {', '.join(told)}".strip()
