"""All that a report tells of, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tenuto.teams.migration.kora.verification import Verification
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Annotated

SYSTEMS: Final = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "mariadb": "MariaDB",
    "folder": "Files",
}


class TableMoved(msgspec.Struct, frozen=True):
    """What came of one table."""

    rows: int = 0
    quarantined: int = 0
    seconds: float = 0.0


class GaveWay(msgspec.Struct, frozen=True):
    """Rows that were put aside for a constraint."""

    table: str
    constraint: str
    rows: int


class Unbuilt(msgspec.Struct, frozen=True):
    """Something of the plan that the target does not have."""

    what: str
    name: str
    table: str
    why: str


class Built(msgspec.Struct, frozen=True):
    """What stands on the rows."""

    built: int = 0
    gave_way: tuple[GaveWay, ...] = ()
    unbuilt: tuple[Unbuilt, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """What a model says of a difference; it excuses none."""

    place: str
    text: str


class Decision(msgspec.Struct, frozen=True):
    """What somebody decided, beside the answers that stand in the plan."""

    what: str
    by: str = ""
    at: str = ""


class Happened(msgspec.Struct, frozen=True):
    """An alert while rows were moved, or what was done about it."""

    kind: str
    text: str
    round: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a migration."""

    plan: Plan
    annotated: Annotated
    moved: dict[str, TableMoved] = {}
    """By tables of the target."""
    verification: Verification | None = None
    built: Built = Built()
    explanations: tuple[Explanation, ...] = ()
    decisions: tuple[Decision, ...] = ()
    happened: tuple[Happened, ...] = ()
    accepted: bool = False
    """Somebody takes the target with its defects."""

    @property
    def verified(self) -> bool:
        """The target is proven to behave as the source."""
        return self.verification is not None and self.verification.verified

    @property
    def rows(self) -> int:
        """How many were moved."""
        return sum(table.rows for table in self.moved.values())

    @property
    def quarantined(self) -> int:
        """How many were put aside."""
        gave_way = sum(one.rows for one in self.built.gave_way)
        return sum(table.quarantined for table in self.moved.values()) + gave_way


def facts_from(given: Facts | Mapping[str, Any]) -> Facts:
    """Return facts, also of the JSON that they became in events."""
    return given if isinstance(given, Facts) else msgspec.convert(dict(given), Facts)
