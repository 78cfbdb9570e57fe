"""A limit on how long work may take, which costs nothing as long as the work does not wait.

Setting and dropping a timer takes several microseconds; most tools that run here, and answers that
are there already, end without waiting for anything. So the timer is set when the work first waits.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

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
        return await _Begun(work, waits_for)


class _Begun(Generator[object, Any, Given]):
    """Work that has begun and waits for something: what is sent or thrown in reaches it."""

    def __init__(self, work: Coroutine[Any, Any, Given], waits_for: object) -> None:
        self._work, self._waits_for = work, [waits_for]

    def __await__(self) -> Generator[object, Any, Given]:
        return self

    def send(self, value: Any) -> object:
        """Go on; the first time, tell what is waited for already."""
        return self._waits_for.pop() if self._waits_for else self._work.send(value)

    def throw(self, *error: Any) -> object:
        """Go on with an error."""
        return self._work.throw(*error)
