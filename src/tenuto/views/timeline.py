"""What a session did and does, task by task: the rows behind the live view and `show`.

A map over a hundred thousand items has a hundred thousand tasks. Of what is settled below one task
only the last rows and the failed ones are kept; the rest is counted. So the fold needs memory for
what is open, not for what is past.
"""

from collections import deque
from typing import Final, Literal, TypeAlias, assert_never

import msgspec

from tenuto.core.errors import Failure
from tenuto.core.lifecycle import Status
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, JsonObject, SessionId, TaskNo, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.excerpts import call_text, excerpt
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import NO_TASK, OpenTask, OpenTasks, answer_of

ROWS_KEPT_MAX: Final = 100
"""Rows of settled tasks kept below one task (or at the top), and as many failed ones besides."""

RowState: TypeAlias = Literal["running", "waiting", "done", "failed", "skipped", "cancelled"]


class Items(msgspec.Struct, kw_only=True):
    """How far a map or a loop is. `total` is 0 where nobody knows."""

    total: int = 0
    started: int = 0
    done: int = 0
    failed: int = 0


class Spent(msgspec.Struct, kw_only=True):
    """What an agent's task, or all agents of a map or loop, have used."""

    turns: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0


class Row(msgspec.Struct, kw_only=True):
    """One task. Times are in ms since 1970."""

    no: TaskNo
    node: str
    kind: str
    label: str
    """Its name among its siblings."""
    parent: TaskNo = NO_TASK
    index: int = -1
    state: RowState = "running"
    attempts: int = 1
    started_ms: int
    since_ms: int
    """When it came into its present state or attempt."""
    ended_ms: int | None = None
    due_ms: int = 0
    """Deadline of what it waits for, or 0."""
    waiting: str = ""
    """What it waits for, in words."""
    failure: Failure | None = None
    """Of the last attempt that failed."""
    asked: str = ""
    """A call that a model asked for, as text."""
    result: str = ""
    """The beginning of what came out of it."""
    agent: str = ""
    items: Items | None = None
    spent: Spent | None = None
    child: SessionId | None = None
    below: dict[TaskNo, None] = msgspec.field(default_factory=dict)
    """Rows kept of the tasks below it, in their order."""
    folded: int = 0
    """Settled tasks below it of which no row is kept."""


class Timeline:
    """The fold. Rows are its own: read them, do not change them."""

    def __init__(self, definition: WorkflowDefinition | None = None) -> None:
        self.rows: dict[TaskNo, Row] = {}
        self.top: dict[TaskNo, None] = {}
        """Rows without parent, in their order."""
        self.folded = 0
        """Settled tasks at the top of which no row is kept."""
        self.session = SessionId("")
        self.workflow = self.workflow_version = ""
        self.inputs: JsonObject = {}
        self.version = Version(0)
        self.status: Status = "pending"
        self.started_ms = self.updated_ms = 0
        self.ended_ms: int | None = None
        self.reason = ""
        """Why it is paused or was cancelled."""
        self.output: Json = None
        self.failure: Failure | None = None
        self.spent = Spent()
        """By all agents."""
        self._tasks = OpenTasks(definition)
        self._settled: dict[tuple[TaskNo, bool], deque[TaskNo]] = {}
        """Settled rows by parent and whether they failed, oldest first."""

    def add(self, version: Version, event: e.SessionEvent) -> None:
        """Fold one event."""
        self._tasks.begin(event)
        match event:
            case e.TaskStarted() | e.ChildrenStarted() | e.UndoStarted() | e.TaskSkipped():
                self._start(event)
            case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
                self._settle(event)
            case (
                e.MapOpened()
                | e.TimerSet()
                | e.TaskDoubted()
                | e.AttemptFailed()
                | e.TaskRetried()
                | e.TaskEscalated()
                | e.ChildSessionStarted()
            ):
                self._change(event)
            case _:
                self._session(event)
        self._tasks.end(event)
        self.version, self.updated_ms = version, event.at_ms

    @property
    def is_waiting(self) -> bool:
        """Return whether work is open and all of it waits for something outside."""
        rows = [row for row in self.rows.values() if row.ended_ms is None]
        parents = {row.parent for row in rows}
        leaves = [row for row in rows if row.no not in parents]
        return bool(leaves) and all(row.state == "waiting" for row in leaves)

    def _session(self, event: e.SessionEvent) -> None:
        match event:
            case e.SessionStarted():
                self.session, self.inputs = event.session, event.inputs
                self.workflow, self.workflow_version = event.workflow, event.workflow_version
                self.started_ms, self.status = event.at_ms, "running"
            case e.SessionForked():
                self.session, self.status, self.reason = event.session, "running", ""
                self.started_ms = event.at_ms
                for row in self.rows.values():
                    row.child = None
            case e.SessionPausing():
                self.reason = event.reason
            case e.SessionPaused():
                self.status = "paused"
            case e.SessionResumed():
                self.status, self.reason = "running", ""
            case e.SessionCompleted():
                self.status, self.output, self.ended_ms = "completed", event.output, event.at_ms
            case e.SessionFailing():
                self.failure = event.failure
            case e.SessionFailed():
                self.status, self.failure, self.ended_ms = "failed", event.failure, event.at_ms
            case e.SessionCancelled():
                self.status, self.reason, self.ended_ms = "cancelled", event.reason, event.at_ms

    def _start(
        self, event: e.TaskStarted | e.ChildrenStarted | e.UndoStarted | e.TaskSkipped
    ) -> None:
        if isinstance(event, e.TaskSkipped):
            row = Row(
                no=event.task,
                node=event.node,
                kind="",
                label=event.node,
                state="skipped",
                started_ms=event.at_ms,
                since_ms=event.at_ms,
                ended_ms=event.at_ms,
            )
            self._put(row)
            self._keep(row)
            return
        if isinstance(event, e.ChildrenStarted):
            numbers = [TaskNo(event.first + offset) for offset in range(event.count)]
            parent = self.rows.get(event.parent)
            if parent is not None and parent.kind in ("map", "loop") and event.kind != "recover":
                if parent.items is None:
                    parent.items = Items()
                parent.items.started += event.count
        else:
            numbers = [event.task]
        for no in numbers:
            row = _row_of(self._tasks[no])
            if row.kind in ("approval", "wait") and not isinstance(event, e.UndoStarted):
                row.state, row.due_ms = "waiting", event.due_ms
                row.waiting = self._awaited(row)
            self._put(row)

    def _awaited(self, row: Row) -> str:
        node = self._tasks.node(row.node)
        if row.kind == "approval":
            title = node.title if node is not None and node.title != row.node else ""
            return f"a decision: {title}" if title else "a decision"
        return f"signal {node.signal!r}" if node is not None else "a signal"

    def _change(
        self,
        event: e.MapOpened
        | e.TimerSet
        | e.TaskDoubted
        | e.AttemptFailed
        | e.TaskRetried
        | e.TaskEscalated
        | e.ChildSessionStarted,
    ) -> None:
        row = self.rows[event.task]
        match event:
            case e.MapOpened():
                row.items = Items(total=event.count)
            case e.TimerSet() if row.kind == "wait":
                row.due_ms = event.due_ms
            case e.TimerSet():
                _wait(row, f"its time, {moment_text(event.due_ms)}", event, due_ms=event.due_ms)
            case e.TaskDoubted():
                _wait(row, "somebody to say whether it happened", event)
            case e.AttemptFailed():
                row.failure = event.failure
                what = "the next attempt" if event.retry_ms else "a fix"
                _wait(row, f"{what}: {event.failure.message}", event, due_ms=event.retry_ms)
            case e.TaskEscalated():
                row.failure = event.failure
                _wait(row, f"a person: {event.failure.message}", event)
            case e.TaskRetried():
                row.attempts += 1
                row.state, row.since_ms, row.waiting, row.due_ms = "running", event.at_ms, "", 0
            case e.ChildSessionStarted():
                row.child = event.session
            case _:
                assert_never(event)

    def _settle(self, event: e.TaskCompleted | e.TaskFailed | e.TaskCancelled) -> None:
        row = self.rows[event.task]
        row.ended_ms = row.since_ms = event.at_ms
        row.waiting, row.due_ms = "", 0
        match event:
            case e.TaskCompleted():
                row.state = "done"
                self._add_output(row, event.output)
            case e.TaskFailed():
                row.state, row.failure = "failed", event.failure
            case e.TaskCancelled():
                row.state = "cancelled"
            case _:
                assert_never(event)
        parent = self.rows.get(row.parent)
        if parent is not None and row.kind != "recover" and row.state != "cancelled":
            self._count(parent, row)
        self._keep(row)

    def _count(self, parent: Row, row: Row) -> None:
        if parent.items is not None:
            if row.state == "done":
                parent.items.done += 1
            else:
                parent.items.failed += 1
        if parent.kind == "agent" and row.kind == "tool":
            for spent in self._accounts(parent):
                spent.calls += 1

    def _accounts(self, agent: Row) -> list[Spent]:
        """Return where the spending of an agent's task is counted: there, above it, in all."""
        accounts = [self.spent]
        row: Row | None = agent
        while row is not None:
            if row.spent is None:
                row.spent, row.agent = Spent(), agent.agent
            accounts.append(row.spent)
            row = self.rows.get(row.parent)
        return accounts

    def _add_output(self, row: Row, output: Json) -> None:
        agent = self.rows.get(row.parent)
        if row.kind != "model" or agent is None:
            row.result = excerpt(output)
            return
        answer = answer_of(output)
        for spent in self._accounts(agent):
            spent.turns += 1
            spent.input_tokens += answer.usage.input_tokens
            spent.output_tokens += answer.usage.output_tokens
            spent.usd += answer.usage.cost_usd
        wishes = ", ".join(call.tool for call in answer.calls)
        said = f"wants {wishes}" if wishes else excerpt(answer.text)
        known = len(answer.recalled)
        row.result = f"recalls {known}; {said}" if known else said

    def _put(self, row: Row) -> None:
        self.rows[row.no] = row
        parent = self.rows.get(row.parent)
        (self.top if parent is None else parent.below)[row.no] = None

    def _keep(self, settled: Row) -> None:
        """Keep the row of a settled task, and let go of the oldest of its kind when it is one too
        many."""
        kept = self._settled.setdefault(
            (settled.parent, settled.state == "failed"), deque(maxlen=ROWS_KEPT_MAX + 1)
        )
        kept.append(settled.no)
        if len(kept) <= ROWS_KEPT_MAX:
            return
        row = self.rows[kept.popleft()]
        parent = self.rows.get(row.parent)
        if parent is None:
            self.top.pop(row.no, None)
            self.folded += 1
        else:
            parent.below.pop(row.no, None)
            parent.folded += 1
        self._drop(row)

    def _drop(self, row: Row) -> None:
        del self.rows[row.no]
        for failed in (False, True):
            self._settled.pop((row.no, failed), None)
        for no in row.below:
            self._drop(self.rows[no])


def _row_of(task: OpenTask) -> Row:
    row = Row(
        no=task.no,
        node=task.node,
        kind=task.kind,
        label=task.label,
        parent=task.parent,
        index=task.index,
        started_ms=task.started_ms,
        since_ms=task.started_ms,
    )
    if task.kind == "agent":
        row.agent, row.spent = task.agent, Spent()
    elif task.call is not None:
        row.asked = call_text(task.call.tool, task.call.arguments)
    return row


def _wait(row: Row, what: str, event: e.SessionEvent, *, due_ms: int = 0) -> None:
    row.state, row.waiting, row.since_ms, row.due_ms = "waiting", what, event.at_ms, due_ms
