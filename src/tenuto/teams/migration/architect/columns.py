"""What becomes of one column."""

from __future__ import annotations

from typing import TypedDict, Unpack

from tenuto.teams.migration.architect import expressions
from tenuto.teams.migration.architect.types import target_type
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Column, System


class About(TypedDict):
    """What is known of a column beside its declaration."""

    table: str
    name: str
    """In the target."""
    indexed: bool
    next: int | None
    left_out: dict[str, str]
    """What cannot be moved is written here."""


def column_plan(
    column: Column, source: System, target: System, **about: Unpack[About]
) -> ColumnPlan:
    """Return the plan for a column by its declaration alone."""
    to = target_type(column.type, source, target, indexed=about["indexed"])
    default = None
    if column.default is not None:
        try:
            default = expressions.default(column.default, source, target, to.kind)
        except expressions.Untranslatable as error:
            about["left_out"][f"{about['table']}.{column.name} DEFAULT"] = str(error)
    return ColumnPlan(
        name=about["name"],
        source=column.name,
        type=to.type,
        kind=to.kind,
        scale=to.scale,
        precision=to.precision,
        nullable=column.nullable,
        default=default,
        counts=column.counts,
        next=about["next"] if column.counts else None,
        confidence=to.confidence,
        reasons=(to.reason,) if to.reason else (),
        decided_by="rules",
    )
