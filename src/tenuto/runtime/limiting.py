"""A limit on how long work may take, which costs nothing as long as the work does not wait.

Setting and dropping a timer takes several microseconds; most tools that run here, and answers that
are there already, end without waiting for anything. So the timer is set when the work first waits.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from tenuto.runtime.begun import Begun

Given = TypeVar("Given")


async def within(timeout_ms: int, work: Coroutine[Any, Any, Given]) -> Given:
    """Return what `work` gives; `timeout_ms` counts from now, and 0 is no limit.

    Raises:
        TimeoutError: it waited longer, and was interrupted. And whatever it raises.
    """
    if not timeout_ms:
        return await work
    due_s = asyncio.get_running_loop().time() + timeout_ms / 1000
    try:
        waits_for = work.send(None)
    except StopIteration as ended:
        given: Given = ended.value
        return given
    async with asyncio.timeout_at(due_s):
        return await Begun(work, waits_for)
