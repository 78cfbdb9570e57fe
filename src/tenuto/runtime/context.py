"""What a function or tool is told about the task it works for."""

from typing import Any

from tenuto.core.errors import Escalatable
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import EffectId, SessionId, TaskNo
from tenuto.runtime.json_values import to_json
from tenuto.runtime.record import Record
from tenuto.runtime.task_memory import TaskMemory


class Context:
    """Facts of one attempt, and a way to put things on record.

    `effect_id` is the same in every attempt and after every restart: hand it to the outside world
    as the idempotency key."""

    __slots__ = ("_memory", "_record", "attempt", "effect_id", "node", "session_id", "task")

    def __init__(
        self, session_id: SessionId, effect_id: EffectId, *, task: TaskNo, node: str, attempt: int
    ) -> None:
        self.session_id, self.effect_id = session_id, effect_id
        self.task, self.node, self.attempt = task, node, attempt
        self._record = Record()
        self._memory: TaskMemory | None = None

    def attach(self, record: Record, memory: TaskMemory | None) -> None:
        """Say where its notes and labels go, and what it remembers. For the runtime."""
        self._record, self._memory = record, memory

    @property
    def notes(self) -> list[Note]:
        """What was put on record."""
        return self._record.notes

    @property
    def memory(self) -> TaskMemory:
        """What agents and functions remember of the session's user, from session to session.

        Raises:
            Escalatable: this process keeps no memory.
        """
        if self._memory is None:
            message = "This process keeps no memory; open it with tenuto.open."
            raise Escalatable(message, code="no_memory")
        return self._memory

    def note(self, kind: str, data: Any = None) -> None:
        """Put `data` on record as an event `Noted`, together with the outcome of this attempt.

        Raises:
            NotJson: `data` is what JSON cannot hold.
        """
        self._record.notes.append(Note(kind, to_json(data)))

    def label(self, *labels: str) -> None:
        """Say what is true of what this attempt gives, as `untrusted`; see the guide to
        permissions."""
        self._record.labels.update(labels)
