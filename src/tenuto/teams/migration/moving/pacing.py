"""Reading no faster than the source may be asked to give, and how long it took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

PAUSE_S_MAX: Final = 60.0
"""After one batch, however slow the source is."""


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
        began = self._clock()
        source = iter(batches)
        while True:
            asked = self._clock()
            batch = next(source, None)
            took = self._clock() - asked
            self.seconds += took
            if batch is None:
                return
            yield batch
            self._rows += batch.num_rows
            pause = 0.0
            if self._limit:
                pause = self._rows / self._limit - (self._clock() - began)
            if self._share:
                # What was done with the batch meanwhile was no load on the source.
                rest = took * (1 / self._share - 1) - (self._clock() - asked - took)
                pause = max(pause, min(rest, PAUSE_S_MAX))
            if pause > 0:
                self._ended.wait(pause)
