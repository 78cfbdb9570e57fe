"""What is answered to a change of something that somebody else changed meanwhile: what it was, what
it is, and where the two changes meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Outdated
from tenuto.server.etags import etag_of
from tenuto.server.problems import ProblemError
from tenuto.server.registry.versions import Kept, Versions
from tenuto.views.moments import moment_text
from tenuto.views.three_way import ThreeWay, three_way

PLACES_MAX: Final = 200
"""Places that are told of each kind; of those beyond, only that there are more."""
_DERIVED: Final = ("text", "media_type")
"""What of a record is not compared: the definition says it by place."""


async def overtaken(
    versions: Versions, organisation: str, error: Outdated, *, mine: JsonObject | None
) -> ProblemError:
    """Return the answer: `mine` is what was sent, None where it was to be deleted."""
    present: Kept | None = None
    base: Kept | None = None
    async for kept in versions.history(organisation, error.target):
        present = present or kept
        if kept.version == error.expected:
            base = kept
        if kept.version <= error.expected:
            break
    members: dict[str, Any] = {"base": _told(base), "present": _told(present)}
    if base is not None and present is not None:
        old, theirs = _compared(base.value), _compared(present.value)
        members |= _members(three_way(old, old if mine is None else _compared(mine), theirs))
    found = error.found
    state = f"has version {found}" if found else "does not exist"
    return ProblemError(
        "outdated",
        f"It {state}, and the change was made for version {error.expected}.",
        headers={"ETag": etag_of(found)} if found else None,
        **members,
    )


def _told(kept: Kept | None) -> JsonObject | None:
    if kept is None:
        return None
    return {
        "version": kept.version,
        "text": kept.value["text"],
        "actor": kept.actor,
        "at": moment_text(kept.at_ms),
    }


def _compared(value: JsonObject) -> JsonObject:
    rest = {name: found for name, found in value.items() if name not in (*_DERIVED, "definition")}
    definition = value.get("definition")
    return {**(definition if isinstance(definition, dict) else {}), **rest}


def _members(found: ThreeWay) -> JsonObject:
    lists: tuple[Sequence[object], ...] = (found.mine, found.theirs, found.conflicts)
    shown: Any = msgspec.to_builtins([places[:PLACES_MAX] for places in lists])
    return {
        "changed": {"mine": shown[0], "theirs": shown[1]},
        "conflicts": shown[2],
        "complete": all(len(places) <= PLACES_MAX for places in lists),
    }
