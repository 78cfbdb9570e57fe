"""An event loop without a clock: time is a number, and jumps to the next timer when all is quiet.

Nothing here waits, so an hour passes in microseconds. Handles that are ready run in an order that a
seeded random number generator picks: what asyncio promises about order is less than what it does,
and code that leans on the rest is found out. One loop stands for one process: to drop it is a
crash.
"""

import asyncio
import heapq
import random
from asyncio import events
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class VirtualTime:
    """Seconds since the simulation began; shared by all processes in it."""

    __slots__ = ("now_s",)

    def __init__(self) -> None:
        self.now_s = 0.0


class Unhandled(AssertionError):
    """A callback raised, and nobody was there to hear."""


class _Manners(asyncio.AbstractEventLoop):
    """What asyncio asks of any loop and this one has no opinion about."""

    def __init__(self) -> None:
        self.unhandled: list[BaseException] = []

    def get_debug(self) -> bool:
        """Return False: debug mode times callbacks, and here they take no time."""
        return False

    def is_running(self) -> bool:
        """Return True, as every loop that calls this is being driven."""
        return True

    def is_closed(self) -> bool:
        """Return False: a loop is dropped, not closed."""
        return False

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are dropped when their moment comes."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody handled."""
        error = context.get("exception")
        message = str(context.get("message"))
        self.unhandled.append(error if error is not None else Unhandled(message))

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """See `call_exception_handler`."""
        self.call_exception_handler(context)


class VirtualLoop(_Manners):
    """One process's event loop. `run_one` and `jump` are called by the simulation alone."""

    def __init__(self, time: VirtualTime, chance: random.Random, *, in_order: bool) -> None:
        self._time, self._chance, self._in_order = time, chance, in_order
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timer_count = 0
        self._tasks: dict[asyncio.Task[Any], None] = {}
        super().__init__()

    # What the simulation drives

    @contextmanager
    def running(self) -> Generator[None, None, None]:
        """Make this the running loop for a while."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            yield
        finally:
            events._set_running_loop(before)

    def has_ready(self) -> bool:
        """Return whether something can run now."""
        return bool(self._ready)

    def run_one(self) -> None:
        """Run one of the handles that are ready."""
        ready = self._ready
        if self._in_order:
            handle = ready.pop(0)
        else:
            last = len(ready) - 1
            if last:
                place = int(self._chance.random() * (last + 1))
                ready[place], ready[last] = ready[last], ready[place]
            handle = ready.pop()
        if not handle.cancelled():
            handle._run()

    def next_timer_s(self) -> float | None:
        """Return when the next timer fires, or None if there is none."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        return timers[0][0] if timers else None

    def jump(self) -> None:
        """Let time pass until the next timer fires; those of the same moment fire with it."""
        when = self.next_timer_s()
        assert when is not None, "there is a timer to jump to"
        self._time.now_s = max(when, self._time.now_s)
        while (next_s := self.next_timer_s()) is not None and next_s <= self._time.now_s:
            self._ready.append(heapq.heappop(self._timers)[2])

    def end(self, handles_max: int = 20_000) -> None:
        """Cancel every task and run what follows; timers fire no more. The process is gone."""
        self._timers.clear()
        while self._tasks and handles_max:
            for task in tuple(self._tasks):
                task.cancel()
            while self._ready and handles_max:
                handles_max -= 1
                self.run_one()
            handles_max -= bool(handles_max)
        self._timers.clear()
        self._ready.clear()

    # What asyncio calls

    def time(self) -> float:
        """Return the present moment in seconds."""
        return self._time.now_s

    def create_task(  # type: ignore[override]  # typeshed varies with the version of Python
        self,
        coro: Coroutine[Any, Any, Result],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> "asyncio.Task[Result]":
        """Return a task of this loop; it is remembered until it is done."""
        task = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.pop(task, None)

    def call_soon(
        self,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Return the handle of `callback`, ready now."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Return the handle of `callback`, ready after `delay` seconds."""
        return self.call_at(self._time.now_s + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Return the handle of `callback`, ready at the moment `when`."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, timer))
        return timer
