"""Runs coroutines on virtual time: an hour of waiting takes no time."""

import random
from collections.abc import Coroutine
from typing import Any

from tenuto.testing.simulation.loop import VirtualLoop, VirtualTime


def driven(main: Coroutine[Any, Any, Any], *, seed: int = 0, in_order: bool = True) -> float:
    """Run `main` to its end on virtual time, and return how long it took there."""
    time = VirtualTime()
    loop = VirtualLoop(time, random.Random(seed), in_order=in_order)
    with loop.running():
        task = loop.create_task(main)
        while not task.done():
            if loop.has_ready():
                loop.run_one()
            else:
                assert loop.next_timer_s() is not None, "it waits for nothing"
                loop.jump()
        loop.end()
    assert not loop.unhandled
    task.result()
    return time.now_s
