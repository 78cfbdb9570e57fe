"""Calls functions and tools: inputs of their own, a time limit, threads for plain functions."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import msgspec

from tenuto.core.agent.policy import PermissionRule
from tenuto.core.agent.remembering import MemoryPolicy, own_scope, seen_scopes
from tenuto.core.memory.items import Source
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Call, CallTool, Verify
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.ports.clock import Clock
from tenuto.ports.tool import ToolCode
from tenuto.runtime.around import AroundCall, AroundFailure, AroundFunction
from tenuto.runtime.code import Code, Function
from tenuto.runtime.context import Context
from tenuto.runtime.insisting import insist
from tenuto.runtime.json_values import checked_output
from tenuto.runtime.limiting import within
from tenuto.runtime.live import Live
from tenuto.runtime.offering import tool_called
from tenuto.runtime.permitting import permit
from tenuto.runtime.record import Record
from tenuto.runtime.remembering import Keeper, Rememberer
from tenuto.runtime.task_memory import Remembering, TaskMemory
from tenuto.runtime.toolbox import Toolbox
from tenuto.runtime.turns import Turns

_VERIFY_MS_MAX: Final = 60_000
"""A `verify` that takes longer knows nothing."""

THREADS: Final = 16
"""Plain (not async) functions that run at once."""

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


class Caller:
    """Runs user code. What it raises is for the caller to make sense of."""

    def __init__(
        self,
        code: Code,
        *,
        clock: Clock,
        threads: int = THREADS,
        policy: tuple[PermissionRule, ...] = (),
        around: Sequence[AroundCall] = (),
    ) -> None:
        self._code, self._clock, self._policy = code, clock, policy
        self._toolbox = Toolbox(code)
        self._around = tuple(around)
        self._on_failure = tuple(part for part in around if isinstance(part, AroundFailure))
        self._on_function = tuple(part for part in around if isinstance(part, AroundFunction))
        self._pool = ThreadPoolExecutor(threads, "tenuto-call") if threads else None
        self._is_async: dict[Function, bool] = {}
        self.turns: Turns
        self.rememberer: Rememberer | None = None
        """What code remembers with; None: this process keeps no memory."""

    def release(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def call(self, live: Live, effect: Call, record: Record) -> Json:
        """Return the output of a node's function or tool, checked to be JSON."""
        if effect.kind == "tool":
            tool = await self._toolbox.tool_of_node(effect.ref)
            return await self._run_tool(live, effect, tool, effect.inputs, record)
        function = self._code.function(effect.ref)
        context = self._context(live, effect, record)
        for part in self._on_function:
            part.ready(effect)
        if effect.once:
            await self._begin(live, effect.task)
        inputs = {name: own_copy(value) for name, value in effect.inputs.items()}
        if not effect.timeout_ms and self._awaits(function):
            value = await function(context, **inputs)
        else:
            run = partial(function, context, **inputs)
            value = await within(effect.timeout_ms, self._run(function, run))
        output = checked_output(value, of="Function", name=effect.ref)
        for part in reversed(self._on_function):
            output = await part.given(effect, output, record.notes)
        return output

    async def call_tool(self, live: Live, effect: CallTool, record: Record) -> Json:
        """Return the output of a tool that a model asked for, checked to be JSON."""
        tool = self._toolbox.named(effect.agent.tools).by_name.get(effect.tool)
        if tool is None:
            tool = await tool_called(self._toolbox, effect.agent, effect.tool)
        return await self._run_tool(live, effect, tool, effect.arguments, record)

    async def _run_tool(
        self,
        live: Live,
        effect: Call | CallTool,
        tool: ToolCode,
        arguments: JsonObject,
        record: Record,
    ) -> Json:
        record.tool = tool
        around = [part for part in self._around if part.looks_at(effect)]
        for part in around:
            arguments = await part.before(effect, tool, arguments, record.notes)
        # What the function gets is what the rules are about.
        permit(live.state, effect, tool, self._policy, arguments)
        bound = tool.bind({name: own_copy(value) for name, value in arguments.items()})
        if tool.takes_context:
            bound["ctx"] = self._context(live, effect, record)
        if tool.once or (type(effect) is Call and effect.once):
            await self._begin(live, effect.task)
        function: Function = tool.function
        timeout_ms = effect.timeout_ms or tool.timeout_ms
        try:
            if not timeout_ms and self._awaits(function):
                value = await function(**bound)
            else:
                run = partial(function, **bound)
                value = await within(timeout_ms, self._run(function, run))
            output = checked_output(value, of="Tool", name=tool.spec.name)
        except Exception as error:
            found = error
            for watcher in reversed(self._on_failure):
                found = await watcher.failed(effect, tool, found, record.notes)
            if found is error:
                raise
            raise found from None
        for part in reversed(around):
            output = await part.after(effect, tool, output, record.notes)
        return output

    async def verify(self, effect: Verify, notes: list[i.Note]) -> tuple[bool | None, Json]:
        """Return whether a `once` effect in doubt happened (None: nobody knows), and its output.

        No `verify`, or one that fails, means that nobody knows (P3)."""
        try:
            if effect.agent is not None:
                tool = await tool_called(self._toolbox, effect.agent, effect.ref)
            else:
                tool = await self._toolbox.tool_of_node(effect.ref)
            verify = tool.verify
            if verify is None:
                return None, None
            run = partial(verify, effect.effect)
            value = await within(_VERIFY_MS_MAX, self._run(verify, run))
            output = checked_output(value, of="verify of", name=effect.ref)
            if value is None:
                return False, None
            for part in reversed(self._around):
                output = await part.after(effect, tool, output, notes)
            return True, output
        except Exception:
            return None, None

    async def _begin(self, live: Live, task: TaskNo) -> None:
        """Return when the intent is in the log (P3). A store that is away is no failure of the
        work."""

        async def begun() -> None:
            done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self.turns.put(live, i.BeginTask(at_ms=self._clock.now_ms(), task=task), done)
            await done

        await insist(begun)

    def _awaits(self, function: Function) -> bool:
        """Return whether a call of `function` gives a coroutine."""
        is_async = self._is_async.get(function)
        if is_async is None:
            target = getattr(function, "__call__", function)  # noqa: B004  # an object with an async call
            is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(target)
            self._is_async[function] = is_async
        return is_async

    async def _run(self, function: Function, run: Callable[[], Any]) -> Any:
        if self._awaits(function):
            return await run()
        if self._pool is None:
            value = run()
        else:
            value = await asyncio.get_running_loop().run_in_executor(self._pool, run)
        return await value if inspect.isawaitable(value) else value

    def _context(self, live: Live, effect: Call | CallTool, record: Record) -> Context:
        context = Context(
            live.state.session,
            effect.effect,
            task=effect.task,
            node=effect.node,
            attempt=effect.attempt,
        )
        memory = self.rememberer
        if memory is not None:
            context.attach(record, TaskMemory(memory, _about(live, effect), record))
        else:
            context.attach(record, None)
        return context


def _about(live: Live, effect: Call | CallTool) -> Remembering:
    """Return for whom an attempt remembers: an agent's tool for the agent, a function for all."""
    state = live.state
    agent, policy, keeper = "", MemoryPolicy(shared="team"), None
    if type(effect) is CallTool:
        keeper = Keeper(effect.agent, effect.guards)
        agent, policy = effect.agent.name, effect.agent.memory or MemoryPolicy()
    return Remembering(
        scope=own_scope(policy, tenant=state.tenant, agent=agent, user=state.user),
        seen=seen_scopes(tenant=state.tenant, agent=agent, user=state.user),
        effect=effect.effect,
        source=Source(state.session, effect.task),
        labels=effect.labels,
        keep_days=policy.keep_days,
        keeper=keeper,
    )


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
