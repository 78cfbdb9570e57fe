"""Whether a table of the target holds what the plan makes of a table of the source."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TypedDict, Unpack

from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.kora.counting import number_of
from tenuto.teams.migration.kora.findings import Check, Difference, Found
from tenuto.teams.migration.kora.merging import CHUNK, Merging, NotInOrder
from tenuto.teams.migration.kora.multisets import MixedTypes, Multisets
from tenuto.teams.migration.kora.quarantined import NOBODY, Aside
from tenuto.teams.migration.kora.sides import (
    Change,
    Expected,
    Form,
    Reads,
    Stream,
    as_planned,
    target_rows,
)
from tenuto.teams.migration.plan import TablePlan


class How(TypedDict, total=False):
    """How a table is compared."""

    change: Change
    """What the plan makes of a batch; by itself `sides.as_planned`."""
    aside: Aside
    """The rows of the table in quarantine."""
    chunk: int
    """How many rows are compared at once."""


def compare(source: Reads, target: Reads, plan: TablePlan, **how: Unpack[How]) -> Check:
    """Return what is not the same in a table, down to rows and columns.

    Reads each side once, in batches, each in a thread of its own.
    """
    change = how.get("change", functools.partial(as_planned, system=target.system))
    aside, chunk = how.get("aside", NOBODY), how.get("chunk", CHUNK)
    begun = time.perf_counter()
    form = Form(plan, target.system)
    expected = Expected(source, form, change)
    by = key_in_source(plan)

    def nothing_found() -> Found:
        return Found(lambda key: aside.reason(key, plan))

    found = nothing_found()
    try:
        counts = in_order(expected, target, (form, by), found=found, chunk=chunk) if by else None
    except NotInOrder:
        counts = None
    if counts is None:
        counts, found = as_sets(expected, target, form, nothing_found)
    missing = aside.account(found, plan, expected.bad)
    if missing:
        found.add(
            Difference(
                what="missing",
                table=plan.name,
                source=missing,
                reason="Rows that do not fit the target are not in quarantine either.",
            )
        )
    return found.check(
        "rows", table=plan.name, compared=counts[0], target_count=counts[1], begun=begun
    )


def in_order(
    expected: Expected,
    target: Reads,
    order: tuple[Form, tuple[str, ...]],
    *,
    found: Found,
    chunk: int,
) -> tuple[int, int]:
    """Compare row by row in the order of the key; return how many rows each side has.

    Raises:
        NotInOrder: the rows of one side do not come in this order.
    """
    form, by = order
    with (
        Stream(form, expected.rows(by)) as left,
        Stream(form, target_rows(target, form, form.plan.key)) as right,
    ):
        Merging(form, found, chunk=chunk).run(left, right)
    return left.count, right.count


def as_sets(
    expected: Expected, target: Reads, form: Form, nothing_found: Callable[[], Found]
) -> tuple[tuple[int, int], Found]:
    """Compare rows in any order; return how many each side has, and what was found."""
    texts: frozenset[str] = frozenset()
    while True:
        found = nothing_found()
        try:
            counts = Multisets(form, found).run(
                functools.partial(expected.rows, texts=texts),
                functools.partial(target_rows, target, form, texts=texts),
            )
        except MixedTypes as mixed:
            assert not mixed.columns <= texts, "a column of texts is of one type"
            texts |= mixed.columns
            continue
        return counts, found


def key_in_source(plan: TablePlan) -> tuple[str, ...]:
    """Return the columns of the source that the key is made of, one each; () when it is not."""
    columns = {column.name: column.source for column in plan.columns}
    names = tuple(columns.get(name) for name in plan.key)
    return () if None in names else tuple(str(name) for name in names)


def count(source: Database, target: Database, plan: TablePlan, *, aside: Aside = NOBODY) -> Check:
    """Return whether a table has as many rows as it should, and nothing about their values."""
    begun, found = time.perf_counter(), Found()
    where = f" WHERE {plan.where}" if plan.where else ""
    mine = number_of(source, f"{quoted(source.system, plan.source)}{where}")
    its = number_of(target, quoted(target.system, plan.name))
    found.count("expected", aside.count)
    if mine - aside.count != its:
        found.add(Difference(what="number", table=plan.name, source=mine, target=its))
    return found.check("rows", table=plan.name, compared=mine, target_count=its, begun=begun)
