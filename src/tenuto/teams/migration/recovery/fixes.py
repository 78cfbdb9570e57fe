"""Ways to mend a column whose rows are refused, ranked: those that lose nothing come first."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tenuto.teams.migration.plan import Change, ColumnPlan
from tenuto.teams.migration.schema import Kind, Scalar

Loss = Literal["none", "form", "value", "row"]
"""What is lost: nothing; how a value was written; the value; the row, which is kept aside."""

_WEIGHT: Final[dict[Loss, float]] = {"none": 0.0, "form": 0.05, "value": 0.3, "row": 0.6}
"""How much of the rows a fix must save more than another to be worth the loss."""

PLACEHOLDERS: Final = (
    "",
    "-",
    "--",
    "?",
    "n/a",
    "N/A",
    "na",
    "null",
    "NULL",
    "none",
    "unknown",
    "0000-00-00",
    "0000-00-00 00:00:00",
)
"""What people write where there is no value."""
DATE_FORMATS: Final = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y%m%d",
    "%d-%b-%Y",
    "%Y/%m/%d",
)
MOMENT_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%Y%m%d%H%M%S",
)


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to go on."""

    name: str
    text: str
    """What it does, in a sentence."""
    loss: Loss
    column: str = ""
    """Of the target; empty: the fix is about rows."""
    changes: tuple[Change, ...] = ()
    """In place of the column's; none: they stay."""
    kind: Kind | None = None
    """The column holds this from now on."""
    type: str | None = None
    nullable: bool | None = None
    saves: float = 0.0
    """The share of the sample that fits afterwards."""
    quarantines: bool = False
    """Rows that do not fit are put aside, however many they are."""
    known: int = 0
    """How many migrations before this one it has helped, as far as the library tells."""


QUARANTINE: Final = Fix(
    name="quarantine",
    text="Put the rows that do not fit aside, with their values and reasons, and move the others.",
    loss="row",
    quarantines=True,
)


def candidates(column: ColumnPlan, *, text_type: str) -> list[Fix]:
    """Return what could be tried for a column, untried; `text_type` holds any text there."""
    return [*_by_changes(column), *_by_widening(column, text_type)]


def ranked(fixes: list[Fix]) -> list[Fix]:
    """Return the fixes that help, the best first; to put rows aside is always among them."""
    helping = [fix for fix in fixes if fix.saves > 0]
    return sorted([*helping, QUARANTINE], key=_rank)


def mended(column: ColumnPlan, fix: Fix) -> ColumnPlan:
    """Return the column as the fix has it."""
    return msgspec.structs.replace(
        column,
        changes=fix.changes or column.changes,
        kind=fix.kind or column.kind,
        type=fix.type or column.type,
        nullable=column.nullable if fix.nullable is None else fix.nullable,
        reasons=(*column.reasons, fix.text),
        decided_by="recovery",
    )


def _rank(fix: Fix) -> tuple[float, int, str]:
    saved = 1.0 if fix.quarantines else fix.saves
    return _WEIGHT[fix.loss] - saved, -fix.known, fix.name


def _by_changes(column: ColumnPlan) -> list[Fix]:
    def fix(name: str, text: str, loss: Loss, *changes: Change) -> Fix:
        return Fix(name=name, text=text, loss=loss, column=column.name, changes=changes)

    own = column.changes or _own(column.kind)
    trims = Change(do="trim")
    empties = Change(do="null_if", options={"values": list[Scalar](PLACEHOLDERS)})
    found = [fix("trim", "Take blanks around values away.", "form", trims, *own)]
    if column.nullable:
        text = "Take words that stand for no value, as 'n/a', to be none."
        found.append(fix("no_value", text, "form", trims, empties, *own))
    match column.kind:
        case "integer" | "decimal" | "float":
            text = "Read numbers with thousands separators, a currency or a comma."
            number = Change(do="decimal")
            before = (empties,) if column.nullable else ()
            found.append(fix("number", text, "form", trims, *before, number, *_own(column.kind)))
        case "date" | "timestamp" | "timestamptz":
            is_date = column.kind == "date"
            formats = list[Scalar](DATE_FORMATS if is_date else MOMENT_FORMATS + DATE_FORMATS)
            do = Change(do="date" if is_date else "timestamp", options={"formats": formats})
            before = (empties,) if column.nullable else ()
            found.append(fix("formats", "Read dates of every known form.", "form", *before, do))
        case "boolean":
            do = Change(do="boolean")
            before = (empties,) if column.nullable else ()
            found.append(fix("truth", "Read every word for yes and no.", "form", *before, do))
        case "text" | "json":
            repairs = Change(do="latin1")
            text = "Read bytes that are not UTF-8 as Latin-1."
            found.append(fix("latin1", text, "form", repairs, *own))
        case _:
            pass
    return found


def _by_widening(column: ColumnPlan, text_type: str) -> list[Fix]:
    if column.kind in ("text", "bytes"):
        if column.kind == "bytes" or column.type == text_type:
            return []
        widened = Fix(
            name="widen",
            text=f"Make the column {text_type}, which holds texts of any length.",
            loss="none",
            column=column.name,
            type=text_type,
        )
        return [widened]
    text = f"Keep the column as {text_type}: what stands there is more than {column.kind}."
    return [
        Fix(
            name="as_text",
            text=text,
            loss="value",
            column=column.name,
            changes=(Change(do="text"),),
            kind="text",
            type=text_type,
        )
    ]


def _own(kind: Kind) -> tuple[Change, ...]:
    return (Change(do="cast", options={"kind": kind}),)
