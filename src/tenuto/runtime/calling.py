"""Carries out calls of functions and tools: what stands around them, rules, and the calls.

A call of a pool is carried out by whoever serves it (`pooling`); all else is done here.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from tenuto.core.agent.policy import PermissionRule
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Call, CallTool, Verify
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.ports.clock import Clock
from tenuto.ports.tool import PooledTool, ToolCode
from tenuto.runtime.around import AroundCall, AroundFailure, AroundFunction
from tenuto.runtime.attempts import Attempts
from tenuto.runtime.code import Code
from tenuto.runtime.errands import errand_of
from tenuto.runtime.insisting import insist
from tenuto.runtime.json_values import checked_output
from tenuto.runtime.limiting import within
from tenuto.runtime.live import Live
from tenuto.runtime.offering import tool_called
from tenuto.runtime.permitting import permit
from tenuto.runtime.pooling import Place, Pooling
from tenuto.runtime.record import Record
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.toolbox import Toolbox
from tenuto.runtime.turns import Turns

_VERIFY_MS_MAX: Final = 60_000
"""A `verify` that takes longer knows nothing."""

THREADS: Final = 16
"""Plain (not async) functions that run at once."""


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
        self.attempts = Attempts(threads=threads)
        self.pooling: Pooling | None = None
        """Where calls of pools go; None: they are carried out here, as all others."""
        self.turns: Turns

    @property
    def rememberer(self) -> Rememberer | None:
        """What code remembers with; None: this process keeps no memory."""
        return self.attempts.rememberer

    @rememberer.setter
    def rememberer(self, rememberer: Rememberer | None) -> None:
        self.attempts.rememberer = rememberer

    def release(self) -> None:
        """Let the threads go."""
        self.attempts.release()

    async def call(self, live: Live, effect: Call, record: Record) -> Json:
        """Return the output of a node's function or tool, checked to be JSON."""
        if effect.kind == "tool":
            tool = await self._toolbox.tool_of_node(effect.ref)
            return await self._run_tool(live, effect, tool, effect.inputs, record)
        place = self._place(effect, None)
        errand = errand_of(live.state.session, effect, effect.inputs, ref=effect.ref)
        # Who only has it carried out need not have its code.
        function = self._code.function(effect.ref) if place is None else None
        for part in self._on_function:
            part.ready(effect)
        if effect.once:
            await self._begin(live, effect.task)
        if function is not None:
            output = await self.attempts.call_function(errand, function, record)
        else:
            assert place is not None and self.pooling is not None
            output = await self.pooling.carry_out(live, errand, place, record)
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
        place = self._place(effect, tool)
        ref = self._ref(effect, tool)
        errand = errand_of(live.state.session, effect, arguments, ref=ref, tool=tool)
        bound = self.attempts.bound(errand, tool, record)
        if tool.once or (type(effect) is Call and effect.once):
            await self._begin(live, effect.task)
        try:
            if place is None:
                output = await self.attempts.call_tool(errand, tool, bound)
            else:
                assert self.pooling is not None
                output = await self.pooling.carry_out(live, errand, place, record)
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

    def _place(self, effect: Call | CallTool, tool: ToolCode | None) -> Place | None:
        """Return the pool that a call goes to; None: it is carried out here."""
        if self.pooling is None:
            return None
        named, priority, once = "", 0, False
        if type(effect) is Call:
            named, priority, once = effect.pool, effect.priority, effect.once
        if tool is not None:
            once = once or tool.once
            pooled = _pooled(tool)
            if pooled is not None:
                named, priority = named or pooled.pool, priority or pooled.priority
        return Place(named, priority, once) if named else None

    def _ref(self, effect: Call | CallTool, tool: ToolCode) -> str:
        """Return the name by which the definition has a tool."""
        if type(effect) is Call:
            return effect.ref
        pooled = _pooled(tool)
        if pooled is None or not pooled.pool:
            return ""
        named = (ref for ref in effect.agent.tools if self._code.has_tool(ref))
        return next((ref for ref in named if self._code.tool(ref) is tool), pooled.ref)

    async def known(self, live: Live, effect: Verify, record: Record) -> tuple[Json] | None:
        """Return the output of an effect in doubt that a worker of a pool has carried out, or does
        so still; None: no worker has it.

        Raises:
            Exception: what the worker says the call raised."""
        if self.pooling is None or not await self.pooling.has(effect):
            return None
        tool: ToolCode | None = None
        if effect.agent is not None:
            tool = await tool_called(self._toolbox, effect.agent, effect.ref)
        elif self._code.has_tool(effect.ref):
            tool = self._code.tool(effect.ref)
        record.tool = tool
        outcome = await self.pooling.await_known(live, effect, record)
        if outcome is None:
            return None
        (output,) = outcome
        if tool is not None:
            for part in reversed(self._around):
                output = await part.after(effect, tool, output, record.notes)
        else:
            for watching in reversed(self._on_function):
                output = await watching.given(_call_of(effect), output, record.notes)
        return (output,)

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
            value = await within(_VERIFY_MS_MAX, self.attempts.run(verify, run))
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


def _pooled(tool: ToolCode) -> PooledTool | None:
    """Return `tool` as one that may name a pool; None: it is of a kind that does not."""
    # Not by `isinstance`: to compare a tool with a protocol costs a quarter of a turn.
    if getattr(tool, "pool", None) is None:
        return None
    pooled: PooledTool = tool  # type: ignore[assignment]  # what has a pool has the rest
    return pooled


def _call_of(effect: Verify) -> Call:
    """Return the call of a function that is in doubt."""
    return Call(
        effect=effect.effect,
        promise=effect.promise,
        task=effect.task,
        node=effect.node,
        attempt=effect.attempt,
        kind="function",
        ref=effect.ref,
        inputs=effect.inputs,
        timeout_ms=0,
        once=True,
        guards=effect.guards,
        tenant=effect.tenant,
        user=effect.user,
    )
