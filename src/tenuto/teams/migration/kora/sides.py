"""Both sides of a table as streams of canonical rows in the target's columns, read in threads."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.port import Read, StoredAs, strange_cells
from tenuto.teams.migration.kora import canonical, single
from tenuto.teams.migration.plan import ColumnPlan, TablePlan
from tenuto.teams.migration.schema import Kind, System

PADDED: Final = re.compile(r"(char|character|bpchar|nchar)\s*(\(|$)", re.IGNORECASE)
"""Types that fill up texts with blanks, or cut these off: ending blanks do not count in them."""
SINGLE: Final = re.compile(r"(real|float4|float)\s*($|unsigned)", re.IGNORECASE)
"""Types of floats with four bytes, but in SQLite."""
AHEAD: Final = 2
"""Batches that a side is read ahead."""


class Reads(Protocol):
    """The part of a database that is needed here."""

    system: System

    def read(self, read: Read) -> Iterator[pa.RecordBatch]:
        """Return batches of rows."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a batch of the source."""

    batch: pa.RecordBatch
    """The rows that fit, in the target's columns."""
    bad: int = 0
    """How many rows do not fit: they are to be in quarantine."""


Change = Callable[[TablePlan, pa.RecordBatch], Changed]


def as_planned(plan: TablePlan, batch: pa.RecordBatch, *, system: System) -> Changed:
    """Return what a plan makes of a batch.

    Values of columns that it does not change are taken as they were read: what the mover makes of
    these is compared, and not repeated.
    """
    from tenuto.teams.migration import moving

    done = moving.changed(plan, batch, system=system)
    strange = {name for cells in strange_cells(batch).values() for name in cells}
    whole = len(done.places) == batch.num_rows
    places = None if whole else pa.array(done.places, pa.int64())
    made: dict[str, pa.Array] = {}
    for column in plan.columns:
        if column.source is None or column.changes or column.source in strange:
            if made_of(column):
                made[column.name] = done.good.column(column.name)
            continue
        raw = batch.column(column.source)
        made[column.name] = raw if places is None else raw.take(places)
    return Changed(
        batch=pa.RecordBatch.from_arrays(list(made.values()), names=list(made)),
        bad=batch.num_rows - len(done.places),
    )


class Form:
    """The canonical form of the rows of one table of a target."""

    def __init__(self, plan: TablePlan, system: System) -> None:
        self.plan = plan
        self.columns = tuple(column for column in plan.columns if made_of(column))
        """Those that are made of something in the source."""
        self.names = tuple(column.name for column in self.columns)
        self._system = system

    def of(self, batch: pa.RecordBatch, texts: frozenset[str] = frozenset()) -> pa.RecordBatch:
        """Return a batch in canonical form, the columns `texts` as texts in any case."""
        arrays = []
        strange = strange_cells(batch)
        for column in self.columns:
            cells = {row: told[column.name] for row, told in strange.items() if column.name in told}
            if cells:
                arrays.append(with_strange(batch.column(column.name), column.kind, cells))
                continue
            array = self._array(column, batch.column(column.name))
            if column.name in texts and not pa.types.is_large_string(array.type):
                array = canonical.texts(array, column.kind)
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, names=self.names)

    def _array(self, column: ColumnPlan, array: pa.Array) -> pa.Array:
        """Return values in canonical form, as the type of the target keeps them."""
        whole = canonical.canonical(array, column.kind, column.scale)
        if PADDED.match(column.type) and pa.types.is_large_string(whole.type):
            return pc.utf8_rtrim(whole, " ")
        if self.keeps_singles(column) and pa.types.is_float64(whole.type):
            return whole.cast(pa.float32()).cast(pa.float64())
        return whole

    def keeps_singles(self, column: ColumnPlan) -> bool:
        """Return whether a column is of floats with four bytes; `REAL` of SQLite has eight."""
        return self._system != "sqlite" and SINGLE.match(column.type) is not None

    def joined(self, pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
        """Return pieces as one; a column that is of texts in one of them is of texts in all."""
        if len(pieces) == 1:
            return pieces[0]
        arrays = []
        for number, column in enumerate(self.columns):
            parts = [piece.column(number) for piece in pieces]
            if len({part.type for part in parts}) > 1:
                parts = [canonical.texts(part, column.kind) for part in parts]
            arrays.append(
                pa.concat_arrays(parts) if parts else pa.nulls(0, canonical.TYPES[column.kind])
            )
        return pa.RecordBatch.from_arrays(arrays, names=self.names)


def with_strange(array: pa.Array, kind: Kind, cells: dict[int, tuple[StoredAs, str]]) -> pa.Array:
    """Return a column as texts, with the values that are stored otherwise than the others."""
    told = canonical.texts(canonical.plain(array), kind).to_pylist()
    for row, (stored, value) in cells.items():
        raw: object = value if stored in ("integer", "real", "text") else bytes.fromhex(value)
        told[row] = single.text(raw, single.TEXTS[kind])
    return pa.array(told, pa.large_string())


def made_of(column: ColumnPlan) -> bool:
    """Return whether a column of the target is made of one of the source."""
    return bool(column.source or column.sources)


class Expected:
    """What the target should hold, batch by batch; afterwards, how many rows do not fit."""

    def __init__(self, database: Reads, form: Form, change: Change) -> None:
        self._database = database
        self._form = form
        self._change = change
        self.bad = 0

    def rows(
        self, by: tuple[str, ...] = (), texts: frozenset[str] = frozenset()
    ) -> Iterator[pa.RecordBatch]:
        """Return canonical batches in the order of columns of the source; `texts` are as texts."""
        self.bad = 0
        plan = self._form.plan
        needed: dict[str, None] = {}
        for column in self._form.columns:
            needed.update(dict.fromkeys(column.sources))
            if column.source is not None:
                needed[column.source] = None
        read = Read(table=plan.source, columns=tuple(needed), by=by, where=plan.where)
        for batch in self._database.read(read):
            changed = self._change(plan, batch)
            self.bad += changed.bad
            yield self._form.of(changed.batch, texts)


def target_rows(
    database: Reads, form: Form, by: tuple[str, ...] = (), texts: frozenset[str] = frozenset()
) -> Iterator[pa.RecordBatch]:
    """Return canonical batches of what the target holds."""
    for batch in database.read(Read(table=form.plan.name, columns=form.names, by=by)):
        yield form.of(batch, texts)


class Stream:
    """Batches of one side, read ahead by a thread; use it as a context, which ends the thread."""

    def __init__(self, form: Form, batches: Iterator[pa.RecordBatch]) -> None:
        self._form = form
        self._batches = batches
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._pieces: list[pa.RecordBatch] = []
        self._held = 0
        self._ended = False
        self.count = 0
        """Rows that came so far."""
        self._thread = ThreadPoolExecutor(1, "kora-reader")

    def __enter__(self) -> Stream:
        self._reading = self._thread.submit(self._read)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.shutdown()

    def ahead(self, number: int) -> tuple[pa.RecordBatch, bool]:
        """Return the next rows, `number` or all that are left, and whether that is all."""
        while self._held < number and not self._ended:
            self._take()
        if self._held == number and not self._ended:
            self._take()
        whole = self._whole()
        self._pieces = [whole]
        return whole.slice(0, number), self._ended and self._held <= number

    def drop(self, number: int) -> None:
        """Let go of the next rows."""
        self._pieces = [self._whole().slice(number)]
        self._held -= number

    def _whole(self) -> pa.RecordBatch:
        return self._form.joined([piece for piece in self._pieces if piece.num_rows])

    def _take(self) -> None:
        item = self._queue.get()
        if item is None:
            self._ended = True
            # What went wrong in the thread is raised here.
            self._reading.result()
            return
        self._pieces.append(item)
        self._held += item.num_rows
        self.count += item.num_rows

    def _read(self) -> None:
        try:
            for batch in self._batches:
                self._put(batch)
                if self._stopped.is_set():
                    return
        finally:
            self._put(None)

    def _put(self, item: pa.RecordBatch | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return
            except queue.Full:
                continue
