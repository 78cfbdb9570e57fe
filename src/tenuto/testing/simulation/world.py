"""The outside world: where functions, tools and models have their effects.

It knows what really happened, which no process does. Every piece of code of a workflow is wrapped,
so that it fails, hangs and repeats itself as the weather wants, and so that each execution is held
against the log: was it promised before (P1), does it happen once (P3)?
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.agent.policy import Wish
from tenuto.core.errors import Escalatable, Fatal, Recoverable, Transient
from tenuto.core.vocabulary import EffectId, Json, JsonObject, SessionId, TaskNo
from tenuto.ports.tool import Function, ToolCode, ToolSource
from tenuto.runtime.context import Context
from tenuto.testing.simulation.border import faults_of_call
from tenuto.testing.simulation.faults import Weather
from tenuto.testing.simulation.marks import labels_in
from tenuto.testing.simulation.witness import Witness

_PAUSE_S: Final = 5.0
_HANG_S: Final = 30.0
_REPEAT_S: Final = 120.0
_GIVEN: Final = "tenuto_given"
"""Name under which a tool gets its arguments as they stand in the log."""


class Execution(msgspec.Struct, kw_only=True, eq=False):
    """One run of a piece of code. `happened`: its effect has taken place."""

    session: SessionId
    task: TaskNo
    node: str
    attempt: int
    happened: bool = False
    output: Json = None


class Messenger(Protocol):
    """The process that runs an execution, as far as the world needs it."""

    in_flight: dict[Execution, None]

    def deliver(self, session: SessionId, task: TaskNo, output: Json) -> Coroutine[Any, Any, None]:
        """Report an outcome once more."""
        ...

    def spawn(self, chore: Coroutine[Any, Any, None]) -> None:
        """Run `chore` for as long as the process lives."""
        ...


class World:
    """All executions of a simulation, whichever process made them."""

    def __init__(self, weather: Weather, witness: Witness) -> None:
        self.weather, self.witness = weather, witness
        self.once: dict[EffectId, list[Execution]] = {}
        """Executions of effects that must not be repeated."""
        self.executions = 0

    def wrapped(self, code: Mapping[str, Any], process: Messenger) -> dict[str, Any]:
        """Return `code` as `process` is to run it."""
        found: dict[str, Any] = {}
        for ref, part in code.items():
            if isinstance(part, ToolCode):
                found[ref] = WeatheredTool(part, self, process)
            else:
                found[ref] = _weathered(part, self, process)
        return found

    def check_call(self, context: Context, tool: ToolCode, arguments: JsonObject) -> None:
        """Hold a call that is about to run against the rules (A1, A2)."""
        seen = self.witness.sessions.get(context.session_id)
        if seen is None or context.task not in seen.state.tasks:
            return
        wish = Wish(
            tool=tool.spec.name,
            permission=tool.permission,
            arguments=arguments,
            agent=seen.cast.caller_of(context.task),
            tenant=seen.state.tenant,
            user=seen.state.user,
            labels=labels_in(arguments),
            safe=tool.safe,
        )
        faults = faults_of_call(
            context.task,
            wish,
            cast=seen.cast,
            consents=seen.consents,
            program=self.witness.program(seen),
        )
        for promise, fault in faults:
            self.witness.object_to(promise, f"In session {context.session_id!r} {fault}.")

    def happened(self, effect: EffectId) -> Execution | None:
        """Return the execution in which `effect` took place, or None if it did not."""
        for execution in self.once.get(effect, ()):
            if execution.happened:
                return execution
        return None

    async def carry_out(
        self, process: Messenger, context: Context, work: Callable[[], Any], *, once: bool
    ) -> Any:
        """Return what `work` returns, in the weather of the moment. `once`: the code says so."""
        once = self._is_once(context, declared=once)
        execution = self._begin(context, once=once)
        process.in_flight[execution] = None
        weather, faults = self.weather, self.weather.faults
        try:
            if weather.strikes(faults.work_slow):
                await asyncio.sleep(weather.pause_s(_PAUSE_S))
            self._trouble()
            before = weather.dice.random() < 0.5
            hangs = weather.strikes(faults.work_hangs)
            if hangs and before:
                await asyncio.sleep(weather.dice.random() * _HANG_S)
            output = work()
            if inspect.isawaitable(output):
                output = await output
            self._take_place(execution, context, once=once, output=output)
            if hangs and not before:
                await asyncio.sleep(weather.dice.random() * _HANG_S)
            if weather.strikes(faults.work_slow):
                await asyncio.sleep(weather.pause_s(_PAUSE_S))
            if weather.strikes(faults.duplicate):
                process.spawn(self._repeat(process, execution))
            if weather.strikes(faults.work_unusable):
                return b"no JSON"
            return output
        finally:
            del process.in_flight[execution]

    def _is_once(self, context: Context, *, declared: bool) -> bool:
        """What recovers and compensates belongs to the same node, and runs as often as it must."""
        seen = self.witness.sessions.get(context.session_id)
        if seen is None or seen.kinds.get(context.task) not in ("function", "tool"):
            return False
        return declared or self.witness.program(seen).nodes[context.node].node.once

    def _begin(self, context: Context, *, once: bool) -> Execution:
        self.executions += 1
        witness = self.witness
        seen = witness.sessions.get(context.session_id)
        attempt = (TaskNo(context.task), context.attempt)
        promised = seen.promised.get(attempt) if seen is not None else None
        what = f"Effect {context.effect_id!r} of node {context.node!r}"
        if seen is None or promised is None or promised > seen.acknowledged:
            witness.object_to(
                "P1",
                f"{what} runs in attempt {context.attempt} before the log promises it: promised "
                f"at version {promised}, acknowledged up to {seen and seen.acknowledged}.",
            )
        execution = Execution(
            session=context.session_id,
            task=context.task,
            node=context.node,
            attempt=context.attempt,
        )
        if once and seen is not None:
            begun = seen.begun.get(attempt)
            if begun is None or begun > seen.acknowledged:
                witness.object_to("P3", f"{what} runs before its intent is in the log.")
            self.once.setdefault(context.effect_id, []).append(execution)
        return execution

    def _take_place(
        self, execution: Execution, context: Context, *, once: bool, output: Any
    ) -> None:
        if once and self.happened(context.effect_id) is not None:
            self.witness.object_to(
                "P3",
                f"Effect {context.effect_id!r} of node {context.node!r} took place again, in "
                f"attempt {context.attempt}; it was to happen once.",
            )
        execution.happened, execution.output = True, output

    def _trouble(self) -> None:
        weather, faults = self.weather, self.weather.faults
        if weather.strikes(faults.work_transient):
            if weather.dice.random() < 0.5:
                raise ConnectionError("the simulated service hung up")
            raise Transient("the simulated service is busy", retry_after_ms=2_000)
        if weather.strikes(faults.work_recoverable):
            raise Recoverable("the simulated data is wrong")
        if weather.strikes(faults.work_escalates):
            raise Escalatable("the simulated permission is missing")
        if weather.strikes(faults.work_fatal):
            raise Fatal("the simulated input makes no sense")

    async def _repeat(self, process: Messenger, execution: Execution) -> None:
        """Deliver the outcome again: to a task that may be settled, retried, or long gone."""
        for _ in range(1 + int(self.weather.dice.random() * 2)):
            await asyncio.sleep(self.weather.pause_s(_REPEAT_S))
            await process.deliver(execution.session, execution.task, {"again": execution.attempt})


def _weathered(part: Function, world: World, process: Messenger) -> Function:
    async def run(ctx: Context, **inputs: Any) -> Any:
        return await world.carry_out(process, ctx, lambda: part(ctx, **inputs), once=False)

    return run


class WeatheredTool:
    """A tool as a simulated process runs it."""

    def __init__(
        self, tool: ToolCode, world: World, process: Messenger, *, is_of_a_source: bool = False
    ) -> None:
        self._is_of_a_source = is_of_a_source
        """Rules know it by another name."""
        self.spec: ToolSpec = tool.spec
        self.once, self.timeout_ms = tool.once, tool.timeout_ms
        self.takes_context = True
        self.verify, self.permission = tool.verify, tool.permission
        self.safe, self.labels, self.attempts_max = tool.safe, tool.labels, tool.attempts_max
        self._tool, self._world, self._process = tool, world, process
        self.function: Function = self._run

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """See `ToolCode.bind`."""
        return {**self._tool.bind(arguments), _GIVEN: arguments}

    async def _run(self, ctx: Context, **arguments: Any) -> Any:
        tool, given = self._tool, arguments.pop(_GIVEN)
        if not self._is_of_a_source:
            self._world.check_call(ctx, tool, given)
        if tool.takes_context:
            arguments["ctx"] = ctx
        return await self._world.carry_out(
            self._process, ctx, lambda: tool.function(**arguments), once=tool.once
        )


class WeatheredSource:
    """A source of tools as a simulated process sees it."""

    def __init__(self, source: ToolSource, world: World, process: Messenger) -> None:
        self._source, self._world, self._process = source, world, process
        self._listed: list[ToolCode] = []
        self._wrapped: list[ToolCode] = []

    async def tools(self) -> Sequence[ToolCode]:
        """See `ToolSource.tools`."""
        weather = self._world.weather
        if weather.strikes(weather.faults.work_transient):
            raise Transient("the simulated source of tools is away")
        listed = list(await self._source.tools())
        if listed != self._listed:
            self._listed = listed
            self._wrapped = [
                WeatheredTool(tool, self._world, self._process, is_of_a_source=True)
                for tool in listed
            ]
        return self._wrapped

    async def close(self) -> None:
        """See `ToolSource.close`. The source outlives the process."""
