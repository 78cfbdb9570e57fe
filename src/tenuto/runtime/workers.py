"""Carries out pieces of work, each as if it had a task of the event loop to itself, in fewer.

Most work that runs here ends without waiting for anything, and a task with a tick of the loop costs
more than the rest of such work. So one task, a worker, begins what is ready, piece after piece. A
piece that waits keeps its worker: what it waits in (a time-out, a task group) may know the
worker's task by now. What else is ready gets a task for each piece then, since like waits for like.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, Final, TypeAlias, TypeVarTuple, Unpack

from tenuto.ports.wall import stand_apart
from tenuto.runtime.begun import Begun

IN_A_ROW_MAX: Final = 16
"""Pieces that a worker begins before it lets the event loop do other things. Of those that were
ready before it none is left for later: what they write goes to the disk together."""

Work: TypeAlias = Coroutine[Any, Any, None]
"""A piece of work. It raises nothing, unless it is interrupted."""

Given = TypeVarTuple("Given")


class Job:
    """One piece of work. It sees the context variables of who started it, as a task would."""

    __slots__ = ("_begin", "_context", "_given", "_steps", "_worker")

    def __init__(self, begin: Callable[..., Work], given: tuple[Any, ...]) -> None:
        self._begin: Callable[..., Work] | None = begin
        self._given = given
        self._context = copy_context()
        self._steps: Work
        self._worker: asyncio.Task[None] | None = None

    def begin(self, worker: "asyncio.Task[None]") -> Begun[None] | None:
        """Take the first step in `worker`; return what is left, None if nothing is."""
        if self._begin is None:
            return None
        self._worker, self._steps = worker, self._begin(*self._given)
        self._begin, self._given = None, ()
        try:
            waits_for = self._context.run(_first_step, self._steps)
        except StopIteration:
            return None
        return Begun(self, waits_for)

    def send(self, value: Any, /) -> object:
        """Take another step. See `Steps`."""
        return self._context.run(self._steps.send, value)

    def throw(self, *error: Any) -> object:
        """Take another step, with an error. See `Steps`."""
        return self._context.run(self._steps.throw, *error)

    def interrupt(self) -> bool:
        """Interrupt the work, and return whether it had begun; if not, it never will."""
        if self._worker is None:
            self._begin, self._given = None, ()
            return False
        self._worker.cancel()
        return True

    @property
    def is_interrupted(self) -> bool:
        """Return whether the work was interrupted, alone or with all that runs in the loop."""
        return self._worker is None or self._worker.cancelling() > 0


class Workers:
    """Begins pieces of work in the order of their starts: soon, and never within a start."""

    def __init__(self) -> None:
        self._ready: deque[Job] = deque()
        self._worker: asyncio.Task[None] | None = None
        """Who begins what is ready."""

    def start(self, begin: Callable[[Unpack[Given]], Work], *given: *Given) -> Job:
        """Have the work that `begin` gives carried out."""
        job = Job(begin, given)
        self._ready.append(job)
        if self._worker is None or self._worker.done():
            self._call_worker()
        return job

    def _call_worker(self) -> None:
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        worker, ready = _own_task(), self._ready
        begun: Begun[None] | None = None
        try:
            for _ in range(max(IN_A_ROW_MAX, len(ready))):
                # Work that interrupted its own task and did not wait leaves it interrupted.
                if not ready or worker.cancelling():
                    break
                begun = ready.popleft().begin(worker)
                if begun is not None:
                    break
        finally:
            self._worker = None
            if begun is not None:
                self._part()
            elif ready:
                self._call_worker()
        if begun is not None:
            await begun

    def _part(self) -> None:
        """Give each piece that is ready a task of its own."""
        loop = asyncio.get_running_loop()
        while self._ready:
            # The loop holds the task until it begins, and from then on the job does.
            loop.create_task(_alone(self._ready.popleft()))  # noqa: RUF006  (held)


def _first_step(steps: Work) -> object:
    # Whoever started it may be within the wall of a tenant, and in the same worker.
    stand_apart()
    return steps.send(None)


async def _alone(job: Job) -> None:
    begun = job.begin(_own_task())
    if begun is not None:
        await begun


def _own_task() -> "asyncio.Task[None]":
    task = asyncio.current_task()
    assert task is not None, "a worker is a task"
    return task
