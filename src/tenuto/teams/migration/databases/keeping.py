"""Connections that are used again: opening one costs a server more than most queries."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

Line = TypeVar("Line")

IDLE_MAX: Final = 8


class Kept(Generic[Line]):
    """Connections of one database, lent to one thread at a time. One that failed is not used
    again."""

    def __init__(self, connect: Callable[[], Line], close: Callable[[Line], object]) -> None:
        self._connect, self._close = connect, close
        self._idle: list[Line] = []
        self._closed = False

    @contextlib.contextmanager
    def lent(self) -> Iterator[Line]:
        """Give a connection for a block."""
        try:
            # Two threads may come at once: whoever finds none makes one.
            line = self._idle.pop()
        except IndexError:
            line = self._connect()
        try:
            yield line
        except BaseException:
            self._close(line)
            # What befell this one, as a server that restarts, has befallen the others as well.
            self._drop()
            raise
        if self._closed or len(self._idle) >= IDLE_MAX:
            self._close(line)
        else:
            self._idle.append(line)

    def __del__(self) -> None:
        self._drop()

    def close(self) -> None:
        """Let go of those that nobody uses, and of others when they come back."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        while self._idle:
            self._close(self._idle.pop())
