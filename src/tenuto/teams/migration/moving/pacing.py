"""Reading no faster than the source may be asked to give, and how long it took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

PAUSE_S_MAX: Final = 60.0
"""However slow the source is."""
BATCH_S: Final = 1.0


class Pacing:
    """Gives batches as a source does, with pauses between them.

    Args:
        rows_per_second: no more than these on average; None: as many as there are.
        share: the part of the time that reading may take, of 1; 0: all of it. A source that answers
            slowly because it has much to do is so asked less.
        ended: set when nobody wants more.
    """

    def __init__(
        self,
        rows_per_second: float | None,
        share: float,
        ended: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._share, self._ended, self._clock = rows_per_second, share, ended, clock
        self._rows = 0
        self.seconds = 0.0
        """How long the source took to answer."""

    def kept(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return the batches, each when it is time for it."""
        began, source = self._clock(), iter(batches)
        while True:
            asked = self._clock()
            batch = next(source, None)
            self.seconds += self._clock() - asked
            if batch is None:
                return
            self._rows += batch.num_rows
            due = self._rows / self._limit if self._limit else 0.0
            if self._share:
                due = max(due, min(self.seconds / self._share, self.seconds + PAUSE_S_MAX))
            # Before the batch is given, so that it is true of short times as well.
            self._ended.wait(max(0.0, due - (self._clock() - began)))
            yield batch

    def batch_rows(self, planned: int) -> int:
        """Return how many rows a batch has, so that no pause is long."""
        return min(planned, max(round(self._limit * BATCH_S), 1)) if self._limit else planned
