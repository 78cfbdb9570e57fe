"""Messages between agents: sent, read, and at the end those that nobody has read."""

from typing import TypeAlias

import msgspec

from tenuto.core.agent.state import MessageKind
from tenuto.core.session import events as e
from tenuto.core.session.mailbox import Receipt
from tenuto.core.vocabulary import TaskNo, Version
from tenuto.views.open_tasks import OpenTask, OpenTasks


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What every entry has. `path` names the task, as `research[2]`; empty for the session."""

    version: Version
    at_ms: int
    task: TaskNo
    path: str


class Told(Entry, frozen=True, kw_only=True, tag="told"):
    """An agent wrote to others, or tried to."""

    agent: str
    to: tuple[str, ...]
    text: str
    message: int = 0
    """Its number in the session; 0: it was not sent."""
    kind: MessageKind = "notification"
    answers: int = 0
    """Of a response: the request."""
    error: str = ""
    """Why it was not sent."""


class Read(Entry, frozen=True, kw_only=True, tag="read"):
    """A turn of an agent was shown messages."""

    agent: str
    messages: tuple[int, ...]


class Unread(Entry, frozen=True, kw_only=True, tag="unread"):
    """The session ended, and these messages had not reached these agents."""

    messages: dict[int, tuple[str, ...]]


Post: TypeAlias = Told | Read | Unread

_ENDS = (e.SessionCompleted, e.SessionFailed, e.SessionCancelled)


class Posts:
    """The fold. It keeps who has still to read what."""

    def __init__(self, tasks: OpenTasks) -> None:
        self._tasks = tasks
        self._unread: dict[int, tuple[str, ...]] = {}

    def add(self, version: Version, event: e.SessionEvent) -> Post | None:
        """Fold one event, with `tasks` at it, and return what it says of messages."""
        match event:
            case e.TaskCompleted() | e.TaskFailed():
                task = self._tasks[event.task]
                return self._told(version, event, task) if task.kind == "message" else None
            case e.ChildrenStarted(shown=e.Shown() as shown):
                return self._read(version, event, shown)
            case _ if isinstance(event, _ENDS) and self._unread:
                unread, self._unread = self._unread, {}
                return Unread(
                    version=version, at_ms=event.at_ms, task=TaskNo(0), path="", messages=unread
                )
        return None

    def _told(
        self, version: Version, event: e.TaskCompleted | e.TaskFailed, task: OpenTask
    ) -> Told:
        assert task.call is not None, "a message is a call"
        arguments = task.call.arguments
        entry = Told(
            version=version,
            at_ms=event.at_ms,
            task=task.no,
            path=self._tasks.path(task.parent),
            agent=task.agent,
            to=(str(arguments["to"]),) if "to" in arguments else (),
            text=str(arguments.get("text", "")),
        )
        if isinstance(event, e.TaskFailed):
            return msgspec.structs.replace(entry, error=event.failure.message)
        receipt = msgspec.convert(event.output, Receipt)
        self._unread[receipt.message] = receipt.to
        return msgspec.structs.replace(
            entry,
            to=receipt.to,
            message=receipt.message,
            kind=receipt.kind,
            answers=receipt.answers,
        )

    def _read(self, version: Version, event: e.ChildrenStarted, shown: e.Shown) -> Read:
        for no in shown.messages:
            left = tuple(name for name in self._unread.pop(no, ()) if name != shown.agent)
            if left:
                self._unread[no] = left
        return Read(
            version=version,
            at_ms=event.at_ms,
            task=event.parent,
            path=self._tasks.path(event.parent),
            agent=shown.agent,
            messages=shown.messages,
        )
