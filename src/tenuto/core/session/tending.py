"""The moves of tasks that the core itself carries out: maps, loops, agents, waits, conditions,
timers, and tasks whose recovery has come back."""

from collections.abc import Callable, Sequence
from typing import Final

from tenuto.core import limits
from tenuto.core.agent.compacting import COMPACT
from tenuto.core.agent.decide import AskModel, CallTools, Finish, next_move
from tenuto.core.agent.state import AgentState
from tenuto.core.agent.strategy import next_purpose
from tenuto.core.agent.writing import offered
from tenuto.core.budget import UNBOUNDED, Spending
from tenuto.core.errors import ExpressionFailed, Failure
from tenuto.core.session import events as e
from tenuto.core.session.failing import give_up
from tenuto.core.session.mailbox import unread_by
from tenuto.core.session.moments import due_from_delay, due_from_moment
from tenuto.core.session.posting import due_before_end, send, waits_for_response
from tenuto.core.session.reducers import detached, misfit
from tenuto.core.session.scope import (
    agent_of,
    failure_of,
    inputs_of,
    items_of,
    scope_now,
    scope_of,
    truth,
)
from tenuto.core.session.spending import in_words, lacking, waits_for_others, wanted_of
from tenuto.core.session.state import REVIEW, SessionState, Task
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.core.workflow.model import AgentDefinition
from tenuto.core.workflow.program import CompiledNode, Program

Moves = list[e.SessionEvent]

_NO_TASK: Final = TaskNo(0)


def tend(state: SessionState, no: TaskNo, program: Program, at_ms: int) -> Moves:
    """Return the next move of task `no`, or nothing if it has none now."""
    task = state.tasks.get(no)
    if task is None:
        return []
    if task.waiting:
        recovers = task.waiting in ("recover", "recovered")
        return _after_recovery(state, task, program, at_ms) if recovers else []
    move = _MOVES.get(task.kind)
    return move(state, task, program, at_ms) if move is not None else []


def complete(
    state: SessionState, task: Task, output: Json, *, program: Program, at_ms: int
) -> Moves:
    """Return the completion of `task` with `output`, or its failure if the state cannot take it."""
    if task.kind == REVIEW:
        # The output stands in the log once.
        ended = e.TaskCompleted(at_ms=at_ms, task=task.no, output=None, updates=None, undo=False)
        return [ended, e.SessionCompleted(at_ms=at_ms, output=output)]
    node = program.nodes[task.node]
    if task.kind in _REDUCE_NOTHING or not _is_whole(state, task):
        return [e.TaskCompleted(at_ms=at_ms, task=task.no, output=output, updates=None, undo=False)]
    updates: JsonObject | None = None
    try:
        if node.updates is not None:
            scope = {**scope_of(state, task, program, {}), "output": output}
            updates = {n: detached(state, part.evaluate(scope)) for n, part in node.updates}
    except ExpressionFailed as error:
        return give_up(state, task, failure_of(error), at_ms=at_ms, program=program)
    fault = _state_misfit(state, output if updates is None else updates)
    if fault is not None:
        failure = Failure(kind="fatal", code="reducer", message=f"Node {task.node!r}: {fault}")
        return give_up(state, task, failure, at_ms=at_ms, program=program)
    undo = bool(node.node.compensate) and not task.parent
    return [e.TaskCompleted(at_ms=at_ms, task=task.no, output=output, updates=updates, undo=undo)]


_REDUCE_NOTHING: Final = frozenset({"undo", "recover", "model"})
"""Kinds whose output is for another task, not for the state."""


def _is_whole(state: SessionState, task: Task) -> bool:
    """A node's own task, or an iteration of a loop: their outputs go into the state."""
    return not task.parent or state.tasks[task.parent].kind == "loop"


def _state_misfit(state: SessionState, values: Json) -> str | None:
    if not isinstance(values, dict):
        return None
    for name, value in values.items():
        key = state.keys.get(name)
        if key is not None:
            fault = misfit(key.reducer, value, state.values[name])
            if fault is not None:
                return f"its output does not fit state key {name!r}: {fault}."
    return None


def start_children(
    state: SessionState, parent: Task, *, count: int, node: CompiledNode, at_ms: int
) -> e.ChildrenStarted:
    """Return the start of the next `count` bodies of a map or loop."""
    assert parent.progress is not None, "what has a body has progress"
    captures = node.captures if parent.kind == "loop" else ()
    due = at_ms + node.node.timeout_ms if waits_for_deadline(node) else 0
    return e.ChildrenStarted(
        at_ms=at_ms,
        parent=parent.no,
        first=state.next_task,
        index=parent.progress.started,
        count=count,
        node=node.id,
        kind=node.node.kind,
        captures=captures,
        due_ms=due,
    )


def waits_for_deadline(node: CompiledNode) -> bool:
    """Return whether the node's time-out is the session's to watch, not that of one attempt."""
    return node.node.timeout_ms > 0 and node.node.kind in ("approval", "wait", "workflow")


def _map(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    node = program.nodes[task.node]
    progress = task.progress
    if progress is None:
        try:
            count = len(items_of(state, task, node))
        except ExpressionFailed as error:
            return give_up(state, task, failure_of(error), at_ms=at_ms, program=program)
        if count > limits.MAP_ITEMS_MAX:
            message = (
                f"Map {task.node!r} has {count} items; at most {limits.MAP_ITEMS_MAX} are allowed."
            )
            failure = Failure(kind="fatal", code="too_many_items", message=message)
            return give_up(state, task, failure, at_ms=at_ms, program=program)
        return [e.MapOpened(at_ms=at_ms, task=task.no, count=count)]
    if progress.done == progress.total:
        return complete(state, task, progress.results.copy(), program=program, at_ms=at_ms)
    assert node.body is not None, "a map has a body"
    room = node.node.concurrency - (progress.started - progress.done)
    count = min(room, progress.total - progress.started)
    if count <= 0:
        return []
    return [start_children(state, task, count=count, node=node.body, at_ms=at_ms)]


def _loop(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    node = program.nodes[task.node]
    progress = task.progress
    assert progress is not None and node.body is not None, "a loop has progress and a body"
    if task.children:
        return []
    if progress.done:
        last = progress.results[0]
        limit = node.node.max_iterations
        again = not limit or progress.done < limit
        if again and node.repeat is not None:
            scope = {**scope_now(state), "output": last, "index": progress.done}
            try:
                again = truth(node.repeat, scope)
            except ExpressionFailed as error:
                return give_up(state, task, failure_of(error), at_ms=at_ms, program=program)
        if not again:
            if node.updates is not None:
                return complete(state, task, last, program=program, at_ms=at_ms)
            # Every iteration has already put its output into the state.
            undo = bool(node.node.compensate)
            return [e.TaskCompleted(at_ms=at_ms, task=task.no, output=last, updates={}, undo=undo)]
    if state.steps >= state.steps_max:
        return [steps_spent(state, at_ms, task=task.no)]
    return [start_children(state, task, count=1, node=node.body, at_ms=at_ms)]


def steps_spent(state: SessionState, at_ms: int, *, task: TaskNo = _NO_TASK) -> e.SessionPausing:
    """Return the pause of a session that has used up its steps (P9)."""
    reason = (
        f"its budget of {state.steps_max} steps is spent; "
        "resume it with more steps, or cancel it if it runs in circles"
    )
    return e.SessionPausing(at_ms=at_ms, by="", reason=reason, task=task)


def _agent(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    assert task.agent is not None, "an agent's task has turns"
    under_way: frozenset[int] = frozenset()
    if task.children:
        if not _follows_plan(task.agent):
            return []
        below = (child for child in state.tasks.values() if child.parent == task.no)
        under_way = frozenset(child.index for child in below)
    definition = agent_of(state, task, program)
    move = next_move(task.agent, definition, grants=task.attempt, under_way=under_way)
    # By exact types, as of effects: `match` takes long to tell structs apart.
    if type(move) is AskModel:
        messages = unread_by(state, task, definition.name)
        # A turn that sums up tells nothing new, and what it is shown would be summed up too.
        if messages and next_purpose(task.agent, definition) == COMPACT:
            messages = ()
        return _next_turn(state, task, definition, messages, at_ms)
    if type(move) is CallTools:
        if not move.calls:
            return []
        if state.budget != UNBOUNDED:
            held = _held(state, task, Spending(tool_calls=len(move.calls)), at_ms)
            if held is not None:
                return held
        kinds = _kinds_of_calls(task.agent, definition, program)
        return _calls(state, task, kinds, move.calls, at_ms)
    if type(move) is Finish:
        due = due_before_end(state, task, definition, program)
        if due:
            return _next_turn(state, task, definition, due, at_ms)
        if waits_for_response(state, task, program):
            return []
        return complete(state, task, move.output, program=program, at_ms=at_ms)
    if move.failure.kind == "escalatable":
        return [e.TaskEscalated(at_ms=at_ms, task=task.no, failure=move.failure)]
    return give_up(state, task, move.failure, at_ms=at_ms, program=program)


def _held(state: SessionState, task: Task, wanted: Spending, at_ms: int) -> Moves | None:
    """Return None where the budget allows `wanted`; else the pause, or nothing as long as what is
    lacking is only set aside."""
    short = lacking(state, wanted, at_ms)
    if not short:
        return None
    if waits_for_others(state, short):
        return []
    reason = in_words(state, short)
    return [e.SessionPausing(at_ms=at_ms, by="", reason=reason, task=task.no, short=short)]


def _follows_plan(agent: AgentState) -> bool:
    """Return whether workers are at the steps of a plan, each as soon as those before it end."""
    return bool(agent.turns) and agent.turns[-1].answer.purpose == "plan"


def _kinds_of_calls(
    agent: AgentState, definition: AgentDefinition, program: Program
) -> tuple[str, ...]:
    """Return what each call of the last answer is: of a tool, of another agent, a message."""
    answer = agent.turns[-1].answer
    agents = (*definition.delegates, *definition.handoffs)
    addresses = program.addresses.get(definition.name)
    if not agents and addresses is None and answer.purpose != "plan":
        return ("tool",) * len(answer.calls)
    messages = offered(addresses)
    return tuple(
        "agent"
        if answer.purpose == "plan" or call.tool in agents
        else "message"
        if call.tool in messages
        else "tool"
        for call in answer.calls
    )


def _calls(
    state: SessionState, task: Task, kinds: Sequence[str], wanted: tuple[int, ...], at_ms: int
) -> Moves:
    """Return the starts of the wanted calls of the last answer. Neighbours of a kind start
    together."""
    started: Moves = []
    no, begin, end = state.next_task, 0, 0
    while end < len(wanted):
        end += 1
        first, last = wanted[begin], wanted[end - 1]
        if end < len(wanted) and wanted[end] == last + 1 and kinds[last + 1] == kinds[first]:
            continue
        started.append(
            e.ChildrenStarted(
                at_ms=at_ms,
                parent=task.no,
                first=no,
                index=first,
                count=end - begin,
                node=task.node,
                kind=kinds[first],
                captures=(),
                due_ms=0,
            )
        )
        no, begin = TaskNo(no + end - begin), end
    return started


def _next_turn(
    state: SessionState,
    task: Task,
    definition: AgentDefinition,
    messages: tuple[int, ...],
    at_ms: int,
) -> Moves:
    """Return the start of the next turn, which is shown these messages of other agents."""
    assert task.agent is not None, "only agents have turns"
    if state.budget != UNBOUNDED:
        held = _held(state, task, wanted_of(task), at_ms)
        if held is not None:
            return held
    turn = e.ChildrenStarted(
        at_ms=at_ms,
        parent=task.no,
        first=state.next_task,
        index=len(task.agent.turns),
        count=1,
        node=task.node,
        kind="model",
        captures=(),
        due_ms=0,
        shown=e.Shown(agent=definition.name, messages=messages) if messages else None,
    )
    return [turn]


def _wait(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    node = program.nodes[task.node]
    name = node.node.signal
    kept = state.signals.get(name)
    if not kept:
        return [] if node.delay is None else _timer(state, task, program, at_ms)
    taken = e.SignalTaken(at_ms=at_ms, task=task.no, name=name)
    return [taken, *complete(state, task, kept[0], program=program, at_ms=at_ms)]


def _condition(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    try:
        inputs = inputs_of(state, task, program, {})
    except ExpressionFailed as error:
        return give_up(state, task, failure_of(error), at_ms=at_ms, program=program)
    return complete(state, task, inputs, program=program, at_ms=at_ms)


def _timer(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    if task.due_ms:
        return []
    node = program.nodes[task.node]
    try:
        scope = scope_of(state, task, program, {})
        if node.delay is not None:
            due = due_from_delay(node.delay.evaluate(scope), at_ms, source=node.delay.source)
        else:
            assert node.until is not None, "a timer has a delay or a moment"
            due = due_from_moment(node.until.evaluate(scope), source=node.until.source)
    except ExpressionFailed as error:
        return give_up(state, task, failure_of(error), at_ms=at_ms, program=program)
    return [e.TimerSet(at_ms=at_ms, task=task.no, due_ms=max(due, 1))]


def _after_recovery(state: SessionState, task: Task, program: Program, at_ms: int) -> Moves:
    """Try again with the fix; where none was found the task's own failure stands."""
    if task.children:
        return []
    if task.waiting == "recovered":
        return [e.TaskRetried(at_ms=at_ms, task=task.no, inputs=None, by="recover")]
    assert task.failure is not None, "a task recovers from a failure"
    return give_up(state, task, task.failure, at_ms=at_ms, program=program)


_MOVES: Final[dict[str, Callable[[SessionState, Task, Program, int], Moves]]] = {
    "map": _map,
    "loop": _loop,
    "agent": _agent,
    "message": send,
    "wait": _wait,
    "condition": _condition,
    "timer": _timer,
}
