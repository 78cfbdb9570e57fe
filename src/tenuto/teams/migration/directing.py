"""How the conductor hands out work in rounds, and what it makes of what comes back. Pure.

A round is short against the whole: workers move what they are given until its end, and report.
Between rounds nobody moves, so ranges can be given to others, cut, and given in other numbers.
"""

from __future__ import annotations

import heapq
from typing import Any, Final

import msgspec

from tenuto.teams.migration.moving.loads import Range
from tenuto.teams.migration.plan import Plan

FIRST_S: Final = 5.0
"""The first round: what is lopsided shows soon."""
ROUNDS_IN_ALL: Final = 60
"""Long migrations have rounds of this part of their time until then, so that events stay few."""
ROUND_S_MAX: Final = 600.0
AHEAD: Final = 2.0
"""A worker is given so many rounds of work, as far as that is known."""
TOLD_MAX: Final = 100
BATCH_S_SLOW: Final = 5.0
BATCH_S_QUICK: Final = 1.0
BATCH_ROWS_MIN: Final = 100
GAIN_MIN: Final = 0.9
"""Fewer workers are enough, when they reach this part of the best rate."""
TRIAL_PART: Final = 20
"""Fewer workers are tried for a round when the rest takes so many rounds."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A range that is not at its end."""

    table: str
    range: Range
    done: int = 0
    """Rows that were read of it."""
    rows: int = 1
    """How many it holds, as far as is known."""

    @property
    def left(self) -> int:
        """Rows that are still to be moved, at least one."""
        return max(self.rows - self.done, 1)


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a table so far: rows of ranges at their end, and the seconds of all."""

    rows: int = 0
    quarantined: int = 0
    seconds: float = 0.0


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a migration is, as the conductor knows it."""

    open: tuple[Open, ...] = ()
    next: dict[str, int] = {}
    """Table to the number of its next range."""
    moved: dict[str, Came] = {}
    """By tables."""
    fixes: dict[str, tuple[dict[str, Any], ...]] = {}
    batch_rows: dict[str, int] = {}
    """Where it is less than planned."""
    lanes: int = 1
    rates: dict[str, float] = {}
    """Workers to the rows per second that so many moved."""
    rounds: int = 0
    seconds: float = 0.0
    """Spent in rounds."""
    rows: int = 0
    """Moved, or put aside, in all."""
    rate: float = 0.0
    """Rows per second of the last round."""
    deadline_ms: int = 0
    alerted: tuple[str, ...] = ()
    """Kinds of what people were told, so that they are not told again."""
    told: tuple[Told, ...] = ()
    """What happened, as far as it is kept: the first `TOLD_MAX`."""

    @property
    def left(self) -> int:
        """Rows that are still to be moved."""
        return sum(one.left for one in self.open)

    @property
    def eta_s(self) -> float | None:
        """How long moving the rest takes, at the rate of now; None: nobody knows."""
        return self.left / self.rate if self.rate > 0 else None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened on the way, for people."""

    kind: str
    """An alert: `deadline_at_risk`, `stalled`, …; or what was done about it: `rebalanced`, …"""
    text: str
    round: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of one range. Counts are of all its rounds."""

    table: str
    number: int
    done: bool = False
    skipped: bool = False
    read: int = 0
    rows: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    source_seconds: float = 0.0
    target_seconds: float = 0.0
    slowest_seconds: float = 0.0
    batch_rows: int = 0
    fixes: tuple[dict[str, Any], ...] = ()
    parts: tuple[Range, ...] = ()
    """It ends where it was cut, by a process that did not live to tell: these hold the rest."""


def telling(standing: Standing, kind: str, text: str) -> Standing:
    """Return where a migration stands, with something that happened."""
    if len(standing.told) >= TOLD_MAX:
        return standing
    told = Told(kind=kind, text=text, round=standing.rounds)
    return msgspec.structs.replace(standing, told=(*standing.told, told))


def begun(plan: Plan, ranges: list[tuple[str, Range]], deadline_ms: int) -> Standing:
    """Return where a migration stands before its first round."""
    count = {table: sum(one == table for one, _ in ranges) for table, _ in ranges}
    tables = {table.name: table for table in plan.tables}
    return Standing(
        open=tuple(
            Open(
                table=table,
                range=range,
                rows=max((tables[table].rows or 1) // count[table], 1),
            )
            for table, range in ranges
        ),
        next=count,
        lanes=plan.parallel,
        deadline_ms=deadline_ms,
    )


def round_s(standing: Standing, report_s: float) -> float:
    """Return how long the next round is."""
    if not standing.rounds:
        return min(FIRST_S, report_s)
    longest = max(report_s, standing.seconds / ROUNDS_IN_ALL)
    return min(max(standing.seconds / 3, min(FIRST_S, report_s)), longest, ROUND_S_MAX)


def lanes_of(standing: Standing, seconds: float, plan: Plan) -> list[list[Open]]:
    """Return what each worker is given in the next round; together no more than they can do."""
    levels = {table.name: table.level for table in plan.tables}
    waiting = sorted(standing.open, key=lambda one: (levels.get(one.table, 0), -one.left))
    if standing.rounds:
        # What is largest is begun first, or it is what all wait for in the end.
        waiting.sort(key=lambda one: -one.left)
    each = standing.rate / max(standing.lanes, 1) * seconds * AHEAD
    lanes: list[list[Open]] = [[] for _ in range(max(standing.lanes, 1))]
    loads = [(0, number) for number in range(len(lanes))]
    for one in waiting:
        load, number = loads[0]
        if each and lanes[number] and load >= each:
            break
        lanes[number].append(one)
        heapq.heapreplace(loads, (load + one.left, number))
    return [lane for lane in lanes if lane]


def to_split(standing: Standing, seconds: float) -> Open | None:
    """Return the range that is to be cut so that no worker is idle; None: there is none."""
    if not standing.rounds or not standing.open or len(standing.open) >= standing.lanes:
        return None
    able = [one for one in standing.open if one.range.by]
    largest = max(able, key=lambda one: one.left, default=None)
    if largest is None or largest.range.rows is None:
        # What was never counted may be far more than was expected: cutting it counts it.
        return largest
    each = standing.rate / max(len(standing.open), 1)
    return largest if largest.left > each * seconds / 2 else None


def measured(standing: Standing, reports: list[Report], took_s: float) -> Standing:
    """Return where a migration stands after a round that took so long."""
    told = {(one.table, one.number): one for one in reports if not one.skipped}
    rows, left, moved = 0, [], dict(standing.moved)
    following = dict(standing.next)
    fixes = {table: list(of) for table, of in standing.fixes.items()}
    for one in standing.open:
        report = told.get((one.table, one.range.number))
        if report is None:
            left.append(one)
            continue
        rows += report.read - one.done
        known = fixes.setdefault(one.table, [])
        known += [fix for fix in report.fixes if fix not in known]
        came = Came(seconds=report.seconds)
        if report.done:
            left += [
                Open(table=one.table, range=part, rows=part.rows or 1) for part in report.parts
            ]
            numbers = [part.number + 1 for part in report.parts]
            following[one.table] = max([following.get(one.table, 1), *numbers])
            came = msgspec.structs.replace(came, rows=report.rows, quarantined=report.quarantined)
        else:
            more = max(one.rows, report.read + 1)
            left.append(msgspec.structs.replace(one, done=report.read, rows=more))
        moved[one.table] = _sum(moved.get(one.table, Came()), came)
    return msgspec.structs.replace(
        standing,
        open=tuple(left),
        moved=moved,
        fixes={table: tuple(of) for table, of in fixes.items() if of},
        next=following,
        rounds=standing.rounds + 1,
        seconds=standing.seconds + took_s,
        rows=standing.rows + rows,
        rate=rows / took_s if took_s > 0 else 0.0,
    )


def cut(standing: Standing, one: Open, parts: tuple[Range, ...], came: Came) -> Standing:
    """Return where a migration stands when parts hold what is left of a range, of which so much
    came."""
    new = tuple(Open(table=one.table, range=part, rows=part.rows or 1) for part in parts)
    rest = tuple(other for other in standing.open if other is not one)
    following = max(part.number for part in parts) + 1 if parts else 0
    return msgspec.structs.replace(
        standing,
        open=(*rest, *new),
        next={**standing.next, one.table: max(standing.next[one.table], following)},
        moved={**standing.moved, one.table: _sum(standing.moved.get(one.table, Came()), came)},
    )


def counted(standing: Standing, one: Open, rows: int) -> Standing:
    """Return where a migration stands when what is left of a range was counted, and not cut."""
    known = msgspec.structs.replace(
        one, range=msgspec.structs.replace(one.range, rows=rows), rows=one.done + rows
    )
    return msgspec.structs.replace(
        standing, open=tuple(known if other is one else other for other in standing.open)
    )


def _sum(one: Came, other: Came) -> Came:
    return Came(
        rows=one.rows + other.rows,
        quarantined=one.quarantined + other.quarantined,
        seconds=one.seconds + other.seconds,
    )


def adapted(standing: Standing, reports: list[Report], plan: Plan) -> tuple[Standing, list[str]]:
    """Return where a migration stands with other numbers of workers and rows of a batch, and each
    change as a sentence."""
    answers: list[str] = []
    batch_rows = dict(standing.batch_rows)
    for report in reports:
        if report.skipped or not report.batch_rows:
            continue
        planned = plan.table(report.table).batch_rows
        now = min(batch_rows.get(report.table, planned), max(report.batch_rows, BATCH_ROWS_MIN))
        if report.slowest_seconds > BATCH_S_SLOW:
            now = max(now // 2, BATCH_ROWS_MIN)
        elif report.slowest_seconds < BATCH_S_QUICK and report.batch_rows == now < planned:
            now = min(now * 2, planned)
        was = batch_rows.get(report.table, planned)
        if now != was:
            answers.append(f"Batches of {report.table} have {now:,} rows now, not {was:,}.")
        batch_rows[report.table] = now
    lanes, rates = _lanes(standing, plan.parallel)
    if lanes != standing.lanes:
        answers.append(
            f"{lanes} workers go on, not {standing.lanes}: "
            + ", ".join(f"{count} moved {rate:,.0f} rows/s" for count, rate in rates.items())
            + "."
        )
    small = {table: rows for table, rows in batch_rows.items() if rows < _planned(plan, table)}
    changed = msgspec.structs.replace(standing, lanes=lanes, rates=rates, batch_rows=small)
    return changed, answers


def _planned(plan: Plan, table: str) -> int:
    return plan.table(table).batch_rows


def _lanes(standing: Standing, most: int) -> tuple[int, dict[str, float]]:
    """Return how many workers go on, and what each number of them moved.

    Half of them are tried once there is enough left to gain by it; the least that reach nearly the
    best rate stay."""
    if most < 2 or not standing.rate or len(standing.open) < standing.lanes:
        return standing.lanes, standing.rates
    rates = {**standing.rates, str(standing.lanes): standing.rate}
    half = max(most // 2, 1)
    eta = standing.eta_s or 0.0
    if str(half) not in rates:
        is_worth_it = eta > TRIAL_PART * standing.seconds / max(standing.rounds, 1)
        return (half if is_worth_it and standing.rounds > 1 else standing.lanes), rates
    best = max(rates.values())
    enough = min(int(count) for count, rate in rates.items() if rate >= GAIN_MIN * best)
    return min(enough, most), rates
