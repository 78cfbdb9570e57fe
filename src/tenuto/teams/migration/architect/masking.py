"""What stands in place of what tells of people, where that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tenuto.teams.migration.architect.types import target_type
from tenuto.teams.migration.plan import Change, ColumnPlan
from tenuto.teams.migration.schema import ColumnNotes, System, Type

WAYS: Final = ("hash", "shape", "partial", "year", "null")
PERSONAL: Final = "personal"
"""In place of a semantic type: every column that tells of a person."""
HASH_LENGTH: Final = 32


class BadMask(ValueError):
    """A mask was asked for that does not exist, or cannot be had for a column."""


def masked(
    plan: ColumnPlan, notes: ColumnNotes, masks: Mapping[str, str], target: System
) -> ColumnPlan:
    """Return the plan of a column with the mask that was asked for its semantic type, if any.

    Raises:
        BadMask: there is no such mask, or the column takes no NULL that is to be one.
    """
    way = masks.get(notes.meaning.semantic)
    if way is None and notes.meaning.personal:
        way = masks.get(PERSONAL)
    if way is None:
        return plan
    if way not in WAYS:
        raise BadMask(f"There is no mask {way!r}; there are: {', '.join(WAYS)}.")
    if way == "null" and not plan.nullable:
        raise BadMask(
            f"The mask `null` is asked for {notes.meaning.semantic}, but the column "
            f"{plan.source!r} takes no NULL; use `hash` or `partial`."
        )
    reason = f"It is masked ({way}), as was asked for {notes.meaning.semantic}."
    change = Change(do="mask", options={"how": way})
    if way == "null":
        return msgspec.structs.replace(
            plan, changes=(change,), alternatives=(), reasons=(reason,), confidence=1.0
        )
    if way == "year":
        if plan.kind not in ("date", "timestamp", "timestamptz"):
            raise BadMask(f"The mask `year` is asked for {plan.source!r}, which is no date.")
        return msgspec.structs.replace(
            plan, changes=(*plan.changes, change), alternatives=(), reasons=(reason,)
        )
    to = target_type(
        Type(declared="", kind="text", length=HASH_LENGTH if way == "hash" else None),
        "folder",
        target,
    )
    before = tuple(one for one in plan.changes if one.do == "latin1")
    return msgspec.structs.replace(
        plan,
        type=to.type,
        kind="text",
        precision=None,
        scale=None,
        changes=(*before, Change(do="text"), change) if plan.kind != "text" else (*before, change),
        alternatives=(),
        reasons=(reason,),
        confidence=1.0,
    )
