"""The fold that makes a recap of a session's events."""

from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, TaskNo, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.event_json import plain_json
from tenuto.views.open_tasks import NO_TASK, OpenTask, OpenTasks, answer_of
from tenuto.views.recap import Recap, RecapCost, RecapNode, RecapPhase, RecapTask, empty_recap
from tenuto.views.timeline import RowState

SETTLED_KEPT_MAX: Final = 100
"""Tasks at the top that are kept although they are settled."""

_AWAITED: Final = {"approval": "a decision", "wait": "a signal"}

Starting: TypeAlias = e.TaskStarted | e.ChildrenStarted | e.UndoStarted | e.TaskSkipped
Ending: TypeAlias = e.TaskCompleted | e.TaskFailed | e.TaskCancelled


class Recapping:
    """The fold. Of a task that only begins and ends no more is kept than when it began."""

    def __init__(self, definition: WorkflowDefinition | None = None) -> None:
        self.recap = empty_recap()
        self._tasks = OpenTasks(definition)
        self._began: dict[TaskNo, Version] = {}
        """Of each open task, the version at which it began."""
        self._known: dict[TaskNo, RecapTask] = {}
        """Open tasks to which something happened, and those at the top."""
        self._settled: deque[RecapTask] = deque(maxlen=SETTLED_KEPT_MAX)
        self._pausing = ""

    @property
    def version(self) -> Version:
        """Return the version up to which events were folded."""
        return self.recap.version

    def add(self, version: Version, event: e.SessionEvent) -> None:
        """Fold one event."""
        self._tasks.begin(event)
        match event:
            case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
                self._settle(version, event)
            case e.TaskStarted() | e.ChildrenStarted() | e.UndoStarted() | e.TaskSkipped():
                self._start(version, event)
            case _:
                self._session(version, event)
                self._change(version, event)
        self._tasks.end(event)
        self.recap.version, self.recap.updated_ms = version, event.at_ms

    def told(self, newest: Version) -> Recap:
        """Return what there is to tell, which later events do not change."""
        tasks = sorted([*map(self._task, self._began), *self._settled], key=lambda task: task.no)
        recap = msgspec.structs.replace(self.recap, newest=newest, tasks=tasks)
        return msgspec.convert(msgspec.to_builtins(recap), Recap)

    def _task(self, no: TaskNo) -> RecapTask:
        """Return all that is known of an open task."""
        opened, known = self._tasks[no], self._known.get(no)
        if known is None:
            return _task_of(opened, self._began[no])
        known.child, known.answer = opened.child, _plain(opened.answer)
        return known

    def _start(self, version: Version, event: Starting) -> None:
        match event:
            case e.TaskSkipped():
                self._skip(version, event)
            case e.ChildrenStarted():
                for offset in range(event.count):
                    no = TaskNo(event.first + offset)
                    self._began[no] = version
                    if event.due_ms:
                        self._know(no).due_ms = event.due_ms
                opened = self._tasks[event.first]
                self._count_in(opened.agent)
                self._touch(_node(opened.node), version)
            case e.UndoStarted():
                self._began[event.task] = version
                self._touch(self._know(event.task).node, version)
            case e.TaskStarted():
                self._began[event.task] = version
                task = self._know(event.task)
                task.due_ms, task.after = event.due_ms, event.after
                self._count_in(task.agent)
                self._enter(task)

    def _know(self, no: TaskNo) -> RecapTask:
        task = self._known[no] = self._task(no)
        return task

    def _count_in(self, agent: str) -> None:
        if agent and agent not in self.recap.agents:
            self.recap.agents[agent] = RecapCost()

    def _skip(self, version: Version, event: e.TaskSkipped) -> None:
        task = RecapTask(
            no=event.task,
            node=event.node,
            kind="",
            label=event.node,
            after=event.after,
            state="skipped",
            began=version,
            began_ms=event.at_ms,
            version=version,
            at_ms=event.at_ms,
        )
        self._settled.append(task)
        self._enter(task)

    def _enter(self, task: RecapTask) -> None:
        """Make a task at the top the one that its node shows; count the token that began it."""
        known = self.recap.nodes.get(task.node)
        self.recap.nodes[task.node] = RecapNode(
            state=task.state,
            why=task.why,
            runs=(known.runs if known is not None else 0) + (task.state != "skipped"),
            task=task.no,
            version=task.version,
        )
        source = next((one.node for one in reversed(self._settled) if one.no == task.after), None)
        if source is not None and task.state != "skipped":
            flow = self.recap.flow.setdefault(source, {})
            flow[task.node] = flow.get(task.node, 0) + 1

    def _touch(self, name: str, version: Version) -> RecapNode | None:
        node = self.recap.nodes.get(name)
        if node is not None:
            node.version = version
        return node

    def _settle(self, version: Version, event: Ending) -> None:
        no = event.task
        opened, began = self._tasks[no], self._began.pop(no)
        state: RowState = "done"
        if not isinstance(event, e.TaskCompleted):
            state = "failed" if isinstance(event, e.TaskFailed) else "cancelled"
        elif opened.kind == "model":
            _answer(self.recap.agents.get(opened.agent), opened, event)
        task = self._known.pop(no, None)
        if opened.agent:
            attempts = task.attempts if task is not None else 1
            _spend(self.recap.agents.get(opened.agent), opened, state, attempts=attempts)
        node = self._touch(_node(opened.node), version)
        if node is None:
            return
        if node.task == opened.parent and node.count is not None:
            node.failed += state == "failed"
            node.done += state != "failed"
        if opened.parent != NO_TASK:
            return
        task = task or _task_of(opened, began)
        task.why, task.child, task.answer = "", opened.child, None
        if isinstance(event, e.TaskFailed):
            task.failure, task.why = event.failure, event.failure.message
        task.state, task.version, task.at_ms = state, version, event.at_ms
        if node.task == no:
            node.state, node.why = state, task.why
        self._settled.append(task)

    def _change(self, version: Version, event: e.SessionEvent) -> None:
        no = getattr(event, "task", NO_TASK)
        if no not in self._began or isinstance(event, e.Noted | e.Routed):
            return
        task = self._know(no)

        def turn(state: RowState, why: str = "") -> None:
            task.state, task.why = state, why
            task.version, task.at_ms = version, event.at_ms
            node = self._touch(task.node, version)
            if node is not None and node.task == no:
                node.state, node.why = state, why

        match event:
            case e.MapOpened():
                task.count = event.count
                node = self.recap.nodes.get(task.node)
                if node is not None and node.task == task.no:
                    node.count = event.count
            case e.TaskRetried():
                _retry(task, event)
                turn("running")
            case _:
                _hold(task, event, turn)

    def _session(self, version: Version, event: e.SessionEvent) -> None:
        recap = self.recap

        def enter(phase: str, why: str = "") -> None:
            recap.phases.append(
                RecapPhase(version=version, at_ms=event.at_ms, phase=phase, why=why)
            )

        match event:
            case e.SessionStarted():
                recap.inputs, recap.started_ms = event.inputs, event.at_ms
                enter("running")
            case e.SessionForked():
                recap.started_ms = event.at_ms
                for task in self._settled:
                    task.child = None
                enter("running")
            case e.SessionPausing():
                self._pausing = event.reason
            case e.SessionPaused():
                enter("paused", self._pausing)
            case e.SessionResumed():
                enter("running")
            case e.SessionCompleted():
                recap.output = event.output
                enter("completed")
            case e.SessionFailed():
                recap.failure = event.failure
                enter("failed", event.failure.message)
            case e.SessionCancelled():
                enter("cancelled", event.reason)


def _task_of(opened: OpenTask, began: Version) -> RecapTask:
    awaited = _AWAITED.get(opened.kind, "")
    return RecapTask(
        no=opened.no,
        node=_node(opened.node),
        kind=opened.kind,
        label=opened.label,
        parent=opened.parent,
        index=opened.index,
        agent=opened.agent,
        call=_plain(opened.call),
        state="waiting" if awaited else "running",
        why=awaited,
        began=began,
        began_ms=opened.started_ms,
        version=began,
        at_ms=opened.started_ms,
        child=opened.child,
        answer=_plain(opened.answer),
    )


def _answer(cost: RecapCost | None, opened: OpenTask, event: e.TaskCompleted) -> None:
    if cost is None:
        return
    usage = answer_of(event.output).usage
    cost.turns += 1
    cost.input_tokens += usage.input_tokens
    cost.output_tokens += usage.output_tokens
    cost.usd += usage.cost_usd
    cost.model_ms += event.at_ms - opened.started_ms


def _spend(cost: RecapCost | None, opened: OpenTask, state: RowState, *, attempts: int) -> None:
    if cost is None:
        return
    cost.calls += opened.call is not None and state in ("done", "failed")
    cost.failures += (state == "failed" and opened.kind != "agent") + attempts - 1


def _retry(task: RecapTask, event: e.TaskRetried) -> None:
    # A question that was answered is no attempt that failed.
    task.attempts += not task.asks
    task.asks, task.due_ms = False, 0
    if event.inputs is not None:
        task.inputs = event.inputs


def _plain(said: ToolCall | ModelAnswer | None) -> Json:
    return plain_json(said) if said is not None else None


def _hold(task: RecapTask, event: e.SessionEvent, turn: Callable[[RowState, str], None]) -> None:
    """Say what a task waits for, where an event makes it wait."""
    match event:
        case e.TimerSet():
            task.due_ms = event.due_ms
            if task.kind != "wait":
                turn("waiting", "its time")
        case e.TaskDoubted():
            turn("waiting", "somebody to say whether it happened")
        case e.AttemptFailed():
            task.failure, task.due_ms = event.failure, event.retry_ms
            what = "the next attempt" if event.retry_ms else "a fix"
            turn("waiting", f"{what}: {event.failure.message}")
        case e.TaskEscalated():
            task.failure, task.asks = event.failure, event.ask is not None
            title = event.ask.title if event.ask is not None else ""
            turn("waiting", f"a person: {title or event.failure.message}")


def _node(node: str) -> str:
    """Return the node on the canvas: the work of a map is `parts.do`."""
    while node.endswith(".do"):
        node = node.removesuffix(".do")
    return node
