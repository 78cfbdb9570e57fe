"""Work on tables beside the log: what it is, and who carries it out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from tenuto.adapters.tables.connection import Connection

WORKS_MAX: Final = 100
"""Of one transaction."""

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]
"""Reads and writes in the transaction that is open. It may be done again, when the first try was
rolled back."""
Wish: TypeAlias = bool | Callable[[], bool]
"""Yes or no, or who knows it once the work is done."""


class Performer(Protocol):
    """Whoever carries out work on the database."""

    def perform(self, work: Work[T], *, erase: Wish = False) -> "asyncio.Future[T]":
        """Return a future of what `work` returns, done when it is durable.

        Args:
            erase: what was deleted is gone from the write-ahead log too, if nobody still reads it.

        Raises:
            Rejected: it holds a value that no row can hold.
            StoreUnavailable: nothing was changed.
        """
        ...


def settle(futures: "Sequence[asyncio.Future[Any]]", answers: Sequence[object]) -> None:
    """Give each its answer or its error, unless nobody waits for it any more."""
    for future, answer in zip(futures, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
