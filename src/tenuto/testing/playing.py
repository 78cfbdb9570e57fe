"""Plays a cassette: the workflow runs again, with recorded answers for models, tools or both."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

import tenuto
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import Node, WorkflowDefinition
from tenuto.ports.model import Model
from tenuto.ports.tool import ToolCode
from tenuto.runtime.code import Code, CodeNotFound
from tenuto.testing.cassette import Act, Cassette, Take
from tenuto.testing.transcript import Transcript, transcript_of

Replay: TypeAlias = Literal["model", "tools", "both"]
"""What is taken from the cassette; the rest is asked for real."""

_PROVIDER = "recorded"
_ENDED = ("completed", "failed", "cancelled")


class NotRecorded(Fatal):
    """The cassette has no answer to what was asked: the workflow asks something else now."""


async def play(
    cassette: Cassette,
    workflow: tenuto.Workflow | WorkflowDefinition | None = None,
    *,
    replay: Replay = "both",
    models: Mapping[str, Model] | None = None,
    timeout: float = 60.0,
) -> Transcript:
    """Return what the workflow does with the recorded inputs, answers and decisions of people.

    Functions always run for real. A session that waits longer than the recorded people helped it
    is returned as it is then, waiting.

    Args:
        cassette: from `record`, `load_cassette` or `tenuto export-test`.
        workflow: as it is now; None: as it was recorded.
        replay: `"model"`, `"tools"` or `"both"`.
        models: providers for `replay="tools"`, beside `offline`.
        timeout: seconds to wait for each step that somebody outside has to make.

    Raises:
        DefinitionError, Rejected: the workflow is wrong, or does not take the recorded inputs.
        TimeoutError: it was at work for longer than `timeout` seconds.

    Example:
        transcript = await play(load_cassette("order.json"), flow)
        transcript.assert_called("refund", order_id="17")
    """
    code: dict[str, Any] = {}
    if isinstance(workflow, tenuto.Workflow):
        code.update(workflow.code)
        workflow = workflow.definition()
    definition = workflow or cassette.definition
    providers = dict(models or {})
    if replay in ("model", "both"):
        definition = _with_model(definition)
        providers[_PROVIDER] = _RecordedModel(cassette.models)
    if replay == "both":
        # What is on the cassette has passed its guards.
        definition = _without_guards(definition)
    if replay in ("tools", "both"):
        code.update(_recorded_tools(definition, code, cassette.tools))
    async with tenuto.open("memory://", models=providers, code=code) as runtime:
        session = await runtime.start(definition, dict(cassette.inputs), user=cassette.user)
        people = list(cassette.people)
        while (await session.wait_until_idle(timeout)).status not in _ENDED and people:
            await _act(session, people.pop(0))
        return await transcript_of(runtime, session)


async def _act(session: tenuto.Session, act: Act) -> None:
    match act.verb:
        case "signal":
            await session.signal(act.name, act.data, by=act.by)
        case "approve":
            await session.approve(act.task, by=act.by, note=act.note, data=act.data)
        case "deny":
            await session.deny(act.task, by=act.by, note=act.note)


class _Tape:
    """Takes by what was asked, handed out in order; the last one of a kind as often as asked."""

    def __init__(self) -> None:
        self._takes: dict[bytes, list[Take]] = {}

    def add(self, key: Json, take: Take) -> None:
        self._takes.setdefault(_encoded(key), []).append(take)

    def next(self, key: Json) -> Take | None:
        takes = self._takes.get(_encoded(key))
        if not takes:
            return None
        return takes.pop(0) if len(takes) > 1 else takes[0]


class _RecordedModel:
    """A `Model` that gives the recorded answer of the same agent, turn and inputs."""

    def __init__(self, takes: Sequence[Take]) -> None:
        self._tape = _Tape()
        self._known: dict[str, int] = {}
        for take in takes:
            self._tape.add([take.agent, take.turn, take.purpose, take.arguments], take)
            self._known[take.agent] = self._known.get(take.agent, 0) + 1

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`.

        Raises:
            NotRecorded: nobody asked this when the session was recorded.
        """
        take = self._tape.next([request.agent, request.turn, request.purpose, request.inputs])
        if take is None:
            count = self._known.get(request.agent, 0)
            raise NotRecorded(
                f"Agent {request.agent!r} asks for turn {request.turn + 1} of a task with inputs "
                f"{request.inputs!r:.300}, and the cassette has no answer to that (it has {count} "
                "answers to this agent). The workflow asks something else than when it was "
                "recorded: record it again, or play it with replay='tools'.",
                code="not_recorded",
            )
        if take.error:
            raise Fatal(take.error, code="recorded_error")
        return msgspec.convert(take.value, ModelAnswer)


class _RecordedTool:
    """A tool that gives recorded results: all else is as the real one has it."""

    takes_context = False
    once = False
    verify = None

    def __init__(self, tool: ToolCode, ref: str, tape: _Tape) -> None:
        self._tool, self._ref, self._tape = tool, ref, tape
        self.function = self._run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tool, name)

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """See `ToolCode.bind`; the arguments are held against the real schema, then kept whole."""
        self._tool.bind(arguments)
        return {"arguments": arguments}

    async def _run(self, arguments: JsonObject) -> Json:
        name = self._tool.spec.name
        take = self._tape.next([name, arguments]) or self._tape.next([self._ref, arguments])
        if take is None:
            raise NotRecorded(
                f"Tool {name!r} is called with {arguments!r:.300}, and the cassette has no result "
                "of that. Record the session again, or play it with replay='model'.",
                code="not_recorded",
            )
        if take.error:
            raise Fatal(take.error, code="recorded_error")
        return take.value


def _recorded_tools(
    definition: WorkflowDefinition, code: Mapping[str, Any], takes: Sequence[Take]
) -> dict[str, _RecordedTool]:
    tape = _Tape()
    for take in takes:
        tape.add([take.name, take.arguments], take)
    known = Code()
    known.register(code)
    found: dict[str, _RecordedTool] = {}
    for ref in sorted(_tool_refs(definition)):
        try:
            found[ref] = _RecordedTool(known.tool(ref), ref, tape)
        except CodeNotFound:
            # The code is not here; whoever calls it is told so by the runtime.
            continue
    return found


def _tool_refs(definition: WorkflowDefinition) -> set[str]:
    refs = {ref for agent in definition.agents for ref in agent.tools}
    nodes: list[Node] = list(definition.nodes)
    while nodes:
        node = nodes.pop()
        if node.kind == "tool":
            refs.add(node.ref)
        if node.body is not None:
            nodes.append(node.body)
    for child in definition.children:
        refs |= _tool_refs(child)
    return refs


def _with_model(definition: WorkflowDefinition) -> WorkflowDefinition:
    return msgspec.structs.replace(
        definition,
        agents=tuple(msgspec.structs.replace(a, model=_PROVIDER) for a in definition.agents),
        children=tuple(_with_model(child) for child in definition.children),
    )


def _without_guards(definition: WorkflowDefinition) -> WorkflowDefinition:
    return msgspec.structs.replace(
        definition,
        guards=(),
        agents=tuple(msgspec.structs.replace(a, guards=()) for a in definition.agents),
        children=tuple(_without_guards(child) for child in definition.children),
    )


def _encoded(key: Json) -> bytes:
    return msgspec.json.encode(key, order="sorted")
