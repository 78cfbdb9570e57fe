"""Guards at the borders of an agent's work and of calls of tools. Those of sessions: `borders`.

The guards of the process are asked first, then those of the workflow, then those of the agent. What
a guard says is put on record together with the outcome of the turn or call.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core.agent.compacting import COMPACT, SUM_UP
from tenuto.core.agent.guards import GUARD_BLOCKED, Border, Guard, guards_at
from tenuto.core.agent.messages import Message, ModelAnswer, ModelRequest, ToolCall, ToolResult
from tenuto.core.agent.policy import fits
from tenuto.core.agent.remembering import first_text
from tenuto.core.errors import (
    Escalatable,
    Fatal,
    NeedsApproval,
    Recoverable,
    Transient,
    WorkFailed,
)
from tenuto.core.guarding.checks import unsealed
from tenuto.core.session.effects import AskModel, Call, CallTool, Verify
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.schemas import Schemas
from tenuto.ports.tool import ToolCode
from tenuto.runtime.around import ToolUse
from tenuto.runtime.failures import failure_from, retry_after_ms
from tenuto.runtime.judging import Blocked, Hearing, Judges, Place

_NO_OUTPUT: Final = frozenset({"plan", "critique", "propose", "score", COMPACT, SUM_UP})
"""Purposes of turns whose answer never becomes the output."""

_FAILURES: Final[dict[str, type[WorkFailed]]] = {
    kind.kind: kind for kind in (Transient, Recoverable, Escalatable, Fatal)
}

_WHOLE: Final = frozenset({"length", "schema"})
"""Kinds that judge a conversation as a whole, each time it is shown."""


class GuardedTurns:
    """Guards around the turns of models; see `AroundTurn`."""

    def __init__(self, judges: Judges, schemas: Schemas, guards: Sequence[Guard] = ()) -> None:
        self._judges, self._schemas, self._guards = judges, schemas, tuple(guards)

    def looks_at(self, turn: AskModel) -> bool:
        """Return whether there are guards, or may be of callers. See `AroundTurn.looks_at`."""
        return bool(self._guards or turn.guards or turn.agent.guards or turn.callers)

    async def before(
        self, turn: AskModel, request: ModelRequest, notes: list[Note]
    ) -> ModelRequest:
        """Return the request as the model may see it. See `AroundTurn.before`."""
        for border in ("after_model", "output"):
            self._judges.ready(self._at(border, turn), request.tenant)
        if turn.callers:
            giver = turn.callers[0].guards
            guards = guards_at("handoff", self._guards, turn.guards, giver)
            request = await self._inputs(turn, request, notes, guards, "handoff")
        request = await self._inputs(turn, request, notes, self._at("input", turn), "input")
        guards = self._at("before_model", turn)
        return await self._shown(turn, request, notes, guards) if guards else request

    def holds_back(self, turn: AskModel) -> bool:
        """Return whether nothing may be shown of an answer before all of it was looked at."""
        return bool(self._at("after_model", turn) or self._output_guards(turn))

    async def after(
        self, turn: AskModel, request: ModelRequest, answer: ModelAnswer, notes: list[Note]
    ) -> ModelAnswer:
        """Return the answer as it may be recorded. See `AroundTurn.after`."""
        before = answer.data
        guards = self._at("after_model", turn)
        if guards:
            hearing = self._hearing("after_model", turn, request, notes)
            said = await hearing.hear(guards, _said(answer))
            hearing.close()
            answer = _as_said(answer, said)
        if _may_be_output(answer):
            guards = self._output_guards(turn)
            if guards:
                hearing = self._hearing("output", turn, request, notes)
                answer = await _output(hearing, guards, answer)
                hearing.close()
        if answer.data is not before and request.output_schema is not None and not answer.fault:
            fault = self._schemas.fault(request.output_schema, answer.data)
            if fault is not None:
                what = f"what the model of agent {turn.agent.name!r} answered"
                raise Blocked("schema", what, "rewritten by guards it does not fit its schema")
        return answer

    async def _inputs(
        self,
        turn: AskModel,
        request: ModelRequest,
        notes: list[Note],
        guards: tuple[Guard, ...],
        border: Border,
    ) -> ModelRequest:
        """Guard the inputs: in the first turn for good, in later ones as it was decided then."""
        if not guards:
            return request
        hearing = self._hearing(border, turn, request, notes)
        values: list[Json] = [request.inputs]
        if request.turn:
            for guard in guards:
                values = await hearing.repeat(guard, values)
        else:
            values = await hearing.hear(guards, values)
            hearing.close()
        (inputs,) = values
        if inputs is request.inputs:
            return request
        if not isinstance(inputs, dict):
            raise Blocked(
                border, "the inputs of an agent", "what a guard made of them is no object"
            )
        return _with_inputs(request, inputs)

    async def _shown(
        self, turn: AskModel, request: ModelRequest, notes: list[Note], guards: tuple[Guard, ...]
    ) -> ModelRequest:
        """Guard the conversation: what is new in it for good, the rest as it was decided then."""
        messages = request.messages
        last = max((n for n, one in enumerate(messages) if one.role == "assistant"), default=-1)
        known = len(_texts_of(messages[: last + 1]))
        values = _texts_of(messages)
        hearing = self._hearing("before_model", turn, request, notes)
        for guard in guards:
            if guard.kind in _WHOLE:
                values = await hearing.hear((guard,), values)
            else:
                old = await hearing.repeat(guard, values[:known])
                values = [*old, *await hearing.hear((guard,), values[known:])]
        hearing.close()
        return msgspec.structs.replace(request, messages=_as_told(messages, values))

    def _at(self, border: Border, turn: AskModel) -> tuple[Guard, ...]:
        return guards_at(border, self._guards, turn.guards, turn.agent.guards)

    def _output_guards(self, turn: AskModel) -> tuple[Guard, ...]:
        """Who leaves its task to another has that one's answer for its own."""
        parts = [turn.agent.guards]
        name = turn.agent.name
        for caller in turn.callers:
            if name not in caller.handoffs:
                break
            parts.append(caller.guards)
            name = caller.name
        return guards_at("output", self._guards, turn.guards, *parts)

    def _hearing(
        self, border: Border, turn: AskModel, request: ModelRequest, notes: list[Note]
    ) -> Hearing:
        place = Place(
            border=border,
            tenant=request.tenant,
            user=request.user,
            session=request.session,
            agent=turn.agent.name,
        )
        return Hearing(self._judges, place, notes, turn.approved)


class GuardedCalls:
    """Guards around the calls of tools; see `AroundCall`, `AroundFailure`, and
    `AroundFunction`."""

    def __init__(self, judges: Judges, guards: Sequence[Guard] = ()) -> None:
        self._judges, self._guards = judges, tuple(guards)

    def looks_at(self, call: ToolUse) -> bool:
        """Return whether there are guards. See `AroundCall.looks_at`."""
        agent = _agent_of(call)
        return bool(self._guards or call.guards or (agent is not None and agent.guards))

    async def before(
        self, call: ToolUse, tool: ToolCode, arguments: JsonObject, notes: list[Note]
    ) -> JsonObject:
        """Return the arguments as the function gets them. See `AroundCall.before`."""
        parts = self._parts(call)
        means = self._judges.means(call.tenant)
        self._judges.ready(guards_at("after_tool", *parts), call.tenant)
        every = [guard for part in parts for guard in part]
        trusting = [guard for guard in every if _restores(guard, tool)]
        known: Json = unsealed(arguments, means) if trusting else arguments
        guards = guards_at("before_tool", *parts)
        hearing = self._hearing("before_tool", call, tool, notes)
        (known,) = await hearing.hear([g for g in guards if g not in trusting], [known])
        if not isinstance(known, dict):
            what = f"the arguments for tool {tool.spec.name!r}"
            raise Blocked("before_tool", what, "what a guard made of them is no object")
        hearing.close({"tool": tool.spec.name, "arguments": _recorded(call)})
        return known

    async def after(self, call: ToolUse, tool: ToolCode, output: Json, notes: list[Note]) -> Json:
        """Return the result as it may be recorded; of a call by a model a notice in its place,
        where it is blocked. See `AroundCall.after`."""
        guards = guards_at("after_tool", *self._parts(call))
        if not guards:
            return output
        try:
            return await self._passed(call, tool, guards, output, notes)
        except Blocked as blocked:
            if _agent_of(call) is None:
                raise
            return str(blocked)
        except Escalatable as error:
            if not _is_once(call, tool):
                raise
            # It has happened and must not happen again, so it cannot be asked for once more.
            return f"The result is withheld: {error}"

    async def failed(
        self, call: ToolUse, tool: ToolCode, error: Exception, notes: list[Note]
    ) -> Exception:
        """Return the failure as it may be recorded. See `AroundFailure.failed`."""
        guards = guards_at("after_tool", *self._parts(call))
        if not guards or isinstance(error, NeedsApproval):
            return error
        failure = failure_from(error, what=f"Tool {tool.spec.name!r}")
        try:
            said = await self._passed(call, tool, guards, failure.message, notes)
        except (Blocked, Escalatable) as blocked:
            said = f"Tool {tool.spec.name!r} failed, and its message is withheld: {blocked}"
        if said == failure.message:
            return error
        return _same_failure(error, failure.kind, str(said), failure.code)

    def ready(self, call: Call) -> None:
        """Check that the guards of a function can speak. See `AroundFunction.ready`."""
        guards = self._of_function(call)
        if guards:
            self._judges.ready(guards, call.tenant)

    async def given(self, call: Call, output: Json, notes: list[Note]) -> Json:
        """Return what a function gave, as it may be recorded. See `AroundFunction.given`."""
        guards = self._of_function(call)
        if not guards:
            return output
        place = Place(
            border="after_function",
            tenant=call.tenant,
            user=call.user,
            session=call.effect.rpartition(":")[0],
            tool=call.ref,
        )
        hearing = Hearing(self._judges, place, notes, call.approved)
        (passed,) = await hearing.hear(guards, [output])
        try:
            hearing.close({"function": call.ref})
        except NeedsApproval as error:
            if not call.once:
                raise
            message = f"{error} It runs once, so it cannot be asked for the same again."
            raise Fatal(message, code=GUARD_BLOCKED) from None
        return passed

    def _of_function(self, call: Call) -> tuple[Guard, ...]:
        """What a function gives to mend or undo something is no output of its node."""
        if call.kind != "function" or not (self._guards or call.guards):
            return ()
        return guards_at("after_function", self._guards, call.guards)

    async def _passed(
        self,
        call: ToolUse,
        tool: ToolCode,
        guards: tuple[Guard, ...],
        output: Json,
        notes: list[Note],
    ) -> Json:
        hearing = self._hearing("after_tool", call, tool, notes)
        (passed,) = await hearing.hear(guards, [output])
        hearing.close({"tool": tool.spec.name})
        return passed

    def _parts(self, call: ToolUse) -> tuple[tuple[Guard, ...], ...]:
        agent = _agent_of(call)
        return self._guards, call.guards, agent.guards if agent is not None else ()

    def _hearing(self, border: Border, call: ToolUse, tool: ToolCode, notes: list[Note]) -> Hearing:
        agent = _agent_of(call)
        place = Place(
            border=border,
            tenant=call.tenant,
            user=call.user,
            session=call.effect.rpartition(":")[0],
            agent=agent.name if agent is not None else "",
            tool=tool.spec.name,
        )
        approved = () if isinstance(call, Verify) else call.approved
        return Hearing(self._judges, place, notes, approved)


# What passes, as values and back


def _with_inputs(request: ModelRequest, inputs: JsonObject) -> ModelRequest:
    """Put other inputs into a request: as data, and where the first message begins with them."""
    first, *others = request.messages
    old = first_text(request.inputs)
    if not first.text.startswith(old):
        raise Blocked("input", "the inputs of an agent", "its conversation begins otherwise")
    text = first_text(inputs) + first.text[len(old) :]
    first = msgspec.structs.replace(first, text=text)
    return msgspec.structs.replace(request, inputs=inputs, messages=(first, *others))


def _texts_of(messages: Sequence[Message]) -> list[Json]:
    values: list[Json] = []
    for message in messages:
        values.append(message.text)
        values += [call.arguments for call in message.calls]
        values += [r.value if r.error is None else r.error for r in message.results]
    return values


def _as_told(messages: Sequence[Message], values: list[Json]) -> tuple[Message, ...]:
    rest = iter(values)
    told: list[Message] = []
    for message in messages:
        text = next(rest)
        calls = tuple(_with_arguments(call, next(rest)) for call in message.calls)
        results = tuple(_with_result(result, next(rest)) for result in message.results)
        told.append(Message(role=message.role, text=str(text), calls=calls, results=results))
    return tuple(told)


def _with_arguments(call: ToolCall, arguments: Json) -> ToolCall:
    if arguments is call.arguments:
        return call
    if not isinstance(arguments, dict):
        what = f"the arguments for tool {call.tool!r}"
        raise Blocked("call", what, "what a guard made of them is no object")
    return msgspec.structs.replace(call, arguments=arguments)


def _with_result(result: ToolResult, value: Json) -> ToolResult:
    if result.error is not None:
        return msgspec.structs.replace(result, error=str(value))
    return msgspec.structs.replace(result, value=value)


def _said(answer: ModelAnswer) -> list[Json]:
    return [answer.text, answer.data, answer.fault, *(call.arguments for call in answer.calls)]


def _as_said(answer: ModelAnswer, said: list[Json]) -> ModelAnswer:
    text, data, fault, *arguments = said
    return msgspec.structs.replace(
        answer,
        text=str(text),
        data=data,
        fault=str(fault),
        calls=tuple(map(_with_arguments, answer.calls, arguments)),
    )


def _may_be_output(answer: ModelAnswer) -> bool:
    is_answer = not answer.calls and not answer.fault and answer.finish != "refusal"
    return is_answer and answer.purpose not in _NO_OUTPUT


async def _output(hearing: Hearing, guards: tuple[Guard, ...], answer: ModelAnswer) -> ModelAnswer:
    if answer.data is None:
        (text,) = await hearing.hear(guards, [answer.text])
        return msgspec.structs.replace(answer, text=str(text))
    (data,) = await hearing.hear(guards, [answer.data])
    # The text beside data is no output, and would tell what was taken out of them.
    text = answer.text if data is answer.data else ""
    return msgspec.structs.replace(answer, data=data, text=text)


def _restores(guard: Guard, tool: ToolCode) -> bool:
    names = [name for name in (tool.permission, tool.spec.name) if name]
    return any(fits(glob, name) for glob in guard.restore for name in names)


def _recorded(call: ToolUse) -> JsonObject:
    """Return the arguments as the log has them."""
    return call.arguments if isinstance(call, CallTool) else call.inputs


def _agent_of(call: ToolUse) -> AgentDefinition | None:
    return None if type(call) is Call else call.agent


def _is_once(call: ToolUse, tool: ToolCode) -> bool:
    return tool.once or isinstance(call, Verify) or (isinstance(call, Call) and call.once)


def _same_failure(error: Exception, kind: str, message: str, code: str) -> Exception:
    """Return a failure that calls for the same, with another message."""
    if isinstance(error, WorkFailed) or kind != "transient":
        made = _FAILURES.get(kind, WorkFailed)
        return made(message, code=code, retry_after_ms=retry_after_ms(error))
    # One that says nothing of a `once` effect stays one that says nothing.
    return ConnectionError(message)
