"""What is to be loaded, and what came of it. Plain data."""

from typing import Final, Literal

import msgspec

from tenuto.teams.migration.databases.port import Span
from tenuto.teams.migration.plan import Plan, TablePlan
from tenuto.teams.migration.schema import Scalar

BAD_SHARE_MAX: Final = 0.05
"""More bad rows than this are no accident: something about the mapping is wrong."""
BAD_ROWS_FREE: Final = 20
"""So many may be bad whatever their share: a small table has a large share of one."""

Severity = Literal["transient", "recoverable", "escalatable", "fatal"]
"""transient: the same again may work. recoverable: another way to change or load the rows may.
escalatable: a person has to do something outside. fatal: nothing that we do helps."""


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a table that are moved one after the other."""

    number: int
    span: Span = Span()
    by: tuple[str, ...] = ()
    """The columns of the source by whose order they are read; none: in one transaction."""
    rows: int | None = None
    """How many they are, where somebody counted."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One range of one table, to be moved."""

    migration: str
    """Whose checkpoints these are."""
    plan: Plan
    table: str
    """Of the target."""
    range: Range
    bad_share_max: float = BAD_SHARE_MAX
    bad_rows_free: int = BAD_ROWS_FREE
    attempts_max: int = 5
    """How often it goes on from the last checkpoint after something that may pass."""
    until_ms: int = 0
    """Since 1970: after the first batch from then on it stops where it is; 0: at its end."""
    source_share: float = 0.0
    """The part of the time that reading may take, of 1; 0: all of it."""

    @property
    def mapping(self) -> TablePlan:
        """What becomes of the table."""
        return self.plan.table(self.table)


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that the target does not take."""

    key: tuple[Scalar, ...]
    """In the source."""
    column: str
    """Of the target; empty where only the row as a whole is refused."""
    reason: str
    original: dict[str, Scalar | list[Scalar]]
    """Column of the source to value: as JSON has it, bytes as `["hex", …]`."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a load stopped before its end. What was committed until then stays."""

    severity: Severity
    what: str
    """`bad_rows`, `unavailable`, `not_permitted`, `no_room`, `unsupported`, `source`, …"""
    message: str
    column: str = ""
    reasons: dict[str, int] = {}
    """`column: reason` to how many rows of the batch."""
    sample: tuple[BadRow, ...] = ()
    bad_share: float = 0.0


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a load. Rows are counted over all attempts, as the checkpoints tell them."""

    read: int
    loaded: int
    quarantined: int
    batches: int
    seconds: float = 0.0
    failure: Failure | None = None
    """None: the range is at its end, or `stopped`."""
    parts: tuple[Range, ...] = ()
    """It ends where it was cut: these hold the rest."""
    stopped: bool = False
    """It was time to stop; there is more."""
    source_seconds: float = 0.0
    """How long the source took to answer, in this load; `target_seconds`: the target."""
    target_seconds: float = 0.0
    slowest_seconds: float = 0.0
    """The longest that a batch took to be written."""
    batch_rows: int = 0
    """The most rows of a batch, in the end: fewer than planned, where that was too much."""
