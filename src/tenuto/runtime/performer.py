"""Carries effects out: functions, tools and models, at most so many at once.

An effect's outcome goes back to its session as an input. Whatever an effect raises is an outcome
too: this is the runtime's one place that catches everything.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ToolSpec
from tenuto.core.errors import Escalatable, Failure, Fatal, WorkFailed
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import AskModel, Call, CallTool, Effect, Refuse, Verify
from tenuto.core.session.failing import IN_DOUBT
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.clock import Clock, Ids
from tenuto.ports.model import Model
from tenuto.ports.schemas import Schemas
from tenuto.runtime.code import Code, Function, ToolCode
from tenuto.runtime.context import Context
from tenuto.runtime.failures import failure_from, retry_after_ms
from tenuto.runtime.json_values import checked_output, to_json
from tenuto.runtime.live import Live
from tenuto.runtime.turns import Turns

Attempt: TypeAlias = Call | AskModel | CallTool | Verify | Refuse
"""Effects that are carried out here, one task of the loop each."""

THREADS: Final = 16
"""Plain (not async) functions that run at once."""


class Performer:
    """Runs effects in this process."""

    def __init__(
        self,
        *,
        code: Code,
        models: Mapping[str, Model],
        schemas: Schemas,
        clock: Clock,
        ids: Ids,
        concurrency: int,
        threads: int = THREADS,
    ) -> None:
        self._code, self._models, self._schemas = code, models, schemas
        self._clock, self._ids = clock, ids
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(threads, "tenuto-call") if threads else None
        self._queue: deque[tuple[Live, Effect]] = deque()
        self._running = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._is_async: dict[Function, bool] = {}
        self.turns: Turns

    def dispatch(self, live: Live, effect: Attempt) -> None:
        """Start `effect`, now or when there is room. After `close` it stays a promise of the
        log."""
        if self._closed:
            return
        if self._running >= self._concurrency:
            self._queue.append((live, effect))
            return
        self._start(live, effect)

    def _start(self, live: Live, effect: Effect) -> None:
        assert isinstance(effect, Attempt)
        self._running += 1
        task = asyncio.get_running_loop().create_task(self._perform(live, effect))
        live.running[effect.task] = task

    def _finished(self, live: Live, no: TaskNo) -> None:
        self._running -= 1
        if live.running.get(no) is asyncio.current_task():
            del live.running[no]
        while self._queue and self._running < self._concurrency and not self._closed:
            next_live, effect = self._queue.popleft()
            assert isinstance(effect, Attempt)
            if effect.task in next_live.state.tasks:
                self._start(next_live, effect)
        if not self._running:
            self._empty.set()

    def abandon(self, live: Live) -> None:
        """Interrupt what runs for tasks of `live` that are not open any more."""
        for no, task in tuple(live.running.items()):
            if no not in live.state.tasks:
                task.cancel()

    def close(self) -> None:
        """Start nothing any more."""
        self._closed = True
        self._queue.clear()

    async def wait(self, timeout_ms: int) -> bool:
        """Return whether all that runs ended within `timeout_ms`."""
        if self._running:
            self._empty.clear()
            try:
                async with asyncio.timeout(timeout_ms / 1000):
                    await self._empty.wait()
            except TimeoutError:
                return False
        return True

    def release(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _perform(self, live: Live, effect: Attempt) -> None:
        cause: i.SessionInput | None = None
        notes: list[i.Note] = []
        try:
            match effect:
                case Call():
                    output = await self._call(live, effect, notes)
                case AskModel():
                    output = await self._ask_model(effect)
                case CallTool():
                    output = await self._call_tool(live, effect, notes)
                case Verify():
                    cause = await self._verify(live, effect)
                case Refuse():
                    cause = i.FailTask(
                        at_ms=self._clock.now_ms(), task=effect.task, failure=effect.failure
                    )
            if cause is None:
                cause = i.CompleteTask(
                    at_ms=self._clock.now_ms(),
                    task=effect.task,
                    output=output,
                    notes=tuple(notes),
                )
        except asyncio.CancelledError:
            # Either nobody wants the outcome any more, or the process ends and the log keeps the
            # promise.
            raise
        except Exception as error:
            cause = i.FailTask(
                at_ms=self._clock.now_ms(),
                task=effect.task,
                failure=self._failure(live, effect, error),
                retry_after_ms=retry_after_ms(error),
                jitter=self._ids.jitter(),
                notes=tuple(notes),
            )
        finally:
            self._finished(live, effect.task)
            if cause is not None:
                self.turns.put(live, cause)

    def _failure(self, live: Live, effect: Attempt, error: Exception) -> Failure:
        """A broken connection or a time-out says nothing about what became of a `once` effect."""
        failure = failure_from(error, what=_name(effect))
        task = live.state.tasks.get(effect.task)
        known = failure.kind != "transient" or isinstance(error, WorkFailed)
        if known or task is None or not task.begun:
            return failure
        return msgspec.structs.replace(failure, code=IN_DOUBT)

    async def _call(self, live: Live, effect: Call, notes: list[i.Note]) -> Json:
        if effect.kind == "tool":
            tool = self._code.tool(effect.ref)
            return await self._run_tool(live, effect, tool, effect.inputs, notes)
        function = self._code.function(effect.ref)
        context = self._context(live, effect, notes)
        if effect.once:
            await self._begin(live, effect.task)
        inputs = {name: own_copy(value) for name, value in effect.inputs.items()}
        run = partial(function, context, **inputs)
        value = await self._limited(function, run, effect.timeout_ms)
        return checked_output(value, what=f"Function {effect.ref!r}")

    async def _call_tool(self, live: Live, effect: CallTool, notes: list[i.Note]) -> Json:
        tool = self._agent_tool(effect.agent, effect.tool)
        return await self._run_tool(live, effect, tool, effect.arguments, notes)

    async def _run_tool(
        self,
        live: Live,
        effect: Call | CallTool,
        tool: ToolCode,
        arguments: JsonObject,
        notes: list[i.Note],
    ) -> Json:
        bound = tool.bind({name: own_copy(value) for name, value in arguments.items()})
        if tool.takes_context:
            bound["ctx"] = self._context(live, effect, notes)
        if tool.once or (isinstance(effect, Call) and effect.once):
            await self._begin(live, effect.task)
        run = partial(tool.function, **bound)
        timeout_ms = effect.timeout_ms or tool.timeout_ms
        value = await self._limited(tool.function, run, timeout_ms)
        return checked_output(value, what=f"Tool {tool.spec.name!r}")

    def _agent_tool(self, agent: AgentDefinition, name: str) -> ToolCode:
        tools = [self._code.tool(ref) for ref in agent.tools]
        for tool in tools:
            if tool.spec.name == name:
                return tool
        known = ", ".join(repr(tool.spec.name) for tool in tools) or "none"
        raise Fatal(f"There is no tool {name!r}; the tools are: {known}.", code="no_such_tool")

    async def _ask_model(self, effect: AskModel) -> Json:
        agent = effect.agent
        provider, _, name = agent.model.partition(":")
        model = self._models.get(provider)
        if model is None:
            known = ", ".join(sorted(self._models))
            raise Escalatable(
                f"Agent {agent.name!r} wants model {agent.model!r}, and there is no provider "
                f"{provider!r}; this process has: {known}.",
                code="no_such_model",
            )
        tools: tuple[ToolSpec, ...] = tuple(self._code.tool(ref).spec for ref in agent.tools)
        request = msgspec.structs.replace(effect.request, tools=tools)
        answering = model.answer(name or provider, request)
        if effect.timeout_ms:
            async with asyncio.timeout(effect.timeout_ms / 1000):
                answer = await answering
        else:
            answer = await answering
        return to_json(msgspec.to_builtins(self._checked(answer, agent)))

    def _checked(self, answer: ModelAnswer, agent: AgentDefinition) -> ModelAnswer:
        """Return `answer` with its structured output read and held against the agent's schema."""
        if agent.output_schema is None or answer.calls or answer.finish == "refusal":
            return answer
        data = answer.data
        if data is None:
            try:
                data = msgspec.json.decode(answer.text)
            except msgspec.DecodeError as error:
                return msgspec.structs.replace(answer, fault=f"it is no JSON: {error}.")
        fault = self._schemas.fault(agent.output_schema, data)
        return msgspec.structs.replace(answer, data=data, fault=fault or "")

    async def _verify(self, live: Live, effect: Verify) -> i.SettleDoubt:
        """Ask the tool whether it happened. No `verify`, or one that fails, means unknown (P3)."""
        happened: bool | None = None
        output: Json = None
        if effect.agent is not None:
            verify = self._agent_tool(effect.agent, effect.ref).verify
        else:
            try:
                verify = self._code.tool(effect.ref).verify
            except WorkFailed:
                verify = None
        if verify is not None:
            try:
                value = await self._limited(verify, partial(verify, effect.effect), 60_000)
                happened = value is not None
                output = checked_output(value, what=f"verify of {effect.ref!r}")
            except Exception:
                happened, output = None, None
        return i.SettleDoubt(
            at_ms=self._clock.now_ms(), task=effect.task, happened=happened, output=output
        )

    async def _begin(self, live: Live, task: TaskNo) -> None:
        """Return when the intent is in the log (P3)."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.turns.put(live, i.BeginTask(at_ms=self._clock.now_ms(), task=task), done)
        await done

    async def _limited(self, function: Function, run: Callable[[], Any], timeout_ms: int) -> Any:
        if not timeout_ms:
            return await self._run(function, run)
        async with asyncio.timeout(timeout_ms / 1000):
            return await self._run(function, run)

    async def _run(self, function: Function, run: Callable[[], Any]) -> Any:
        is_async = self._is_async.get(function)
        if is_async is None:
            target = getattr(function, "__call__", function)  # noqa: B004  # an object with an async call
            is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(target)
            self._is_async[function] = is_async
        if is_async:
            return await run()
        if self._pool is None:
            value = run()
        else:
            value = await asyncio.get_running_loop().run_in_executor(self._pool, run)
        return await value if inspect.isawaitable(value) else value

    def _context(self, live: Live, effect: Call | CallTool, notes: list[i.Note]) -> Context:
        context = Context(
            live.state.session,
            effect.effect,
            task=effect.task,
            node=effect.node,
            attempt=effect.attempt,
        )
        context.notes = notes
        return context


def own_copy(value: Json) -> Json:
    """Return `value` in containers of its own: user code may change what it gets."""
    if isinstance(value, list | dict):
        copied: Json = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
        return copied
    return value


def _name(effect: Attempt) -> str:
    match effect:
        case Call():
            return f"{effect.ref!r} of node {effect.node!r}"
        case AskModel():
            return f"Model {effect.agent.model!r} of agent {effect.agent.name!r}"
        case CallTool():
            return f"Tool {effect.tool!r}"
    return f"Node {effect.node!r}"
