"""Two streams of rows in the order of one key, side by side.

The next rows of both are compared by the digest of each column: where these are equal, row after
row is, and nothing else is looked at. Where they are not, both are cut at the least last key, so
that they hold the same range of keys, and the rows in it are paired by key.
"""

from __future__ import annotations

import bisect
import itertools
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.kora import canonical, single
from tenuto.teams.migration.kora.findings import Difference, Found, What
from tenuto.teams.migration.kora.sides import Form, Stream
from tenuto.teams.migration.schema import Scalar

CHUNK: Final = 50_000

Key = tuple[object, ...]


class NotInOrder(Exception):
    """Rows do not come in the order of their keys: they must be compared another way."""


class Merging:
    """The comparison of one table whose rows come in the order of its key."""

    def __init__(self, form: Form, found: Found, *, chunk: int = CHUNK) -> None:
        self._plan = form.plan
        self._found = found
        self._chunk = chunk
        self._kinds = {column.name: column.kind for column in form.columns}
        self._past: Key | None = None

    def run(self, source: Stream, target: Stream) -> None:
        """Compare all rows.

        Raises:
            NotInOrder: a key is null or less than the one before.
        """
        while True:
            left, left_ends = source.ahead(self._chunk)
            right, right_ends = target.ahead(self._chunk)
            number = min(left.num_rows, right.num_rows)
            if not left.num_rows and not right.num_rows:
                return
            if number and alike(left.slice(0, number), right.slice(0, number)):
                source.drop(number)
                target.drop(number)
                self._past = self._keys(left.slice(number - 1, 1))[0]
                continue
            taken, given = self._narrow((left, left_ends), (right, right_ends))
            source.drop(taken)
            target.drop(given)

    def _narrow(
        self, left: tuple[pa.RecordBatch, bool], right: tuple[pa.RecordBatch, bool]
    ) -> tuple[int, int]:
        """Compare the rows of one range of keys; return how many of each side that were."""
        keys, others = self._ordered(left[0]), self._ordered(right[0])
        ends = [side[-1] for side, (_, ended) in ((keys, left), (others, right)) if not ended]
        taken, given = len(keys), len(others)
        if ends:
            bound = min(ends)
            taken, given = bisect.bisect_right(keys, bound), bisect.bisect_right(others, bound)
        mine, its = keys[:taken], others[:given]
        self._pair((left[0].slice(0, taken), mine), (right[0].slice(0, given), its))
        self._past = max(side[-1] for side in (mine, its) if side)
        return taken, given

    def _pair(
        self, left: tuple[pa.RecordBatch, list[Key]], right: tuple[pa.RecordBatch, list[Key]]
    ) -> None:
        (mine_rows, keys), (rows, others) = left, right
        if keys == others and len(set(keys)) == len(keys):
            self._cells(mine_rows, rows)
            return
        here, there = places(keys), places(others)
        pairs: list[tuple[int, int]] = []
        for key, mine in here.items():
            its = there.get(key, [])
            pairs.extend(zip(mine, its, strict=False))
            for place in mine[len(its) :]:
                self._row("missing", mine_rows, place)
        for key, its in there.items():
            mine = here.get(key, [])
            for place in its[len(mine) :]:
                self._row("doubled" if mine or key == self._past else "extra", rows, place)
        self._cells(
            mine_rows.take(pa.array([pair[0] for pair in pairs], pa.int64())),
            rows.take(pa.array([pair[1] for pair in pairs], pa.int64())),
        )

    def _cells(self, left: pa.RecordBatch, right: pa.RecordBatch) -> None:
        """Name each cell that differs between rows of the same keys."""
        for name, kind in self._kinds.items():
            mine, its = left.column(name), right.column(name)
            if mine.type == its.type and canonical.digest(mine) == canonical.digest(its):
                continue
            differing = pc.indices_nonzero(pc.invert(canonical.same(mine, its, kind))).to_pylist()
            room = self._found.room("changed", "defect", self._plan.name, name)
            self._found.count("defect", len(differing[room:]))
            for place in differing[:room]:
                self._found.add(
                    Difference(
                        what="changed",
                        table=self._plan.name,
                        key=self._key(left, place),
                        column=name,
                        source=single.shown(mine[place].as_py()),
                        target=single.shown(its[place].as_py()),
                    )
                )

    def _row(self, what: What, rows: pa.RecordBatch, place: int) -> None:
        if what == "missing":
            self._found.missing(self._plan.name, self._key(rows, place))
            return
        if not self._found.room(what, "defect", self._plan.name, ""):
            self._found.count("defect", 1)
            return
        self._found.add(Difference(what=what, table=self._plan.name, key=self._key(rows, place)))

    def _key(self, rows: pa.RecordBatch, place: int) -> dict[str, Scalar]:
        return {name: single.shown(rows.column(name)[place].as_py()) for name in self._plan.key}

    def _keys(self, rows: pa.RecordBatch) -> list[Key]:
        columns = [canonical.values(rows.column(name)) for name in self._plan.key]
        return list(zip(*columns, strict=True))

    def _ordered(self, rows: pa.RecordBatch) -> list[Key]:
        """Return the keys of some rows.

        Raises:
            NotInOrder: they are not in order.
        """
        keys = self._keys(rows)
        try:
            fine = all(a <= b for a, b in itertools.pairwise(keys)) and (
                self._past is None or not keys or self._past <= keys[0]
            )
        except TypeError:
            fine = False
        if not fine or any(None in key for key in keys):
            raise NotInOrder(self._plan.name)
        return keys


def alike(left: pa.RecordBatch, right: pa.RecordBatch) -> bool:
    """Return whether both hold the same rows in the same order."""
    return all(
        mine.type == its.type and canonical.digest(mine) == canonical.digest(its)
        for mine, its in zip(left.columns, right.columns, strict=True)
    )


def places(keys: list[Key]) -> dict[Key, list[int]]:
    """Return where each key stands."""
    found: dict[Key, list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, []).append(place)
    return found
