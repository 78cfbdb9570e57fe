"""What becomes of one column."""

from __future__ import annotations

from typing import TypedDict, Unpack

from tenuto.teams.migration.architect.types import target_type
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Column, System


class About(TypedDict):
    """What is known of a column beside its declaration."""

    name: str
    """In the target."""
    indexed: bool
    next: int | None
    is_key: bool


def column_plan(
    column: Column, source: System, target: System, **about: Unpack[About]
) -> ColumnPlan:
    """Return the plan for a column by its declaration alone, without its default."""
    to = target_type(column.type, source, target, indexed=about["indexed"])
    return ColumnPlan(
        name=about["name"],
        source=column.name,
        type=to.type,
        kind=to.kind,
        scale=to.scale,
        precision=to.precision,
        # SQLite takes NULL in a primary key; nobody else does.
        nullable=column.nullable and not (about["is_key"] and target != "sqlite"),
        counts=column.counts,
        next=about["next"] if column.counts else None,
        confidence=to.confidence,
        reasons=(to.reason,) if to.reason else (),
        decided_by="rules",
    )
