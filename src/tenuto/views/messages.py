"""What was said in a session: inputs, models' answers, results of calls, notes, decisions."""

from typing import TypeAlias

import msgspec

from tenuto.core.agent.messages import Recollection, Usage
from tenuto.core.agent.writing import offered
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, JsonObject, SessionId, Version
from tenuto.core.workflow.addresses import addresses_of
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.open_tasks import NO_TASK, OpenTask, OpenTasks, answer_of
from tenuto.views.told import Entry, Posts, Read, Told, Unread


class Asked(Entry, frozen=True, kw_only=True, tag="asked"):
    """The session was started with these inputs, or took up where another's log ends."""

    inputs: JsonObject
    origin: SessionId | None = None


class Answered(Entry, frozen=True, kw_only=True, tag="answered"):
    """An agent's model answered."""

    agent: str
    model: str
    turn: int
    """From 1."""
    text: str
    data: Json
    calls: tuple["Wish", ...]
    usage: Usage
    fault: str
    """How the output missed the agent's schema, in words."""
    recalled: tuple[Recollection, ...] = ()
    """What the agent remembered when its task began; with its first answer only."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a model asked for."""

    tool: str
    arguments: JsonObject
    is_message: bool = False
    """It is a message to another agent: an entry of its own tells it."""


class Returned(Entry, frozen=True, kw_only=True, tag="returned"):
    """A call that a model asked for gave a value, or an error in words."""

    agent: str
    tool: str
    arguments: JsonObject
    value: Json = None
    error: str = ""
    caller: str = ""
    """The agent that made the call, where `agent` is the one that was called."""


class Put(Entry, frozen=True, kw_only=True, tag="noted"):
    """A task put something on record: a claim, a citation, a measurement."""

    kind: str
    data: Json


class Signalled(Entry, frozen=True, kw_only=True, tag="signalled"):
    """Somebody sent a signal."""

    name: str
    data: Json
    by: str


class Decided(Entry, frozen=True, kw_only=True, tag="decided"):
    """A person, or expiry, decided."""

    approved: bool
    by: str
    note: str


Message: TypeAlias = Asked | Answered | Returned | Put | Signalled | Decided | Told | Read | Unread


class Messages:
    """The fold. It keeps nothing of what it gave."""

    def __init__(
        self, definition: WorkflowDefinition | None = None, *, tasks: OpenTasks | None = None
    ) -> None:
        self._tasks = OpenTasks(definition) if tasks is None else tasks
        self._posts = Posts(self._tasks)
        self._addresses = addresses_of(definition) if definition is not None else {}

    def add(self, version: Version, event: e.SessionEvent) -> Message | None:
        """Fold one event and return what it says, mostly nothing."""
        self._tasks.begin(event)
        message = self.said(version, event)
        self._tasks.end(event)
        return message

    def said(self, version: Version, event: e.SessionEvent) -> Message | None:
        """Return what `event` says, with the tasks at it: for who folds them himself."""
        return (
            self._posts.add(version, event)
            or self._session(version, event)
            or self._task(version, event)
        )

    def _session(self, version: Version, event: e.SessionEvent) -> Message | None:
        match event:
            case e.SessionStarted():
                return Asked(
                    version=version, at_ms=event.at_ms, task=NO_TASK, path="", inputs=event.inputs
                )
            case e.SessionForked():
                return Asked(
                    version=version,
                    at_ms=event.at_ms,
                    task=NO_TASK,
                    path="",
                    inputs=event.patch,
                    origin=event.origin,
                )
            case e.SignalReceived():
                return Signalled(
                    version=version,
                    at_ms=event.at_ms,
                    task=NO_TASK,
                    path="",
                    name=event.name,
                    data=event.data,
                    by=event.by,
                )
        return None

    def _task(self, version: Version, event: e.SessionEvent) -> Message | None:
        match event:
            case e.Noted():
                return Put(
                    version=version,
                    at_ms=event.at_ms,
                    task=event.task,
                    path=self._tasks.path(event.task),
                    kind=event.kind,
                    data=event.data,
                )
            case e.ApprovalDecided():
                return Decided(
                    version=version,
                    at_ms=event.at_ms,
                    task=event.task,
                    path=self._tasks.path(event.task),
                    approved=event.approved,
                    by=event.by,
                    note=event.note,
                )
            case e.TaskCompleted():
                task = self._tasks[event.task]
                if task.kind == "model":
                    return self._answered(version, event, task)
                if task.call is not None:
                    return self._returned(version, event, task)
            case e.TaskFailed():
                task = self._tasks[event.task]
                if task.call is not None:
                    return self._returned(version, event, task)
        return None

    def _answered(self, version: Version, event: e.TaskCompleted, task: OpenTask) -> Answered:
        answer = answer_of(event.output)
        messages = offered(self._addresses.get(task.agent))
        return Answered(
            version=version,
            at_ms=event.at_ms,
            task=task.no,
            path=self._tasks.path(task.parent),
            agent=task.agent,
            model=task.model,
            turn=task.index + 1,
            text=answer.text,
            data=answer.data,
            calls=tuple(
                Wish(tool=call.tool, arguments=call.arguments, is_message=call.tool in messages)
                for call in answer.calls
            ),
            usage=answer.usage,
            fault=answer.fault,
            recalled=answer.recalled,
        )

    def _returned(
        self, version: Version, event: e.TaskCompleted | e.TaskFailed, task: OpenTask
    ) -> Returned:
        assert task.call is not None, "only a call of a model returns to it"
        return Returned(
            version=version,
            at_ms=event.at_ms,
            task=task.no,
            path=self._tasks.path(task.parent),
            agent=task.agent,
            tool=task.call.tool,
            arguments=task.call.arguments,
            value=event.output if isinstance(event, e.TaskCompleted) else None,
            error=event.failure.message if isinstance(event, e.TaskFailed) else "",
            caller=self._tasks[task.parent].agent if task.kind == "agent" else "",
        )
