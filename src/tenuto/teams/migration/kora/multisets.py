"""Two sides of a table whose rows come in no common order: as sets of rows that know how often each
row is there.

Each row has a mark; the marks of both sides lie on disk in parts, and parts that are not the same
tell which marks differ. Both sides are then read once more for the rows of these marks, which are
paired by their key, or, without one, by how many columns they share.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa

from tenuto.teams.migration.kora import marks, single
from tenuto.teams.migration.kora.findings import Difference, Found, What
from tenuto.teams.migration.kora.sides import Form
from tenuto.teams.migration.schema import Scalar

PAIRED: Final = 20_000
"""Marks that are looked up at most; what differs beyond them is counted."""
LIKENED: Final = 200
"""Rows without a key that are paired by their likeness at most."""

Rows = Callable[[], Iterator[pa.RecordBatch]]
Row = dict[str, object]
Types = dict[str, set[pa.DataType]]


class MixedTypes(Exception):
    """Columns that are of texts in some batches only, as a value did not fit."""

    def __init__(self, columns: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(columns)))
        self.columns = columns


class Sorted(msgspec.Struct):
    """The marks that one side has beyond the other."""

    marks: Counter[bytes]
    doubled: set[bytes] = set()
    rows: list[tuple[bytes, Row]] = []


class Multisets:
    """The comparison of one table by the marks of its rows."""

    def __init__(self, form: Form, found: Found) -> None:
        plan = self._plan = form.plan
        self._found = found
        self._names = form.names
        self._keyed = bool(plan.key) and set(plan.key) <= set(self._names)

    def run(self, source: Rows, target: Rows) -> tuple[int, int]:
        """Compare all rows; return how many each side has.

        Raises:
            MixedTypes: a column is not of one type in all batches of both sides.
        """
        with (
            tempfile.TemporaryDirectory(prefix="kora-") as folder,
            ThreadPoolExecutor(2, "kora-reader") as threads,
        ):
            left = marks.Pile(Path(folder) / "source")
            right = marks.Pile(Path(folder) / "target")
            try:
                types = list(threads.map(self._fill, (left, right), (source, target)))
                self._check_types(*types)
                mine, its = self._sort(left, right)
                if mine.marks or its.marks:
                    list(threads.map(self._fetch, (mine, its), (source, target)))
                    self._tell(mine, its)
            finally:
                left.close()
                right.close()
        return left.count, right.count

    def _fill(self, pile: marks.Pile, rows: Rows) -> Types:
        types: Types = {name: set() for name in self._names}
        for batch in rows():
            for field in batch.schema:
                types[field.name].add(field.type)
            whole = marks.marks(batch, self._names)
            pile.add(whole, marks.marks(batch, self._plan.key) if self._keyed else whole)
        return types

    def _check_types(self, left: Types, right: Types) -> None:
        mixed = frozenset(name for name in self._names if len(left[name] | right[name]) > 1)
        if mixed:
            raise MixedTypes(mixed)

    def _sort(self, left: marks.Pile, right: marks.Pile) -> tuple[Sorted, Sorted]:
        """Return the marks whose rows are looked up; what is beyond the limit is counted."""
        mine, its = Sorted(Counter()), Sorted(Counter())
        for part in marks.unequal(left, right):
            if len(mine.marks) + len(its.marks) > PAIRED:
                self._found.count("defect", max(part.lost.total(), part.gained.total()))
                continue
            mine.marks += part.lost
            its.marks += part.gained
            its.doubled |= part.doubled
        return mine, its

    def _fetch(self, side: Sorted, rows: Rows) -> None:
        left = side.marks.copy()
        for batch in rows():
            places = []
            for place, mark in enumerate(marks.marks(batch, self._names)):
                if left.get(mark):
                    left[mark] -= 1
                    places.append((mark, place))
            taken = batch.take(pa.array([place for _, place in places], pa.int64())).to_pylist()
            side.rows.extend((mark, row) for (mark, _), row in zip(places, taken, strict=True))
            if not +left:
                return

    def _tell(self, mine: Sorted, its: Sorted) -> None:
        for mark, row in its.rows:
            if mark in its.doubled:
                self._found.add(self._whole("doubled", row))
        gained = [row for mark, row in its.rows if mark not in its.doubled]
        pairs, lost, gained = self._paired([row for _, row in mine.rows], gained)
        for row, other in pairs:
            self._changed(row, other)
        for row in lost:
            self._found.missing(self._plan.name, self._key(row))
        for row in gained:
            self._found.add(self._whole("extra", row))

    def _paired(
        self, lost: list[Row], gained: list[Row]
    ) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
        if self._keyed:
            return paired_by(self._plan.key, lost, gained)
        if len(lost) > LIKENED or len(gained) > LIKENED:
            return [], lost, gained
        return paired_by_likeness(lost, gained)

    def _changed(self, row: Row, other: Row) -> None:
        for name in self._names:
            if not alike(row[name], other[name]):
                self._found.add(
                    Difference(
                        what="changed",
                        table=self._plan.name,
                        key=self._key(row),
                        column=name,
                        source=single.shown(row[name]),
                        target=single.shown(other[name]),
                    )
                )

    def _whole(self, what: What, row: Row) -> Difference:
        return Difference(what=what, table=self._plan.name, key=self._key(row))

    def _key(self, row: Row) -> dict[str, Scalar]:
        names = self._plan.key if self._keyed else self._names
        return {name: single.shown(row[name]) for name in names}


def alike(value: object, other: object) -> bool:
    """Return whether two canonical values are the same."""
    return value == other or (value != value and other != other)


def paired_by(
    key: tuple[str, ...], lost: list[Row], gained: list[Row]
) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Return rows with the same key together, then what is left of each side."""
    waiting: dict[tuple[object, ...], list[Row]] = {}
    for row in gained:
        waiting.setdefault(tuple(row[name] for name in key), []).append(row)
    pairs, alone = [], []
    for row in lost:
        rest = waiting.get(tuple(row[name] for name in key))
        if rest:
            pairs.append((row, rest.pop(0)))
        else:
            alone.append(row)
    return pairs, alone, [row for rest in waiting.values() for row in rest]


def paired_by_likeness(
    lost: list[Row], gained: list[Row]
) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Return rows that share most columns together, at least half of them."""
    scores = []
    for at, row in enumerate(lost):
        for place, other in enumerate(gained):
            shared = sum(alike(row[name], other[name]) for name in row)
            if shared and shared * 2 >= len(row):
                scores.append((-shared, at, place))
    pairs = []
    taken: set[int] = set()
    given: set[int] = set()
    for _, at, place in sorted(scores):
        if at not in taken and place not in given:
            taken.add(at)
            given.add(place)
            pairs.append((lost[at], gained[place]))
    return (
        pairs,
        [row for at, row in enumerate(lost) if at not in taken],
        [row for place, row in enumerate(gained) if place not in given],
    )
