"""How often a process that works for long looks for garbage that reference counts leave."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (10_000, 20, 20)
"""Of the three generations; Python's own are 700, 10 and 10."""


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Within, collections of garbage leave out all that was there before, and come more rarely.

    With 1,000 sessions at work Python's own thresholds cost a fifth of the processor's time: what
    a running session holds is looked at again and again, and hardly any of it is garbage. Enter
    when modules are loaded and the database is open. It is the whole process's, so only one that
    is Tenuto's own does it. Source: https://docs.python.org/3.11/library/gc.html"""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
