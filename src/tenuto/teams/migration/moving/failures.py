"""What went wrong with a load, in the classes that Recovery knows."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.moving.gate import TakenBack
from tenuto.teams.migration.moving.loads import BadRow, Failure, Severity

SAMPLE_ROWS: Final = 20

CLASSES: Final[tuple[tuple[type[port.DatabaseError], Severity, str], ...]] = (
    (port.Unavailable, "transient", "unavailable"),
    (port.BadValue, "recoverable", "bad_rows"),
    (port.NoRoom, "escalatable", "no_room"),
    (port.NotPermitted, "escalatable", "not_permitted"),
    (port.CannotConnect, "escalatable", "cannot_connect"),
    (port.MissingDriver, "escalatable", "missing_driver"),
    (TakenBack, "fatal", "taken_back"),
    (port.Unsupported, "fatal", "unsupported"),
    (port.DatabaseError, "fatal", "refused"),
)


def failure_of(error: port.DatabaseError | MemoryError) -> Failure:
    """Return what an error means for a load."""
    if isinstance(error, MemoryError):
        message = "There is not enough memory here, however few rows are held: make room."
        return Failure(severity="escalatable", what="no_memory", message=message)
    severity, what = next(
        (severity, what) for kind, severity, what in CLASSES if isinstance(error, kind)
    )
    column = error.column if isinstance(error, port.BadValue) else None
    return Failure(severity=severity, what=what, message=str(error), column=column or "")


def too_many(bad: list[BadRow], read: int, *, stops: bool) -> Failure:
    """Return that so many rows of a batch are bad that quarantine is no answer."""
    reasons = Counter(f"{row.column}: {row.reason}" for row in bad)
    columns = Counter(row.column for row in bad)
    (column, _), *_ = columns.most_common(1)
    (reason, count), *_ = reasons.most_common(1)
    why = "the plan says to stop at the first" if stops else "more than may be put aside"
    return Failure(
        severity="recoverable",
        what="bad_rows",
        message=f"{len(bad)} of {read} rows of a batch are bad, {why}; the most frequent reason "
        f"({count} rows): {reason}.",
        column=column,
        reasons=dict(reasons.most_common(10)),
        sample=tuple(bad[:SAMPLE_ROWS]),
        bad_share=len(bad) / max(read, 1),
    )
