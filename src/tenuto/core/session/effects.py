"""The work that the log promises and no event settles: derived from state, never fired on the side.

`pending(state, …)` after a restart gives exactly what was in flight or about to be. `after` is the
number of the last promise that the caller has dispatched, so that a running session asks only for
what is new.
"""

from typing import TypeAlias, final

import msgspec

from tenuto.core.agent.effects import Said, request_of
from tenuto.core.agent.guards import Guard
from tenuto.core.agent.lineage import Link
from tenuto.core.agent.messages import ModelRequest
from tenuto.core.agent.state import AgentState
from tenuto.core.agent.strategy import WITHOUT_TOOLS
from tenuto.core.agent.writing import message_tools
from tenuto.core.budget import NOTHING, UNBOUNDED, Budget, Spending
from tenuto.core.errors import ExpressionFailed, Failure
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.reducers import detached
from tenuto.core.session.scope import (
    Memo,
    agent_of,
    callers_of,
    failure_of,
    inputs_of,
    lineage_of,
    output_of,
    scope_of,
)
from tenuto.core.session.state import REVIEW, SessionState, Task
from tenuto.core.vocabulary import EffectId, Json, JsonObject, SessionId, TaskNo, effect_id
from tenuto.core.workflow.model import AgentDefinition
from tenuto.core.workflow.program import Program

_CALLS = frozenset({"function", "tool", "recover", "undo", "model", "workflow", REVIEW})
_OWED = frozenset({"", "verify"})


class Work(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One attempt at a task that the outside world has to make."""

    effect: EffectId
    promise: int
    task: TaskNo
    node: str
    attempt: int


@final
class Call(Work, frozen=True, kw_only=True, gc=False):
    """Run a function or tool. `role` says in which part: the node's own work, `recover` or
    `undo`."""

    kind: str
    ref: str
    inputs: JsonObject
    timeout_ms: int
    once: bool
    approved: tuple[str, ...] = ()
    """Kinds of question that people have answered with yes for this effect."""
    labels: tuple[str, ...] = ()
    """Of what the task has seen."""
    guards: tuple[Guard, ...] = ()
    """Of the workflow."""
    tenant: str = ""
    user: str = ""
    pool: str = ""
    priority: int = 0


@final
class AskModel(Work, frozen=True, kw_only=True, gc=False):
    """Ask the model of an agent for its next turn."""

    agent: AgentDefinition
    request: ModelRequest
    timeout_ms: int
    turns: AgentState
    """What the agent has done so far. Not to be changed."""
    agent_task: TaskNo = TaskNo(0)
    """The task that the turn is a part of."""
    labels: tuple[str, ...] = ()
    """Of what the task has seen."""
    approved: tuple[str, ...] = ()
    """Kinds of question that people have answered with yes for this turn."""
    guards: tuple[Guard, ...] = ()
    """Of the workflow."""
    callers: tuple[AgentDefinition, ...] = ()
    """Agents that have come to call this one, nearest first."""


@final
class CallTool(Work, frozen=True, kw_only=True, gc=False):
    """Run a tool that a model asked for."""

    agent: AgentDefinition
    tool: str
    arguments: JsonObject
    timeout_ms: int
    approved: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    """Of the workflow."""
    tenant: str = ""
    user: str = ""
    lineage: tuple[Link, ...] = ()
    """Rules of the agents above, which must allow it too."""


class StartChild(Work, frozen=True, kw_only=True, gc=False):
    """Start a session of `workflow` below this one, with the effect id as its key."""

    workflow: str
    inputs: JsonObject
    budget: Budget = UNBOUNDED
    """Its share of what this session may spend."""
    labels: tuple[str, ...] = ()
    """Of its inputs."""


class Verify(Work, frozen=True, kw_only=True, gc=False):
    """Find out whether a `once` effect in doubt happened. `agent`: whose model called the tool
    `ref`."""

    ref: str
    inputs: JsonObject
    agent: AgentDefinition | None
    guards: tuple[Guard, ...] = ()
    """Of the workflow."""
    tenant: str = ""
    user: str = ""


class Review(Work, frozen=True, kw_only=True, gc=False):
    """Have guards look at the output of the session before it ends."""

    session: SessionId
    output: Json
    approved: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    """Of the workflow."""
    tenant: str = ""
    user: str = ""


class Refuse(Work, frozen=True, kw_only=True, gc=False):
    """The work cannot even be described: settle the task with this failure."""

    failure: Failure


class CancelChild(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel the session that was started with this key, if there is one."""

    effect: EffectId
    promise: int


class ReportOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the parent session how this one ended: an output, or a failure."""

    parent: SessionId
    effect: EffectId
    promise: int
    output: Json
    failure: Failure | None
    spent: Spending = NOTHING
    labels: tuple[str, ...] = ()


Effect: TypeAlias = (
    Call | AskModel | CallTool | StartChild | Verify | Review | Refuse | CancelChild | ReportOutcome
)


def is_working(task: Task) -> bool:
    """Return whether the outside world owes an outcome of `task` right now."""
    return task.kind in _CALLS and task.waiting in _OWED


def is_at_work(task: Task) -> bool:
    """Return whether an outcome is owed that is not just another session's to bring."""
    return task.kind in _CALLS and task.child is None and task.waiting in _OWED


def pending(
    state: SessionState, program: Program, *, after: int = 0, memo: Memo | None = None
) -> tuple[Effect, ...]:
    """Return the effects promised after promise number `after` and not settled, in order of
    promise.

    A running session's caller passes the last promise it has dispatched; 0 gives all, as after a
    restart. Costs time in the number of effects returned, not of those open."""
    effects: list[Effect] = []
    memo = {} if memo is None else memo
    for task in reversed(state.tasks.values()):
        if task.promised <= after:
            break
        if is_at_work(task):
            effects.append(_effect(state, task, program, memo))
    effects.reverse()
    if state.orphans:
        for effect, promise in state.orphans.items():
            if promise > after:
                effects.append(CancelChild(effect=effect, promise=promise))
    if state.phase in TERMINAL and _owes_report(state) and state.promises > after:
        effects.append(_report(state))
    return tuple(effects)


def is_active(state: SessionState) -> bool:
    """Return whether `pending` would give anything: recovery must load such a session."""
    if state.orphans:
        return True
    # Backwards: what was promised last is most likely still to be done.
    for task in reversed(state.tasks.values()):
        if is_at_work(task):
            return True
    return _owes_report(state)


def _owes_report(state: SessionState) -> bool:
    return state.phase in TERMINAL and state.parent_effect is not None and not state.reported


def _report(state: SessionState) -> ReportOutcome:
    assert state.parent is not None and state.parent_effect is not None, "a child has a parent"
    failure = state.failure
    if state.phase == "cancelled":
        message = (
            f"Session {state.session!r} was cancelled: {state.pause_reason or 'no reason given'}."
        )
        failure = Failure(kind="fatal", code="child_cancelled", message=message)
    return ReportOutcome(
        parent=state.parent,
        effect=state.parent_effect,
        promise=state.promises,
        output=state.output,
        failure=failure,
        spent=state.spent,
        labels=state.labels_seen,
    )


def _effect(state: SessionState, task: Task, program: Program, memo: Memo) -> Effect:
    try:
        if task.kind == "model":
            return _ask_model(state, task, program, memo)
        if task.kind == "tool" and task.parent and state.tasks[task.parent].agent is not None:
            return _call_tool(state, task, program)
        if task.kind == REVIEW:
            return _review(state, task, program)
        return _call(state, task, program, memo)
    except ExpressionFailed as error:
        return Refuse(
            effect=effect_id(state.session, task.no),
            promise=task.promised,
            task=task.no,
            node=task.node,
            attempt=task.attempt,
            failure=failure_of(error),
        )


def _call(state: SessionState, task: Task, program: Program, memo: Memo) -> Effect:
    node = program.nodes[task.node].node
    effect, promise = effect_id(state.session, task.no), task.promised
    if task.kind == "recover":
        parent = state.tasks[task.parent]
        assert parent.failure is not None, "a recovery has a failure to look at"
        ref, inputs = node.recover, inputs_of(state, parent, program, memo)
        error: Json = msgspec.to_builtins(parent.failure)
        inputs = {"error": error, "inputs": inputs, "attempt": parent.attempt}
    elif task.kind == "undo":
        ref, inputs = node.compensate, _undo_inputs(state, task, program, memo)
    else:
        ref, inputs = node.ref, inputs_of(state, task, program, memo)
    if task.waiting == "verify":
        return Verify(
            effect=effect,
            promise=promise,
            task=task.no,
            node=task.node,
            attempt=task.attempt,
            ref=ref,
            inputs=inputs,
            agent=None,
            guards=program.definition.guards,
            tenant=state.tenant,
            user=state.user,
        )
    if task.kind == "workflow":
        return StartChild(
            effect=effect,
            promise=promise,
            task=task.no,
            node=task.node,
            attempt=task.attempt,
            workflow=ref,
            inputs=inputs,
            budget=task.share or UNBOUNDED,
            labels=task.labels,
        )
    is_own = task.kind in ("function", "tool")
    return Call(
        effect=effect,
        promise=promise,
        task=task.no,
        node=task.node,
        attempt=task.attempt,
        kind=task.kind,
        ref=ref,
        inputs=inputs,
        timeout_ms=node.timeout_ms,
        once=node.once and is_own,
        approved=task.granted,
        labels=task.labels,
        guards=program.definition.guards,
        tenant=state.tenant,
        user=state.user,
        pool=node.pool if is_own else "",
        priority=node.priority if is_own else 0,
    )


def _review(state: SessionState, task: Task, program: Program) -> Review:
    return Review(
        effect=effect_id(state.session, task.no),
        promise=task.promised,
        task=task.no,
        node=task.node,
        attempt=task.attempt,
        session=state.session,
        output=output_of(state, program),
        approved=task.granted,
        guards=program.definition.guards,
        tenant=state.tenant,
        user=state.user,
    )


def _undo_inputs(state: SessionState, task: Task, program: Program, memo: Memo) -> JsonObject:
    """What the completed task got and gave."""
    known = task.override
    assert known is not None, "a compensation knows what it undoes"
    inputs = known["inputs"]
    if inputs is None:
        node = program.nodes[task.node]
        scope = scope_of(state, task, program, memo)
        inputs = {name: detached(state, part.evaluate(scope)) for name, part in node.inputs}
    return {"output": known["output"], "inputs": inputs}


def _ask_model(state: SessionState, task: Task, program: Program, memo: Memo) -> AskModel:
    parent = state.tasks[task.parent]
    assert parent.agent is not None, "a model is asked by an agent"
    agent = agent_of(state, parent, program)
    inputs = inputs_of(state, parent, program, memo)
    effect = effect_id(state.session, task.no)
    said = memo.get(parent.no)
    if not isinstance(said, Said):
        said = memo[parent.no] = Said()
    request = request_of(parent.agent, agent, inputs, delegates=program.agents, said=said)
    addresses = program.addresses.get(agent.name)
    if addresses is not None and request.purpose not in WITHOUT_TOOLS:
        tools = (*request.tools, *message_tools(addresses, program.agents))
        request = msgspec.structs.replace(request, tools=tools)
    return AskModel(
        effect=effect,
        promise=task.promised,
        task=task.no,
        node=task.node,
        attempt=task.attempt,
        agent=agent,
        request=msgspec.structs.replace(
            request,
            tenant=state.tenant,
            user=state.user,
            session=state.session,
            effect=effect,
            timeout_ms=agent.model_timeout_ms,
        ),
        timeout_ms=agent.model_timeout_ms,
        turns=parent.agent,
        agent_task=parent.no,
        labels=task.labels,
        approved=task.granted,
        guards=program.definition.guards,
        callers=callers_of(state, parent, program),
    )


def _call_tool(state: SessionState, task: Task, program: Program) -> CallTool | Verify:
    parent = state.tasks[task.parent]
    assert parent.agent is not None, "a tool is called by an agent"
    call = parent.agent.turns[-1].answer.calls[task.index]
    agent = agent_of(state, parent, program)
    if task.waiting == "verify":
        return Verify(
            effect=effect_id(state.session, task.no),
            promise=task.promised,
            task=task.no,
            node=task.node,
            attempt=task.attempt,
            ref=call.tool,
            inputs=call.arguments,
            agent=agent,
            guards=program.definition.guards,
            tenant=state.tenant,
            user=state.user,
        )
    return CallTool(
        effect=effect_id(state.session, task.no),
        promise=task.promised,
        task=task.no,
        node=task.node,
        attempt=task.attempt,
        agent=agent,
        tool=call.tool,
        arguments=call.arguments if task.override is None else task.override,
        timeout_ms=0,
        approved=task.granted,
        labels=task.labels,
        guards=program.definition.guards,
        tenant=state.tenant,
        user=state.user,
        lineage=lineage_of(state, parent, program),
    )
