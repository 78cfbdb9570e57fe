"""Plays a cassette: the workflow runs again, with recorded answers for models, tools or both."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

import msgspec

import tenuto
from tenuto.core.agent.guards import GuardContext, Verdict
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.agent.tool_names import is_of_a_source
from tenuto.core.errors import Fatal
from tenuto.core.session.decide import needs_person
from tenuto.core.vocabulary import TaskNo
from tenuto.core.workflow.model import Node, WorkflowDefinition
from tenuto.ports.model import Model
from tenuto.runtime.code import Code, CodeNotFound
from tenuto.sdk.sources import Tools, sources_from
from tenuto.testing.cassette import Act, Cassette, Take
from tenuto.testing.recorded_tools import (
    NotRecorded,
    RecordedSource,
    RecordedTool,
    Tape,
    called_sources,
    tape_of,
)
from tenuto.testing.recording import digest_of
from tenuto.testing.transcript import Transcript, transcript_of

Replay: TypeAlias = Literal["model", "tools", "both"]
"""What is taken from the cassette; the rest is asked for real."""

_PROVIDER = "recorded"
_OUTPUTS = "recorded_outputs"
_ENDED = ("completed", "failed", "cancelled")


class Means(TypedDict, total=False):
    """What is asked for real while a cassette is played."""

    models: Mapping[str, Model] | None
    tools: Mapping[str, Tools]


async def play(
    cassette: Cassette,
    workflow: tenuto.Workflow | WorkflowDefinition | None = None,
    *,
    replay: Replay = "both",
    timeout: float = 60.0,
    **means: Unpack[Means],
) -> Transcript:
    """Return what the workflow does with the recorded inputs, answers and decisions of people.

    Functions always run for real. A session that waits longer than the recorded people helped it
    is returned as it is then, waiting.

    Args:
        cassette: from `record`, `load_cassette` or `tenuto export-test`.
        workflow: as it is now; None: as it was recorded.
        replay: `"model"`, `"tools"` or `"both"`.
        timeout: seconds to wait for each step that somebody outside has to make.
        means: what is asked for real: `models`, providers for `replay="tools"`, beside `offline`;
            `tools`, sources of tools as for `tenuto.open`. Without them, tools that were found at
            run time are those that were called when the session was recorded.

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
    providers = dict(means.get("models") or {})
    tools: Mapping[str, Tools] = means.get("tools", {})
    if replay in ("model", "both"):
        definition = _with_model(definition)
        providers[_PROVIDER] = _RecordedModel(cassette.models)
    if replay == "both":
        # What is on the cassette has passed its guards.
        guards: tuple[tenuto.Guard, ...] = ()
        if cassette.outputs:
            guards = (tenuto.Guard.function(_OUTPUTS, name="recorded", at=["output"]),)
            code[_OUTPUTS] = _RecordedOutputs(cassette.outputs)
        definition = _with_guards(definition, guards)
    if replay in ("tools", "both"):
        tape = tape_of(cassette.tools)
        code.update(_recorded_tools(definition, code, tape))
        sources = sources_from(tools)
        if not tools:
            refs = [ref for ref in sorted(_tool_refs(definition)) if is_of_a_source(ref)]
            names = [found.spec.name for found in code.values() if isinstance(found, RecordedTool)]
            sources = called_sources(refs, cassette.tools, but=names)
        tools = {name: RecordedSource(name, source, tape) for name, source in sources.items()}
    async with tenuto.open("memory://", models=providers, code=code, tools=tools) as runtime:
        session = await runtime.start(definition, dict(cassette.inputs), user=cassette.user)
        people = list(cassette.people)
        while (await session.wait_until_idle(timeout)).status not in _ENDED and people:
            await _act(session, people.pop(0))
        return await transcript_of(runtime, session)


async def _act(session: tenuto.Session, act: Act) -> None:
    if act.verb != "signal" and not await _is_asked(session, act):
        # Whom the guards and rules of then had asked, those of now do not ask.
        return
    match act.verb:
        case "signal":
            await session.signal(act.name, act.data, by=act.by)
        case "approve":
            await session.approve(act.task, by=act.by, note=act.note, data=act.data)
        case "deny":
            await session.deny(act.task, by=act.by, note=act.note)


async def _is_asked(session: tenuto.Session, act: Act) -> bool:
    task = (await session.state()).tasks.get(TaskNo(act.task))
    if task is None or not needs_person(task):
        return False
    return not act.about or (task.ask is not None and task.ask.kind == act.about)


class _RecordedModel:
    """A `Model` that gives the recorded answer of the same agent, turn and inputs."""

    def __init__(self, takes: Sequence[Take]) -> None:
        self._tape = Tape()
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


class _RecordedOutputs:
    """A guard that makes of an output of a session what its guards made of it then."""

    def __init__(self, takes: Sequence[Take]) -> None:
        self._takes = {take.arguments["sha256"]: take for take in takes}

    def __call__(self, value: Any, ctx: GuardContext) -> Verdict:
        take = None if ctx.agent else self._takes.get(digest_of(value))
        if take is None:
            return Verdict.passes()
        return Verdict.block(take.error) if take.error else Verdict.rewrite(take.value, "recorded")


def _recorded_tools(
    definition: WorkflowDefinition, code: Mapping[str, Any], tape: Tape
) -> dict[str, RecordedTool]:
    known = Code()
    known.register(code)
    found: dict[str, RecordedTool] = {}
    for ref in sorted(_tool_refs(definition)):
        if is_of_a_source(ref) and not known.has_tool(ref):
            continue
        try:
            tool = known.tool(ref)
            found[ref] = RecordedTool(tool, (tool.spec.name, ref), tape)
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


def _with_guards(
    definition: WorkflowDefinition, guards: tuple[tenuto.Guard, ...]
) -> WorkflowDefinition:
    """Return the definition with these guards in place of its own."""
    return msgspec.structs.replace(
        definition,
        guards=guards,
        agents=tuple(msgspec.structs.replace(a, guards=()) for a in definition.agents),
        children=tuple(_with_guards(child, guards) for child in definition.children),
    )
