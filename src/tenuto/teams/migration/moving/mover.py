"""Moves a range: one thread reads and changes, this one writes, and a short queue lies between
them, so that memory stays bounded and the slower one sets the pace.

Exactly once: a batch's rows, its bad rows and its checkpoint are one transaction of the target.
After anything, also after a commit of which nobody knows whether it came through, it reads the
last checkpoint and goes on behind it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from tenuto.teams.migration import existing
from tenuto.teams.migration.databases.port import (
    BadValue,
    Database,
    DatabaseError,
    Read,
    Span,
    Unavailable,
    Writing,
)
from tenuto.teams.migration.moving import checkpoints, gate, quarantine
from tenuto.teams.migration.moving.changes import check
from tenuto.teams.migration.moving.checkpoints import Batch
from tenuto.teams.migration.moving.failures import failure_of, too_many
from tenuto.teams.migration.moving.loads import BadRow, Load, Moved
from tenuto.teams.migration.moving.pacing import Pacing
from tenuto.teams.migration.moving.rows import Changed, changed, columns_read, key_of
from tenuto.teams.migration.moving.splitting import parts_of
from tenuto.teams.migration.moving.writing import put_rows
from tenuto.teams.migration.schema import Scalar

if TYPE_CHECKING:
    import pyarrow as pa

QUEUE_BATCHES: Final = 2
PAUSE_SECONDS: Final = 0.2
PAUSE_SECONDS_MAX: Final = 10.0
BATCH_ROWS_MIN: Final = 100

OnBatch = Callable[[Batch], None]


def prepare(target: Database) -> None:
    """Make the tables that the mover keeps in a target, where they are not there yet."""
    checkpoints.prepare(target)
    quarantine.prepare(target)


def nothing(batch: Batch) -> None:
    """Do nothing about a batch."""


def move(
    source: Database,
    target: Database,
    load: Load,
    *,
    on_batch: OnBatch = nothing,
    pause: Callable[[float], object] = time.sleep,
) -> Moved:
    """Return what came of a load: at its end, or at the failure that stopped it.

    It begins behind the last checkpoint; a range that is at its end is not read again. What may
    pass is tried again, from the last checkpoint, up to `load.attempts_max` times in a row.
    """
    measure = _Measure(load.mapping.batch_rows)
    attempt, done_before = 0, -1
    while True:
        done: list[Batch] = []
        try:
            done = checkpoints.of_range(target, load.migration, load.table, load.range.number)
            attempt = 0 if len(done) > done_before else attempt
            done_before = len(done)
            if not (done and done[-1].last):
                _Attempt(source, target, load, done).run(on_batch, measure)
            return measure.moved(done)
        except (Unavailable, MemoryError) as error:
            attempt += 1
            if not isinstance(error, _Overtaken):
                measure.halve()
            if attempt >= load.attempts_max:
                return msgspec.structs.replace(measure.moved(done), failure=failure_of(error))
            pause(min(PAUSE_SECONDS * 2 ** (attempt - 1), PAUSE_SECONDS_MAX))
        except _Stopped as stopped:
            return msgspec.structs.replace(measure.moved(done), failure=stopped.failure)
        except DatabaseError as error:
            return msgspec.structs.replace(measure.moved(done), failure=failure_of(error))


class _Measure:
    """What a load took, over all its attempts."""

    def __init__(self, batch_rows: int) -> None:
        self.batch_rows = batch_rows
        self.source_s = self.target_s = self.slowest_s = 0.0
        self._began = time.monotonic()

    def halve(self) -> None:
        """Have smaller batches: what is locked, or needs much memory, may go in these."""
        self.batch_rows = min(self.batch_rows, max(self.batch_rows // 2, BATCH_ROWS_MIN))

    def wrote(self, seconds: float) -> None:
        """Count a batch."""
        self.target_s += seconds
        self.slowest_s = max(self.slowest_s, seconds)

    def moved(self, done: list[Batch]) -> Moved:
        return Moved(
            read=sum(batch.read for batch in done),
            loaded=sum(batch.loaded for batch in done),
            quarantined=sum(batch.bad for batch in done),
            batches=len(done),
            seconds=time.monotonic() - self._began,
            parts=parts_of(done[-1]) if done and done[-1].last else (),
            stopped=not (done and done[-1].last),
            source_seconds=self.source_s,
            target_seconds=self.target_s,
            slowest_seconds=self.slowest_s,
            batch_rows=self.batch_rows,
        )


class _Overtaken(Unavailable):
    """Of two who move one range, or cut it, the other was first."""


class _Stopped(Exception):
    """The load stops."""

    def __init__(self, failure: object) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _Piece(msgspec.Struct, frozen=True):
    """A batch between the two threads."""

    changed: Changed
    first_key: tuple[Scalar, ...] | None
    last_key: tuple[Scalar, ...] | None


class _Attempt:
    """One way through a range, from the last checkpoint on."""

    def __init__(self, source: Database, target: Database, load: Load, done: list[Batch]) -> None:
        self.source, self.target, self.load, self.done = source, target, load, done
        self.mapping = load.mapping
        self.by = load.range.by
        check(self.mapping)
        self._queue: queue.Queue[_Piece | BaseException | None] = queue.Queue(QUEUE_BATCHES)
        self._ended = threading.Event()
        plan = load.plan
        limit = plan.rate_limit / max(plan.parallel, 1) if plan.rate_limit else None
        self._pacing = Pacing(limit, load.source_share, self._ended)
        self._batch_rows = self.mapping.batch_rows

    def run(self, on_batch: OnBatch, measure: _Measure) -> None:
        """Move all that is left of the range, or until it is time to stop; `done` has each batch as
        soon as it is committed."""
        self._batch_rows = measure.batch_rows
        reader = threading.Thread(target=self._read, name=f"read {self.load.table}", daemon=True)
        reader.start()
        try:
            if self.by:
                self._in_batches(on_batch, measure)
            else:
                self._at_once(on_batch)
        finally:
            self._ended.set()
            reader.join()
            measure.source_s += self._pacing.seconds

    def _read(self) -> None:
        after = self.done[-1].last_key if self.done else None
        span = self.load.range.span
        read = Read(
            table=self.mapping.source,
            columns=columns_read(self.mapping, self.by),
            by=self.by,
            span=Span(after=after or span.after, upto=span.upto),
            where=self.mapping.where,
            batch_rows=self._pacing.batch_rows(self._batch_rows),
        )
        try:
            for batch in self._pacing.kept(self.source.read(read)):
                if not self._give(self._piece(batch)):
                    break
            self._give(None)
        except BaseException as error:  # handed to the other thread, which raises it
            self._give(error)

    def _piece(self, batch: pa.RecordBatch) -> _Piece:
        made = changed(self.mapping, batch, system=self.target.system, by=self.by)
        if not self.by:
            return _Piece(made, None, None)
        last = key_of(batch, batch.num_rows - 1, self.by)
        if None in last:
            raise DatabaseError(
                f"The table {self.mapping.source!r} is read by {', '.join(self.by)}, which is null "
                "in some rows: there is no going on behind those. Read it by columns without null."
            )
        return _Piece(made, key_of(batch, 0, self.by), last)

    def _give(self, piece: _Piece | BaseException | None) -> bool:
        while not self._ended.is_set():
            try:
                self._queue.put(piece, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def _pieces(self) -> Iterator[_Piece]:
        while True:
            piece = self._queue.get()
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def _in_batches(self, on_batch: OnBatch, measure: _Measure) -> None:
        for piece in self._pieces():
            began = time.monotonic()
            with self.target.writing() as writing:
                batch = self._write(writing, piece, len(self.done))
            measure.wrote(time.monotonic() - began)
            self.done.append(batch)
            on_batch(batch)
            if self.load.until_ms and time.time() * 1000 >= self.load.until_ms:
                return
        with self.target.writing() as writing:
            batch = self._checkpoint(len(self.done), last=True)
            self._save(writing, batch)
        self.done.append(batch)
        on_batch(batch)

    def _at_once(self, on_batch: OnBatch) -> None:
        """Move rows without an order in one transaction: nobody could say where to go on."""
        batches: list[Batch] = []
        with self.target.writing() as writing:
            for piece in self._pieces():
                batches.append(self._write(writing, piece, len(batches)))
            batches.append(self._checkpoint(len(batches), last=True))
            self._save(writing, batches[-1])
        for batch in batches:
            self.done.append(batch)
            on_batch(batch)

    def _checkpoint(self, number: int, *, last: bool) -> Batch:
        return Batch(
            table=self.load.table,
            range=self.load.range.number,
            number=number,
            last_key=self.done[-1].last_key if self.done else None,
            read=0,
            loaded=0,
            bad=0,
            last=last,
        )

    def _write(self, writing: Writing, piece: _Piece, number: int) -> Batch:
        refused: list[BadRow] = []
        existing.unchecked(self.target, self.load.plan, writing)
        loaded = put_rows(writing, self.load.table, piece.changed, refused)
        bad = [*piece.changed.bad, *refused]
        read = loaded + len(bad)
        self._check_share(bad, read)
        where = (self.load.migration, self.load.table, self.load.range.number, number)
        quarantine.put(writing, where, bad)
        batch = Batch(
            table=self.load.table,
            range=self.load.range.number,
            number=number,
            first_key=piece.first_key,
            last_key=piece.last_key,
            read=read,
            loaded=loaded,
            bad=len(bad),
        )
        self._save(writing, batch)
        return batch

    def _save(self, writing: Writing, batch: Batch) -> None:
        try:
            checkpoints.saved(writing, self.load.migration, batch)
        except BadValue as error:
            raise _Overtaken(f"Batch {batch.number} is there already: {error}") from error
        gate.passed(writing, self.load.migration, batch)

    def _check_share(self, bad: list[BadRow], read: int) -> None:
        if not bad:
            return
        before = sum(batch.bad for batch in self.done)
        rows = sum(batch.read for batch in self.done) + read
        stops = self.mapping.on_error == "stop"
        over = before + len(bad) > max(self.load.bad_rows_free, rows * self.load.bad_share_max)
        if stops or over:
            raise _Stopped(too_many(bad, read, stops=stops))
