"""What expressions see: the names of `core.workflow.model`, bound to values of a session."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import structs

from tenuto.core.agent.effects import Said
from tenuto.core.agent.handing_over import handed_over
from tenuto.core.agent.lineage import Link
from tenuto.core.agent.messages import ToolCall
from tenuto.core.agent.strategy import step_inputs
from tenuto.core.errors import ExpressionFailed, Failure
from tenuto.core.session.reducers import detached, values_then
from tenuto.core.session.state import CALLED, Captured, SessionState, Task
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.core.workflow.model import AgentDefinition
from tenuto.core.workflow.program import CompiledNode, Expression, Program

Scope: TypeAlias = dict[str, Json]
Memo: TypeAlias = dict[TaskNo, list[Json] | Said]
"""Lists of open maps and conversations of open agents, so that they are made once. A cache: losing
it changes nothing."""


def session_facts(state: SessionState) -> JsonObject:
    """Return what `session` means in an expression."""
    return {
        "id": state.session,
        "tenant": state.tenant,
        "user": state.user,
        "workflow": state.workflow,
        "started_ms": state.started_ms,
    }


def scope_now(state: SessionState) -> Scope:
    """Return the names at this moment."""
    return {
        "inputs": state.inputs,
        "state": state.values,
        "outputs": state.outputs,
        "session": session_facts(state),
    }


def output_of(state: SessionState, program: Program) -> Json:
    """Return the output of a session in which no token is left.

    Raises:
        ExpressionFailed: the values do not allow it.
    """
    if program.output is None:
        return {name: state.outputs.get(name) for name in program.sinks}
    return program.output.evaluate(scope_now(state))


def scope_of(state: SessionState, task: Task, program: Program, memo: Memo) -> Scope:
    """Return the names as `task` keeps them, with `item`, `index` and `last` where it is a child.

    Raises:
        ExpressionFailed: the list of its map cannot be evaluated.
    """
    parent = state.tasks.get(task.parent)
    captured = task.captured
    if captured is None and parent is not None:
        captured = parent.captured
    scope = _scope_then(state, captured)
    if parent is not None and parent.progress is not None:
        scope["index"] = task.index
        if parent.kind == "map":
            scope["item"] = _items(state, parent, program, memo)[task.index]
        else:
            results = parent.progress.results
            scope["last"] = results[0] if results else None
    return scope


def _scope_then(state: SessionState, captured: Captured | None) -> Scope:
    if captured is None:
        return {"inputs": state.inputs, "state": {}, "outputs": {}, "session": session_facts(state)}
    return {
        "inputs": state.inputs,
        "state": values_then(state, captured),
        "outputs": captured.outputs,
        "session": session_facts(state),
    }


def _items(state: SessionState, task: Task, program: Program, memo: Memo) -> list[Json]:
    items = memo.get(task.no)
    if not isinstance(items, list):
        items = memo[task.no] = items_of(state, task, program.nodes[task.node])
    return items


def items_of(state: SessionState, task: Task, node: CompiledNode) -> list[Json]:
    """Return the list that a map goes over.

    Raises:
        ExpressionFailed: the expression fails, or gives no list.
    """
    assert node.items is not None, "a map has items"
    value = node.items.evaluate(_scope_then(state, task.captured))
    if not isinstance(value, list):
        found = f"it gave {type(value).__name__} {str(value)[:80]!r}, and a map goes over a list"
        raise ExpressionFailed(source=node.items.source, found=found)
    return value


def inputs_of(state: SessionState, task: Task, program: Program, memo: Memo) -> JsonObject:
    """Return the inputs that the work of `task` gets. Values are shared: do not change them.

    Raises:
        ExpressionFailed: one of the node's expressions fails.
    """
    if task.override is not None:
        return task.override
    call = call_of(state, task) if task.parent else None
    if call is not None:
        return _called_with(state, task, call, program)
    node = program.nodes[task.node]
    if not node.inputs:
        return {}
    scope = scope_of(state, task, program, memo)
    return {name: detached(state, part.evaluate(scope)) for name, part in node.inputs}


def _called_with(state: SessionState, task: Task, call: ToolCall, program: Program) -> JsonObject:
    """Return what a call hands over: its arguments, and for another agent what it has to know."""
    parent = state.tasks[task.parent]
    assert parent.agent is not None, "an agent calls"
    turn = parent.agent.turns[-1]
    if turn.answer.purpose == "plan":
        return step_inputs(turn, task.index)
    if task.kind == "agent" and call.tool in agent_of(state, parent, program).handoffs:
        return handed_over(parent.agent, call, inputs_of(state, parent, program, {}))
    return call.arguments


def call_of(state: SessionState, task: Task) -> ToolCall | None:
    """Return the call that `task` carries out for the agent above it, or None if it is no call.

    While it is open the answer that wants it is the agent's last."""
    if not task.parent:
        return None
    parent = state.tasks.get(task.parent)
    if parent is None or parent.agent is None or task.kind not in CALLED:
        return None
    return parent.agent.turns[-1].answer.calls[task.index]


def agent_of(state: SessionState, task: Task, program: Program) -> AgentDefinition:
    """Return the agent whose task this is: its node's, or the one that another agent called."""
    call = call_of(state, task) if task.parent else None
    if call is None:
        return program.agents[program.nodes[task.node].node.ref]
    definition = program.agents[call.tool]
    if agent_of(state, state.tasks[task.parent], program).name == call.tool:
        # It works on a step of its own plan: it does not plan again.
        return structs.replace(definition, strategy="react", output_schema=None)
    return definition


def callers_of(state: SessionState, task: Task, program: Program) -> tuple[AgentDefinition, ...]:
    """Return the agents that have come to call the one whose task this is, nearest first."""
    if not task.parent:
        return ()
    found: list[AgentDefinition] = []
    while call_of(state, task) is not None:
        task = state.tasks[task.parent]
        found.append(agent_of(state, task, program))
    return tuple(found)


def lineage_of(state: SessionState, task: Task, program: Program) -> tuple[Link, ...]:
    """Return the rules that stand above an agent's task: of all agents that it works for, nearest
    first."""
    if not task.parent:
        return ()
    links: list[Link] = []
    while (call := call_of(state, task)) is not None:
        task = state.tasks[task.parent]
        above = agent_of(state, task, program)
        rules = above.narrowed.get(call.tool, ())
        links += [
            Link(agent=above.name, rules=rules, to=call.tool),
            Link(agent=above.name, rules=above.policy),
        ]
    return tuple(link for link in links if link.rules)


def truth(expression: Expression, scope: Mapping[str, Json]) -> bool:
    """Return the boolean that `expression` gives.

    Raises:
        ExpressionFailed: it fails, or gives something else.
    """
    value = expression.evaluate(scope)
    if not isinstance(value, bool):
        found = f"it gave {value!r}, and a condition must be true or false"
        raise ExpressionFailed(source=expression.source, found=found)
    return value


def failure_of(error: ExpressionFailed) -> Failure:
    """Return `error` as a task's failure."""
    return Failure(kind="fatal", code="expression", message=str(error))
