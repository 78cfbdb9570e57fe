"""Rows of `agent_messages`: what agents say to each other and to people, and people to them."""

from collections.abc import Iterator

from tenuto.core.session import events as e
from tenuto.core.tables import Change, Row
from tenuto.core.vocabulary import JsonObject, SessionId, TaskNo, Version
from tenuto.views.event_json import plain_json
from tenuto.views.messages import Answered, Decided, Message, Returned, Signalled
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTasks
from tenuto.views.tables.json_text import json_text, plain_text
from tenuto.views.told import Told


class MessageRows:
    """Turns entries of `Messages` into rows. `tasks` are those at the event."""

    def __init__(self, session: SessionId, tenant: str, tasks: OpenTasks) -> None:
        self._session, self._tenant, self._tasks = session, tenant, tasks

    def of_entry(self, entry: Message) -> Iterator[Change]:
        """Yield a row for each who hears what `entry` says; mostly none."""
        about: JsonObject = {"task": entry.task, "path": entry.path}
        match entry:
            case Told() if entry.message:
                about |= {"message": entry.message}
                if entry.answers:
                    about["answers"] = entry.answers
                for to in entry.to:
                    yield self._row(
                        entry,
                        {
                            "from_agent_id": entry.agent,
                            "to_agent_id": to,
                            "message_type": entry.kind,
                            "content": entry.text,
                        },
                        about,
                        part=to,
                    )
            case Answered():
                yield self._answer(entry, about)
            case Returned() if entry.caller:
                said: Row = {"message_type": "result", "content": plain_text(entry.value)}
                if entry.error:
                    said = {"message_type": "error", "content": plain_text(entry.error)}
                said |= {"from_agent_id": entry.agent, "to_agent_id": entry.caller}
                yield self._row(entry, said, about)
            case Signalled():
                about = {"name": entry.name, "by": entry.by}
                said = {"message_type": "signal", "content": plain_text(entry.data)}
                yield self._row(entry, said, about)
            case Decided():
                about |= {"approved": entry.approved, "by": entry.by}
                said = {"message_type": "decision", "content": plain_text(entry.note)}
                yield self._row(entry, said, about)

    def of_calls(self, version: Version, event: e.ChildrenStarted) -> Iterator[Change]:
        """Yield a row for each agent that another one calls or leaves its task to."""
        if event.kind != "agent":
            return
        for offset in range(event.count):
            task = self._tasks[TaskNo(event.first + offset)]
            if task.call is None:
                continue
            given = task.call.arguments.get("task", task.call.arguments)
            values: Row = {
                "from_agent_id": self._tasks[event.parent].agent,
                "to_agent_id": task.agent,
                "message_type": "task",
                "content": plain_text(given),
                "created_at": moment_text(event.at_ms),
            }
            about: JsonObject = {"task": task.no, "path": self._tasks.path(task.no)}
            yield self._made(version, values, about, part=str(task.no))

    def _answer(self, entry: Answered, about: JsonObject) -> Change:
        about |= {
            "model": entry.model,
            "turn": entry.turn,
            "calls": [call.tool for call in entry.calls],
            "usage": plain_json(entry.usage),
        }
        if entry.fault:
            about["fault"] = entry.fault
        content = entry.text or ("" if entry.data is None else plain_text(entry.data))
        values: Row = {"from_agent_id": entry.agent, "message_type": "answer"}
        return self._row(entry, {**values, "content": plain_text(content)}, about)

    def _row(self, entry: Message, values: Row, about: JsonObject, *, part: str = "") -> Change:
        values = {**values, "created_at": moment_text(entry.at_ms)}
        return self._made(entry.version, values, about, part=part)

    def _made(self, version: Version, values: Row, about: JsonObject, *, part: str) -> Change:
        id_ = f"{self._session}:{version}{':' if part else ''}{part}"
        row: Row = {
            "id": id_,
            "tenant": self._tenant,
            "session_id": self._session,
            "number": version,
            "from_agent_id": None,
            "to_agent_id": None,
            **values,
            "metadata": json_text(about),
        }
        return Change(table="agent_messages", key=(id_,), values=row, whole=True)
