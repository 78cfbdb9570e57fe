"""A server on a thread of its own, for tests that ask it from outside of its loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import tenuto
from tests.server.api.served import Served, serving

T = TypeVar("T")


class Running:
    """A server that runs on another thread."""

    def __init__(self, served: Served, loop: asyncio.AbstractEventLoop) -> None:
        self.served, self.address = served, served.address
        self._loop = loop

    def do(self, work: Callable[[Served], Awaitable[T]]) -> T:
        """Return what work in the server's own loop gives."""

        async def done() -> T:
            return await work(self.served)

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(30)


@contextlib.contextmanager
def running(*workflows: tenuto.Workflow, **settings: Any) -> Iterator[Running]:
    """Give a server on a thread, until it is left; `settings` as for `serving`."""
    found: list[Running] = []
    faults: list[BaseException] = []
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        async with serving(*workflows, **settings) as served:
            found.append(Running(served, loop))
            stop.append(lambda: loop.call_soon_threadsafe(ended.set))
            started.set()
            await ended.wait()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            faults.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(30), "the server starts"
        if faults:
            raise faults[0]
        yield found[0]
    finally:
        for end in stop:
            end()
        thread.join(30)
    assert not faults, faults
