"""Many sessions' appends in, few transactions out.

Appends are queued by the event loop. At the end of the loop's tick the queue is handed to the
writer thread, which writes all that has come together in one transaction, tells the loop once per
batch, and goes on with what was queued meanwhile. A hand-over costs two changes of thread, about
half of what a commit costs on a quick disk; so a small batch that finds the writer idle is written
right there, on the loop's thread, as long as the disk is quick. Source:
docs/adr/0003-lone-commits-are-written-inline.md

Who holds `_turn` uses the writer. Only who holds it takes from the queue, and takes from its front,
so the order of appends is the order of writes.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from typing import Final, Protocol, TypeAlias

from tenuto.adapters.tables.connection import Row
from tenuto.adapters.tables.outcomes import Answer, Busy, OutcomeUnknown, Statement
from tenuto.core.errors import StoreUnavailable
from tenuto.core.histogram import SHORT_SECONDS, Histogram
from tenuto.core.vocabulary import Position
from tenuto.ports.event_store import Commit, Receipt

BATCH_COMMITS_MAX: Final = 2_000
BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bounds of one transaction, and so of how long the others wait for theirs."""

INLINE_COMMITS_MAX: Final = 32
INLINE_BYTES_MAX: Final = 64 * 1024
INLINE_MEAN_S_MAX: Final = 0.001
"""While inline commits take longer than this in the mean, the loop does not wait for the disk."""
INLINE_MEAN_WEIGHT: Final = 0.1
INLINE_PAUSE_S_MIN: Final = 0.02
INLINE_PAUSE_S_MAX: Final = 1.0
"""How long a slow disk is left to the thread before commits try again: twice as long each time that
it is still slow. A disk that others kept busy for a moment is soon quick again."""

SENT_COMMITS_MAX: Final = 256
SENT_BYTES_MAX: Final = 256 * 1024
SNAPSHOT_WEIGHT: Final = 8
"""Bounds of what is made ready on the loop's thread. A snapshot is compressed for it. While one
part of many sessions waits for the server, the loop works for another."""
LONE_MIN: Final = 4
"""After so many commits that were sent alone, the next does not wait for the end of its tick."""

BUSY_S_MAX: Final = 10.0
BUSY_PAUSE_S: Final = 0.002
UNKNOWN_PAUSE_S: Final = 0.1
UNKNOWN_CLOSING_S_MAX: Final = 5.0

Pending: TypeAlias = "tuple[Commit, Queued]"
Task: TypeAlias = "tuple[Statement, Receipt]"
Doubt: TypeAlias = "tuple[OutcomeUnknown, list[Pending], list[Task]]"
Written: TypeAlias = "Callable[[Sequence[Pending], Sequence[Answer]], None]"


class Writer(Protocol):
    """What writes a batch in one transaction; see `writing.LogWriter`."""

    @property
    def checkpoint_is_due(self) -> bool: ...

    def write(
        self, commits: Sequence[Commit], statements: Sequence[Statement] = ()
    ) -> list[Answer]:
        """Return each commit's position, or why it was not written; then the same of
        `statements`."""
        ...

    def determine(self, unknown: OutcomeUnknown) -> list[Answer]:
        """Return the answers of a batch whose outcome was unknown."""
        ...

    def checkpoint(self) -> None:
        """Keep the log of changes short."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...


Done: TypeAlias = Callable[[list[Answer] | OutcomeUnknown], None]


class Sender(Protocol):
    """Lets the writer write while the loop goes on."""

    def send(self, commits: Sequence[Commit], done: Done) -> int:
        """Begin to write the first of `commits`, and return how many; 0: the thread is to do it.
        In a later tick `done` is called with their answers, or with what `Writer.determine` is to
        be asked; until then nobody may use the writer."""
        ...

    def stop(self) -> None:
        """Let go what the loop looks at."""
        ...


class Beside(Protocol):
    """What else the thread does; see `works.Works`."""

    wake: Callable[[], None]

    @property
    def are_waiting(self) -> bool: ...

    def do_some(self) -> None:
        """Do what has come together."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...

    def refuse(self) -> None:
        """Take nothing more."""
        ...


class Nothing:
    """Nothing beside the log is done on this thread."""

    are_waiting = False

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None

    def do_some(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def refuse(self) -> None:
        """Do nothing."""


class Queued(Receipt):
    """A receipt that knows when it was asked for."""

    queued_s = 0.0


class Pace:
    """Whether the disk is quick enough for the loop to wait for it."""

    def __init__(self) -> None:
        self._mean_s = 0.0
        self._inline_from_s = 0.0
        self._pause_s = 0.0

    @property
    def is_quick(self) -> bool:
        return time.monotonic() >= self._inline_from_s

    def note(self, spent_s: float) -> None:
        """Take one inline commit into account."""
        # One long wait is an accident; three in a row are a slow disk.
        bounded_s = min(spent_s, 4 * INLINE_MEAN_S_MAX)
        self._mean_s += INLINE_MEAN_WEIGHT * (bounded_s - self._mean_s)
        if self._mean_s > INLINE_MEAN_S_MAX:
            now_s = time.monotonic()
            still_slow = now_s - self._inline_from_s < self._pause_s
            longer_s = 2 * self._pause_s if still_slow else INLINE_PAUSE_S_MIN
            self._pause_s = min(longer_s, INLINE_PAUSE_S_MAX)
            self._mean_s, self._inline_from_s = 0.0, now_s + self._pause_s


class GroupCommit:
    """The queue in front of a writer, and the thread behind it. Made and used by one event loop."""

    def __init__(
        self,
        writer: Writer,
        *,
        file: str,
        works: Beside | None = None,
        sender: Sender | None = None,
    ) -> None:
        """Write by `sender`, where there is one, what could be written inline otherwise."""
        self._writer, self._sender = writer, sender
        self._works = works or Nothing()
        self._file = file
        self.written: Written = _unseen
        """Told on the loop of what was written, before those who wait for it."""
        self.times = Histogram(SHORT_SECONDS)
        """Seconds from append to durable, of commits that were written."""
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Pending] = deque()
        self._statements: deque[Task] = deque()
        self._turn = threading.Lock()
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._works.wake = lambda: self._wake.put(None)
        self._flush_is_due = False
        self._lone = 0
        """So many batches with one commit have been sent since one with more."""
        self._sent: list[Pending] = []
        self._is_left = False
        self._closing = False
        self._pace = Pace()
        self._in_doubt: Doubt | None = None
        self._batch: list[Pending] = []
        self._tasks: list[Task] = []
        self._ended = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="tenuto-writer", daemon=True)
        self._thread.start()

    def append(self, commit: Commit) -> Receipt:
        """Return the future position of `commit`, which is queued."""
        future = Queued()
        if self._closing:
            future.set_exception(closed(self._file))
            return future
        future.queued_s = time.monotonic()
        self._queue.append((commit, future))
        if self._lone >= LONE_MIN and not self._sent:
            self._flush()
        elif not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)
        elif len(self._queue) == SENT_COMMITS_MAX and self._sender is not None:
            # The server has work while the tick goes on.
            self._flush()
        return future

    def execute(self, sql: str, values: Row) -> "asyncio.Future[Position]":
        """Return a future that is done when the statement is written, with the next batch."""
        future = Receipt(loop=self._loop)
        if self._closing:
            future.set_exception(closed(self._file))
            return future
        self._statements.append(((sql, values), future))
        self._wake.put(None)
        return future

    async def close(self) -> None:
        """Return when all that was queued is written and the file is let go."""
        self._closing = True
        self._wake.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()
        if self._sender is not None:
            self._sender.stop()

    def _flush(self) -> None:
        """End of the tick: write a small batch here and now, send one, or wake the thread."""
        self._flush_is_due = False
        if not self._queue or self._sent:
            return
        first = not self._statements and self._in_doubt is None
        # Nothing else may take from the queue between the check and the write: see `_turn`.
        if first and self._turn.acquire(blocking=False):
            done = False
            try:
                done = self._write_inline() if self._sender is None else self._send(self._sender)
            finally:
                if not self._sent:
                    self._turn.release()
            if done:
                return
            self._is_left = True
        self._wake.put(None)

    def _send(self, sender: Sender) -> bool:
        """Send what is first in the queue, and keep the turn until its answer is there."""
        commits: list[Commit] = []
        size = 0
        for commit, _ in islice(self._queue, SENT_COMMITS_MAX):
            size += len(commit.payload)
            if commit.snapshot is not None:
                size += SNAPSHOT_WEIGHT * len(commit.snapshot.payload)
            if size > SENT_BYTES_MAX:
                break
            commits.append(commit)
        count = sender.send(commits, self._arrived) if commits else 0
        self._lone = self._lone + 1 if count == 1 else 0
        # In this order: the thread, which may be about to end, looks at the queue first.
        self._sent = list(islice(self._queue, count))
        for _ in range(count):
            self._queue.popleft()
        return count > 0

    def _arrived(self, outcome: "list[Answer] | OutcomeUnknown") -> None:
        sent = self._sent
        if isinstance(outcome, OutcomeUnknown):
            self._in_doubt = (outcome, sent, [])
        self._sent = []
        self._turn.release()
        if isinstance(outcome, OutcomeUnknown):
            self._wake.put(None)
            return
        # The server has the next before the loop goes on with these.
        if self._queue:
            self._flush()
        elif self._statements or self._closing:
            self._wake.put(None)
        self._settle(sent, [], outcome)

    def _write_inline(self) -> bool:
        """Write what is queued, where that is little and the disk is quick."""
        if self._writer.checkpoint_is_due or not self._pace.is_quick or not is_small(self._queue):
            return False
        batch = list(self._queue)
        began_s = time.monotonic()
        try:
            answers = self._writer.write([commit for commit, _ in batch])
        except Busy:
            return False
        except OutcomeUnknown as unknown:
            self._queue.clear()
            self._in_doubt = (unknown, batch, [])
            return False
        self._queue.clear()
        self._pace.note(time.monotonic() - began_s)
        self._settle(batch, [], answers)
        return True

    def _settle(
        self, batch: Sequence[Pending], tasks: Sequence[Task], answers: Sequence[Answer]
    ) -> None:
        """On the loop: tell the followers, then everybody who waits."""
        assert len(answers) == len(batch) + len(tasks), "each has its answer"
        now_s = time.monotonic()
        answered: list[tuple[Receipt, Answer]] = []
        for number, (_, queued) in enumerate(batch):
            answer = answers[number]
            if not isinstance(answer, Exception):
                self.times.observe(now_s - queued.queued_s)
            answered.append((queued, answer))
        for number, (_, receipt) in enumerate(tasks, len(batch)):
            answered.append((receipt, answers[number]))
        self.written(batch, answers)
        answer_all(self._loop, iter(answered))

    def _run(self) -> None:
        """The thread: until closed, write what is queued, and keep the write-ahead log short."""
        try:
            while not self._closing or (
                self._queue
                or self._sent
                or self._statements
                or self._works.are_waiting
                or self._in_doubt
            ):
                self._wake.get()
                with self._turn:
                    self._drain()
                if self._sender is not None:
                    # What came meanwhile is the loop's again.
                    tell(self._loop, self._flush)
            with self._turn:
                self._works.close()
                self._writer.close()
        finally:
            tell(self._loop, self._end)

    def _drain(self) -> None:
        if self._in_doubt is not None:
            unknown, batch, tasks = self._in_doubt
            tell(self._loop, self._settle, batch, tasks, self._determined(unknown))
            self._in_doubt = None
        while self._is_due() or self._statements or self._works.are_waiting:
            queue = self._queue if self._is_due() else deque[Pending]()
            self._batch, self._tasks = take_batch(queue, self._statements)
            self._is_left = False
            if self._batch or self._tasks:
                answers = self._write_patiently()
                tell(self._loop, self._settle, self._batch, self._tasks, answers)
            self._batch, self._tasks = [], []
            self._works.do_some()
            if self._writer.checkpoint_is_due:
                self._writer.checkpoint()
        if self._writer.checkpoint_is_due:
            self._writer.checkpoint()

    def _is_due(self) -> bool:
        """Whether the thread is to write what is queued; else the loop sends it."""
        mine = self._sender is None or self._is_left or self._closing
        return mine and bool(self._queue)

    def _write_patiently(self) -> list[Answer]:
        commits = [commit for commit, _ in self._batch]
        statements = [statement for statement, _ in self._tasks]
        give_up_s = time.monotonic() + BUSY_S_MAX
        while True:
            try:
                return self._writer.write(commits, statements)
            except Busy as busy:
                if time.monotonic() > give_up_s:
                    error = StoreUnavailable(
                        f"Another process has kept {self._file} locked for {BUSY_S_MAX:.0f} s "
                        f"({busy.__cause__}); nothing was written. Find it and stop it."
                    )
                    return [error] * (len(commits) + len(statements))
                time.sleep(BUSY_PAUSE_S)
            except OutcomeUnknown as unknown:
                return self._determined(unknown)

    def _determined(self, unknown: OutcomeUnknown) -> list[Answer]:
        """Return the answers once the file can be read again; nobody may go on before."""
        give_up_s = 0.0
        while True:
            try:
                return self._writer.determine(unknown)
            except OutcomeUnknown as still:
                unknown = still
                if self._closing:
                    give_up_s = give_up_s or time.monotonic() + UNKNOWN_CLOSING_S_MAX
                    if time.monotonic() > give_up_s:
                        break
                time.sleep(UNKNOWN_PAUSE_S)
        error = StoreUnavailable(
            f"A commit to {self._file} failed ({unknown.cause}) and the file cannot be read since; "
            "whether it was written shows when the store is opened again."
        )
        return [error] * len(unknown.answers)

    def _end(self) -> None:
        """On the loop, when the thread has ended: nobody is left waiting, whatever ended it."""
        self._closing = True
        rest = [*self._batch, *self._queue, *self._tasks, *self._statements]
        for _, future in rest:
            future.settle(closed(self._file))
        self._works.refuse()
        self._queue.clear()
        self._statements.clear()
        if not self._ended.done():
            self._ended.set_result(None)


def _unseen(batch: Sequence[Pending], answers: Sequence[Answer]) -> None:
    """Nobody looks on."""


def closed(file: str) -> StoreUnavailable:
    """Return the error of whoever still wants something of a store that was closed."""
    return StoreUnavailable(f"The store {file} is closed; open it again.")


def tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *values: object) -> None:
    """Have the loop call it soon, from another thread."""
    # A loop that was closed first has nobody left to tell; what is written is written.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *values)


def is_small(queue: deque[Pending]) -> bool:
    """Return whether the loop may wait until all of it is written."""
    if len(queue) > INLINE_COMMITS_MAX:
        return False
    size = 0
    for commit, _ in queue:
        size += len(commit.payload) + (INLINE_BYTES_MAX if commit.snapshot is not None else 0)
    return size < INLINE_BYTES_MAX


def answer_all(loop: asyncio.AbstractEventLoop, rest: "Iterator[tuple[Receipt, Answer]]") -> None:
    """Give each its answer."""
    told = False
    try:
        for receipt, answer in rest:
            receipt.settle(answer)
        told = True
    finally:
        if not told:
            # What one of them does with its answer failed; the others still get theirs.
            loop.call_soon(answer_all, loop, rest)


def take_batch(queue: deque[Pending], statements: deque[Task]) -> tuple[list[Pending], list[Task]]:
    """Take from the front of both as much as one transaction may hold."""
    batch: list[Pending] = []
    size = 0
    while queue and len(batch) < BATCH_COMMITS_MAX and size < BATCH_BYTES_MAX:
        pending = queue.popleft()
        batch.append(pending)
        size += len(pending[0].payload)
    tasks: list[Task] = []
    while statements and len(tasks) < BATCH_COMMITS_MAX and size < BATCH_BYTES_MAX:
        task = statements.popleft()
        tasks.append(task)
        size += sum(len(value) for value in task[0][1] if isinstance(value, bytes))
    return batch, tasks
