"""Calls user code: arguments of its own, a time limit, threads for plain functions.

What it raises is for the caller to make sense of.
"""

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import msgspec

from tenuto.core.vocabulary import Json
from tenuto.ports.tool import ToolCode
from tenuto.runtime.code import Function
from tenuto.runtime.context import Context
from tenuto.runtime.errands import Errand, remembering
from tenuto.runtime.json_values import checked_output
from tenuto.runtime.limiting import within
from tenuto.runtime.record import Record
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.task_memory import TaskMemory

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


class Attempts:
    """Carries errands out in this process."""

    def __init__(self, *, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "tenuto-call") if threads else None
        self._is_async: dict[Function, bool] = {}
        self.rememberer: Rememberer | None = None
        """What code remembers with; None: this process keeps no memory."""

    def release(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def call_function(self, errand: Errand, function: Function, record: Record) -> Json:
        """Return what a function of a node gives, checked to be JSON."""
        context = self._context(errand, record)
        inputs = {name: own_copy(value) for name, value in errand.arguments.items()}
        if not errand.timeout_ms and self._awaits(function):
            value = await function(context, **inputs)
        else:
            run = partial(function, context, **inputs)
            value = await within(errand.timeout_ms, self.run(function, run))
        return checked_output(value, of="Function", name=errand.ref)

    def bound(self, errand: Errand, tool: ToolCode, record: Record) -> dict[str, Any]:
        """Return the arguments as the tool's function takes them.

        Raises:
            Rejected: they do not fit, in words for a model.
        """
        bound = tool.bind({name: own_copy(value) for name, value in errand.arguments.items()})
        if tool.takes_context:
            bound["ctx"] = self._context(errand, record)
        return bound

    async def call_tool(self, errand: Errand, tool: ToolCode, bound: dict[str, Any]) -> Json:
        """Return what a tool gives, checked to be JSON."""
        function: Function = tool.function
        if not errand.timeout_ms and self._awaits(function):
            value = await function(**bound)
        else:
            run = partial(function, **bound)
            value = await within(errand.timeout_ms, self.run(function, run))
        return checked_output(value, of="Tool", name=tool.spec.name)

    async def run(self, function: Function, run: Callable[[], Any]) -> Any:
        """Return what `run` gives, which calls `function`: in a thread where it would block."""
        if self._awaits(function):
            return await run()
        if self._pool is None:
            value = run()
        else:
            value = await asyncio.get_running_loop().run_in_executor(self._pool, run)
        return await value if inspect.isawaitable(value) else value

    def _awaits(self, function: Function) -> bool:
        """Return whether a call of `function` gives a coroutine."""
        is_async = self._is_async.get(function)
        if is_async is None:
            target = getattr(function, "__call__", function)  # noqa: B004  # an object with an async call
            is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(target)
            self._is_async[function] = is_async
        return is_async

    def _context(self, errand: Errand, record: Record) -> Context:
        context = Context(
            errand.session,
            errand.effect,
            task=errand.task,
            node=errand.node,
            attempt=errand.attempt,
        )
        memory = self.rememberer
        about = None if memory is None else TaskMemory(memory, remembering(errand), record)
        context.attach(record, about)
        return context


def own_copy(value: Json) -> Json:
    """Return `value` in containers of its own: user code may change what it gets."""
    if isinstance(value, list):
        if _SCALARS.issuperset(map(type, value)):
            return value.copy()
    elif isinstance(value, dict):
        if _SCALARS.issuperset(map(type, value.values())):
            return value.copy()
    else:
        return value
    copied: Json = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    return copied
