"""What a comparison finds: differences, each with its place and what it is verdict to be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Literal, TypedDict, Unpack

import msgspec

from tenuto.teams.migration.schema import Scalar

Verdict = Literal["expected", "dialect", "defect"]
"""`expected`: by what the plan declares. `dialect`: the systems differ there, `reason` says how.
`defect`: the target does not behave as the source."""

What = Literal[
    "changed",
    "missing",
    "extra",
    "doubled",
    "accepted",
    "refused",
    "declared",
    "result",
    "order",
    "error",
    "number",
]

KEPT: Final = 20
"""Differences of one sort at one place that are told one by one; more are counted."""


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is not the same on both sides."""

    what: What
    verdict: Verdict = "defect"
    table: str = ""
    """In the target; or the name of a view or a query."""
    key: dict[str, Scalar] = {}
    """Column to value: the row."""
    column: str = ""
    source: Scalar = None
    target: Scalar = None
    reason: str = ""
    place: str = ""
    """Where it is, in one text: `table.column` and the key."""


def place_of(difference: Difference) -> str:
    """Return where a difference is."""
    name = ".".join(part for part in (difference.table, difference.column) if part)
    key = ", ".join(f"{column}={value!r}" for column, value in difference.key.items())
    return f"{name} [{key}]" if key else name


Answer = Literal["same", "expected", "dialect", "defect", "skipped"]


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A query that both sides were asked."""

    name: str
    origin: Literal["given", "made"]
    sql: str
    """In the SQL of the source."""
    translated: str = ""
    """In that of the target."""
    answer: Answer
    reason: str = ""
    """Why it was skipped, or how the systems differ."""
    rewritten: str = ""
    """With which words the target gives what the source gives, where the translation does not."""
    rows: int = 0
    source_seconds: float = 0.0
    target_seconds: float = 0.0
    times: int = 1
    """How often it is in the log."""


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was compared."""

    name: str
    """`rows`, `schema`, `constraints`, `defaults`, `sequences`, `views`, `workload`."""
    table: str = ""
    compared: int = 0
    """How many: rows, constraints, queries, …"""
    unit: str = "rows"
    target_count: int | None = None
    """How many the target has, where that is counted by itself."""
    seconds: float = 0.0
    expected: int = 0
    dialect: int = 0
    defects: int = 0
    differences: tuple[Difference, ...] = ()
    """The first of each sort and place: at most 20 each."""
    note: str = ""


class Facts(TypedDict, total=False):
    """What else a check tells."""

    table: str
    compared: int
    unit: str
    target_count: int
    note: str


Excuse = Callable[[dict[str, Scalar]], str | None]


def no_excuse(key: dict[str, Scalar]) -> str | None:
    """Return that nothing is known of a row."""
    return None


class Found:
    """Collects the differences of one check: counts all, keeps the first of each sort and place."""

    def __init__(self, excuse: Excuse = no_excuse) -> None:
        """
        Args:
            excuse: says of the key of a row why it is missing, where that is known.
        """
        self.excuse = excuse
        self.excused = 0
        self.counts: dict[Verdict, int] = {"expected": 0, "dialect": 0, "defect": 0}
        self.kept: list[Difference] = []
        self._sorts: dict[tuple[str, ...], int] = {}

    def add(self, difference: Difference) -> None:
        """Take note of one."""
        sort = (difference.what, difference.verdict, difference.table, difference.column)
        if self.room(*sort):
            placed = difference.place or place_of(difference)
            self.kept.append(msgspec.structs.replace(difference, place=placed))
        self.count(difference.verdict, 1)
        self._sorts[sort] = self._sorts.get(sort, 0) + 1

    def missing(self, table: str, key: dict[str, Scalar]) -> None:
        """Take note of a row that is not in the target; it is expected to be missing where somebody
        put it aside."""
        reason = self.excuse(key)
        if reason is None:
            self.add(Difference(what="missing", table=table, key=key))
            return
        self.excused += 1
        why = f"In quarantine: {reason}"
        self.add(Difference(what="missing", verdict="expected", table=table, key=key, reason=why))

    def room(self, *sort: str) -> int:
        """Return how many more of a sort would be kept: what, verdict, table, column."""
        return max(KEPT - self._sorts.get(sort, 0), 0)

    def count(self, verdict: Verdict, number: int) -> None:
        """Count differences without keeping them."""
        self.counts[verdict] += number

    def check(self, name: str, *, begun: float, **facts: Unpack[Facts]) -> Check:
        """Return what was found as a check that was begun at a time of `time.perf_counter`."""
        return Check(
            name=name,
            seconds=time.perf_counter() - begun,
            expected=self.counts["expected"],
            dialect=self.counts["dialect"],
            defects=self.counts["defect"],
            differences=tuple(self.kept),
            **facts,
        )
