"""Asks for many things at once: what comes while one asks is asked for together afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Gathered(Generic[Item, Answer]):
    """Items and their answers, in order; one question is under way at a time."""

    def __init__(self, ask_all: Callable[[list[Item]], Awaitable[list[Answer]]]) -> None:
        self._ask_all = ask_all
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> "asyncio.Future[Answer]":
        """Return the answer to come; what asking raises is its error."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return answer

    async def end(self, seconds: float) -> None:
        """Return when nothing is under way, or it took too long and was given up."""
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=seconds)
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting, []
                try:
                    answers = await self._ask_all([item for item, _ in some])
                except Exception as error:  # it is told to all who asked
                    for _, future in some:
                        if not future.done():
                            future.set_exception(error)
                            # Who asked may be gone.
                            future.exception()
                    continue
                for (_, future), answer in zip(some, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
        finally:
            self._asking = None
