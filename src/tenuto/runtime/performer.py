"""Carries effects out: functions, tools and models, at most so many at once.

An effect's outcome goes back to its session as an input. Whatever an effect raises is an outcome
too: this is the runtime's one place that catches everything.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeAlias

import msgspec

from tenuto.core.errors import Failure, NeedsApproval, WorkFailed
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import AskModel, Call, CallTool, Refuse, Review, Verify
from tenuto.core.session.failing import IN_DOUBT
from tenuto.core.vocabulary import Json, TaskNo, Version
from tenuto.ports.clock import Clock, Ids
from tenuto.ports.wall import hold, let_go
from tenuto.runtime.asking import Asker
from tenuto.runtime.borders import Borders
from tenuto.runtime.calling import Caller
from tenuto.runtime.failures import failure_from, retry_after_ms
from tenuto.runtime.live import Live
from tenuto.runtime.record import Record
from tenuto.runtime.room import Room
from tenuto.runtime.turns import Turns
from tenuto.runtime.workers import Job, Workers

Attempt: TypeAlias = Call | AskModel | CallTool | Verify | Review | Refuse
"""Effects that are carried out here."""


class Performer:
    """Runs effects in this process."""

    def __init__(
        self,
        *,
        caller: Caller,
        asker: Asker,
        clock: Clock,
        ids: Ids,
        concurrency: int,
    ) -> None:
        self.caller, self._asker = caller, asker
        self._clock, self._ids = clock, ids
        self.room = Room(concurrency)
        self.room.on_free.append(self._fill)
        self.queue: deque[tuple[Live, Attempt]] = deque()
        self._closed = False
        self._workers = Workers()
        self._turns: Turns
        self.borders: Borders
        """Who looks at what sessions are given, are told, and give; set by who composes."""

    def attach(self, turns: Turns) -> None:
        """Say who takes the outcomes."""
        self._turns = self.caller.turns = turns
        turns.reviews = self.borders.reviews

    def dispatch(self, live: Live, effect: Attempt) -> None:
        """Start `effect`, now or when there is room. After `close` it stays a promise of the
        log."""
        if self._closed:
            return
        if self.room.free <= 0:
            self.queue.append((live, effect))
            return
        self._start(live, effect)

    def _fill(self) -> None:
        """Start what waited for room."""
        while self.queue and self.room.free > 0 and not self._closed:
            next_live, effect = self.queue.popleft()
            if effect.task in next_live.state.tasks:
                self._start(next_live, effect)

    def _start(self, live: Live, effect: Attempt) -> None:
        self.room.enter()
        record = Record()
        record.work = self._workers.start(self._perform, live, effect, record)
        live.running[effect.task] = record.work

    def _finished(self, live: Live, no: TaskNo, work: Job | None) -> None:
        if live.running.get(no) is work:
            del live.running[no]
        self.room.leave()

    def abandon(self, live: Live) -> None:
        """Interrupt what runs for tasks of `live` that are not open any more."""
        for no, work in tuple(live.running.items()):
            if no not in live.state.tasks:
                self._interrupt(live, no, work)

    def interrupt(self, live: Live) -> None:
        """Interrupt all that runs for `live`."""
        for no, work in tuple(live.running.items()):
            self._interrupt(live, no, work)

    def _interrupt(self, live: Live, no: TaskNo, work: Job) -> None:
        if not work.interrupt():
            # It never comes to give its place back.
            self._finished(live, no, work)

    def close(self) -> None:
        """Start nothing any more."""
        self._closed = True
        self.queue.clear()

    async def wait(self, timeout_ms: int) -> bool:
        """Return whether all that runs ended within `timeout_ms`."""
        return await self.room.wait_until_empty(timeout_ms)

    async def _perform(self, live: Live, effect: Attempt, record: Record) -> None:
        cause: i.SessionInput | None = None
        before = hold(live.state.tenant)
        try:
            if type(effect) is Verify or type(effect) is Refuse:
                cause = await self._settlement(live, effect, record)
            else:
                output = await self._output(live, effect, record)
                cause = _completed(effect, output, record, self._clock.now_ms())
        except asyncio.CancelledError as error:
            if record.work is None or record.work.is_interrupted:
                # Nobody wants the outcome any more, or the process ends and the log keeps the
                # promise.
                raise
            cause = self._failed(live, effect, error, record)
        except Exception as error:
            cause = self._failed(live, effect, error, record)
        finally:
            let_go(before)
            self._finished(live, effect.task, record.work)
            if cause is not None:
                self._turns.put(live, cause, _told(record))

    def _output(self, live: Live, effect: Attempt, record: Record) -> Coroutine[Any, Any, Json]:
        """Return the work that gives the output of `effect`, not begun yet."""
        # By exact types: `match` takes longer to tell structs apart than a short call takes.
        if type(effect) is AskModel:
            return self._asker.ask(effect, record)
        if type(effect) is CallTool:
            return self.caller.call_tool(live, effect, record)
        if type(effect) is Call:
            return self.caller.call(live, effect, record)
        assert isinstance(effect, Review), "nothing else has an output"
        return self.borders.review(effect, record.notes)

    async def _settlement(
        self, live: Live, effect: Verify | Refuse, record: Record
    ) -> i.CompleteTask | i.SettleDoubt | i.FailTask:
        if isinstance(effect, Refuse):
            now = self._clock.now_ms()
            return i.FailTask(at_ms=now, task=effect.task, failure=effect.failure)
        known = await self.caller.known(live, effect, record)
        if known is not None:
            return _completed(effect, known[0], record, self._clock.now_ms())
        happened, output = await self.caller.verify(effect, record.notes)
        return i.SettleDoubt(
            at_ms=self._clock.now_ms(),
            task=effect.task,
            happened=happened,
            output=output,
            notes=tuple(record.notes),
        )

    def _failed(
        self, live: Live, effect: Attempt, error: BaseException, record: Record
    ) -> i.FailTask:
        return i.FailTask(
            at_ms=self._clock.now_ms(),
            task=effect.task,
            failure=_failure(live, effect, error),
            retry_after_ms=retry_after_ms(error),
            jitter=self._ids.jitter(),
            notes=tuple(record.notes),
            ask=error.ask if isinstance(error, NeedsApproval) else None,
            labels=_labels(record),
            attempts_max=record.tool.attempts_max if record.tool is not None else 0,
        )


def _told(record: Record) -> "asyncio.Future[Version] | None":
    """Return what tells who waits for it that the outcome is in the log."""
    recorded = record.recorded
    if recorded is None:
        return None

    def tell(done: "asyncio.Future[Version]") -> None:
        # One that this process may not write is found by who may.
        if not done.cancelled() and done.exception() is None:
            recorded()

    done: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
    done.add_done_callback(tell)
    return done


def _completed(effect: Attempt, output: Json, record: Record, at_ms: int) -> i.CompleteTask:
    return i.CompleteTask(
        at_ms=at_ms,
        task=effect.task,
        output=output,
        notes=tuple(record.notes),
        labels=_labels(record),
    )


def _labels(record: Record) -> tuple[str, ...]:
    """Return what the tool says of all that it gives, and what it said of this."""
    known = record.tool.labels if record.tool is not None else ()
    return tuple(sorted({*known, *record.labels})) if record.labels else known


def _failure(live: Live, effect: Attempt, error: BaseException) -> Failure:
    """A broken connection or a time-out says nothing about what became of a `once` effect."""
    failure = failure_from(error, what=_name(effect))
    task = live.state.tasks.get(effect.task)
    known = failure.kind != "transient" or isinstance(error, WorkFailed)
    if known or task is None or not task.begun:
        return failure
    return msgspec.structs.replace(failure, code=IN_DOUBT)


def _name(effect: Attempt) -> str:
    match effect:
        case Call():
            return f"{effect.ref!r} of node {effect.node!r}"
        case AskModel():
            return f"Model {effect.agent.model!r} of agent {effect.agent.name!r}"
        case CallTool():
            return f"Tool {effect.tool!r}"
        case Review():
            return "The review of the output"
    return f"Node {effect.node!r}"
