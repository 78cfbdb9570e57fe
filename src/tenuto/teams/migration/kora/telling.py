"""Differences of results in words: which rows, and where these can be paired, which columns."""

from __future__ import annotations

import itertools
from typing import Final

import msgspec

from tenuto.teams.migration.kora import single
from tenuto.teams.migration.kora.findings import Difference, Found, Verdict
from tenuto.teams.migration.kora.multisets import paired_by_likeness
from tenuto.teams.migration.kora.results import Outcome, Row

SHOWN: Final = 5
"""Rows of one result that are shown."""
KEY: Final = 3
"""Columns of a row that are shown so that it can be found."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a result whose differences are told."""

    name: str
    columns: tuple[str, ...]
    verdict: Verdict = "defect"
    reason: str = ""


def tell(found: Found, outcome: Outcome, told: Told) -> None:
    """Add what an outcome shows."""
    if outcome.same:
        return
    if outcome.misplaced is not None:
        found.add(
            Difference(
                what="order",
                table=told.name,
                key={"row": outcome.misplaced + 1},
                verdict=told.verdict,
                reason=told.reason or "Rows come in another order.",
            )
        )
        return
    names = tuple(itertools.islice(unique(told.columns), len(width(outcome))))
    lost = [dict(zip(names, row, strict=False)) for row in outcome.lost[:SHOWN]]
    gained = [dict(zip(names, row, strict=False)) for row in outcome.gained[:SHOWN]]
    pairs, only, others = paired_by_likeness(lost, gained)
    if not pairs and len(only) == len(others) == 1:
        pairs, only, others = [(only[0], others[0])], [], []
    for row, other in pairs:
        for name in names:
            if row[name] != other[name]:
                found.add(_cell(told, name, row, other))
    for what, rows in (("missing", only), ("extra", others)):
        for row in rows:
            found.add(
                Difference(
                    what="missing" if what == "missing" else "extra",
                    table=told.name,
                    key={name: single.shown(row[name]) for name in names},
                    verdict=told.verdict,
                    reason=told.reason,
                )
            )
    more = len(outcome.lost[SHOWN:]) + len(outcome.gained[SHOWN:])
    found.count(told.verdict, more)


def _cell(told: Told, name: str, row: dict[str, object], other: dict[str, object]) -> Difference:
    return Difference(
        what="result",
        table=told.name,
        key={one: single.shown(row[one]) for one in list(row)[:KEY] if one != name},
        column=name,
        source=single.shown(row[name]),
        target=single.shown(other[name]),
        verdict=told.verdict,
        reason=told.reason,
    )


def width(outcome: Outcome) -> Row:
    return (outcome.lost or outcome.gained)[0]


def unique(names: tuple[str, ...]) -> itertools.chain[str]:
    """Return names, those that come again with a number, and then more without end."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return itertools.chain(told, (f"column {number}" for number in itertools.count(1)))
