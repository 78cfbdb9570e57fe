"""Rows of `agent_sessions`, `agent_tasks` and `agent_messages`, from the events of one session.

Inputs of a task are not in the log: they follow from the state at the moment in which it begins. So
this folds the whole state, as the runtime does, and is given the program to evaluate them with.

A fork's rows are those of its own events. What its origin had settled before stays the origin's;
what was open then is done again by the fork, and gets rows of the fork's own.
"""

from typing import Final

import msgspec

from tenuto.core.errors import ExpressionFailed, Failure
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session import events as e
from tenuto.core.session.effects import is_at_work
from tenuto.core.session.evolve import evolve
from tenuto.core.session.scope import Memo, inputs_of
from tenuto.core.session.state import REVIEW, SessionState, Task
from tenuto.core.session.status import status_of
from tenuto.core.tables import Change, Row
from tenuto.core.vocabulary import Json, TaskNo, Version, effect_id
from tenuto.core.workflow.program import Program
from tenuto.views.event_json import plain_json
from tenuto.views.messages import Messages
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTasks, answer_of
from tenuto.views.tables.changes import Changes
from tenuto.views.tables.durations import Settled, lasted
from tenuto.views.tables.json_text import json_text
from tenuto.views.tables.messages import MessageRows
from tenuto.views.tables.usage import USING, used

_SPEAKING: Final = (
    e.TaskCompleted,
    e.TaskFailed,
    e.ChildrenStarted,
    e.SignalReceived,
    e.ApprovalDecided,
)
"""Events from which messages come."""
_WITHOUT_INPUTS: Final = frozenset({"model", REVIEW})
"""Kinds whose inputs are no values of the workflow: a conversation, the output that is reviewed."""


class SessionTables:
    """The fold. `state` is its own from now on; its events so far have had their rows.

    Without a program (its definition is gone) tasks have rows without inputs."""

    def __init__(self, state: SessionState, program: Program | None) -> None:
        definition = program.definition if program is not None else None
        self.state, self._program = state, program
        self._tasks = OpenTasks.of_state(state, definition)
        self._said = Messages(definition, tasks=self._tasks)
        self._memo: Memo = {}
        self._shown: dict[TaskNo, str] = {}
        """Status in the row of each open task that has one."""
        self._looked_at: dict[TaskNo, None] = {}
        """Tasks of which the end of the commit shows whether their status is another."""
        self._changes = Changes(state)
        self._ended_at: str | None = None
        self._summary = self._summed_up()

    @property
    def has_ended(self) -> bool:
        """Return whether no event can follow."""
        state = self.state
        is_owed = state.parent_effect is not None and not state.reported
        return state.phase in TERMINAL and not state.orphans and not is_owed

    def add(self, events: list[e.SessionEvent]) -> list[Change]:
        """Fold the events of one commit and return what they change."""
        self._changes, self._looked_at = Changes(self.state), {}
        for event in events:
            self._fold(Version(self.state.version + 1), event)
        for no in self._looked_at:
            self._show(no)
        self._sum_up()
        return self._changes.made

    # One event

    def _fold(self, version: Version, event: e.SessionEvent) -> None:
        state, tasks = self.state, self._tasks
        tasks.begin(event)
        if isinstance(event, _SPEAKING):
            said = self._said.said(version, event)
            if said is not None:
                self._changes.made += MessageRows(state.session, state.tenant, tasks).of_entry(said)
        if isinstance(event, USING):
            self._changes.made += used(state, tasks[event.task], tasks, event)
        if isinstance(event, Settled):
            self._settle(event)
        evolve(state, event)
        match event:
            case e.SessionStarted() | e.SessionForked():
                self._begin(event)
            case e.TaskStarted() | e.UndoStarted():
                self._start(event.task)
            case e.ChildrenStarted():
                self._looked_at[event.parent] = None
                for offset in range(event.count):
                    self._start(TaskNo(event.first + offset))
                self._changes.made += MessageRows(state.session, state.tenant, tasks).of_calls(
                    version, event
                )
            case e.TaskSkipped():
                self._skip(event)
            case e.TaskRetried():
                self._retry(event)
            case e.AttemptFailed() | e.TaskEscalated():
                self._changes.amend_task(event.task, {"error_message": event.failure.message})
                self._looked_at[event.task] = None
            case e.TaskDoubted() | e.ChildSessionStarted():
                self._looked_at[event.task] = None
            case e.SessionCompleted() | e.SessionFailed() | e.SessionCancelled():
                self._ended_at = moment_text(event.at_ms)
        tasks.end(event)

    def _begin(self, event: e.SessionStarted | e.SessionForked) -> None:
        state = self.state
        context: dict[str, Json | msgspec.Raw] = {
            "workflow": state.workflow,
            "workflow_version": state.workflow_version,
            "inputs": msgspec.Raw(json_text(state.inputs).encode()),
        }
        if state.key is not None:
            context["key"] = state.key
        if state.input_labels:
            context["labels"] = list(state.input_labels)
        if isinstance(event, e.SessionForked):
            context |= {"origin": event.origin, "origin_version": event.origin_version}
            context["patch"] = msgspec.Raw(json_text(event.patch).encode())
        row: Row = {
            "id": state.session,
            "tenant": state.tenant,
            "user_id": state.user or None,
            "parent_session_id": state.parent,
            "status": "pending",
            "context": msgspec.json.encode(context).decode(),
            "started_at": moment_text(state.started_ms),
            "completed_at": None,
            "error_message": None,
        }
        self._summary = {name: row[name] for name in self._summary}
        self._changes.of_session(row, whole=True)
        for no in state.tasks:
            self._start(no)

    def _start(self, no: TaskNo) -> None:
        task, told = self.state.tasks[no], self._tasks[no]
        parent = effect_id(self.state.session, task.parent) if task.parent else None
        self._shown[no] = "running"
        self._changes.put_task(
            no,
            {
                "node": task.node,
                "agent_id": told.agent or None,
                "parent_task_id": parent,
                "task_type": task.kind,
                "input_data": inputs_text(self.state, task, self._program, self._memo),
                "status": "running",
                "retry_count": task.attempt - 1,
                "started_at": moment_text(task.started_ms),
            },
        )
        self._looked_at[no] = None

    def _skip(self, event: e.TaskSkipped) -> None:
        node = self._tasks.node(event.node)
        moment = moment_text(event.at_ms)
        self._changes.put_task(
            event.task,
            {
                "node": event.node,
                "task_type": node.kind if node is not None else "",
                "status": "skipped",
                "started_at": moment,
                "completed_at": moment,
            },
        )

    def _retry(self, event: e.TaskRetried) -> None:
        task = self.state.tasks[event.task]
        values: Row = {"retry_count": task.attempt - 1}
        if task.override is not None:
            values["input_data"] = json_text(task.override)
        self._changes.amend_task(event.task, values)
        self._looked_at[event.task] = None

    def _settle(self, event: Settled) -> None:
        """Before the state forgets the task."""
        told = self._tasks[event.task]
        self._changes.made += lasted(self.state, told, event)
        values: Row = {"completed_at": moment_text(event.at_ms)}
        match event:
            case e.TaskCompleted():
                is_answer = told.kind == "model"
                output = plain_json(answer_of(event.output)) if is_answer else event.output
                values |= {"status": "completed", "output_data": json_text(output)}
                values["error_message"] = None
            case e.TaskFailed():
                values |= {"status": "failed", "error_message": event.failure.message}
            case e.TaskCancelled():
                values["status"] = "cancelled"
        self._changes.amend_task(event.task, values)
        self._memo.pop(event.task, None)
        self._shown.pop(event.task, None)
        self._looked_at.pop(event.task, None)
        if told.parent:
            self._looked_at[told.parent] = None

    # After the events of a commit

    def _show(self, no: TaskNo) -> None:
        task = self.state.tasks.get(no)
        if task is None:
            return
        # As of the session: it waits when all of its tasks do that have none below them.
        status = "running" if task.children or is_at_work(task) else "waiting"
        if self._shown.get(no) != status:
            self._shown[no] = status
            self._changes.amend_task(no, {"status": status})

    def _sum_up(self) -> None:
        if self.state.phase in TERMINAL and self._ended_at is None:
            # It ended before: what follows the end, as the parent's receipt, does not move it.
            return
        summary = self._summed_up()
        if summary != self._summary:
            self._summary = summary
            self._changes.of_session(summary, whole=False)

    def _summed_up(self) -> Row:
        """Return what of the session's row changes while it runs."""
        status, reason = status_of(self.state)
        is_reason = status in ("failed", "cancelled")
        message = reason or None if is_reason else None
        return {"status": status, "completed_at": self._ended_at, "error_message": message}


def inputs_text(state: SessionState, task: Task, program: Program | None, memo: Memo) -> str | None:
    """Return the inputs of an open task as JSON; None where it has none that are values."""
    if program is None or task.kind in _WITHOUT_INPUTS:
        return None
    if task.kind == "undo":
        assert task.override is not None, "a compensation knows what it undoes"
        return json_text({"output": task.override["output"]})
    if task.kind == "recover":
        return json_text({"error": _told(state.tasks[task.parent].failure)})
    try:
        return json_text(inputs_of(state, task, program, memo))
    except ExpressionFailed:
        # The task fails of it, and says so.
        return None


def _told(failure: Failure | None) -> Json:
    value: Json = msgspec.to_builtins(failure)
    return value
