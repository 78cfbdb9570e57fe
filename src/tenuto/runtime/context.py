"""What a function or tool is told about the task it works for."""

from typing import Any

from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import EffectId, SessionId, TaskNo
from tenuto.runtime.json_values import to_json


class Context:
    """Facts of one attempt, and a way to put things on record.

    `effect_id` is the same in every attempt and after every restart: hand it to the outside world
    as the idempotency key."""

    __slots__ = ("attempt", "effect_id", "node", "notes", "session_id", "task")

    def __init__(
        self, session_id: SessionId, effect_id: EffectId, *, task: TaskNo, node: str, attempt: int
    ) -> None:
        self.session_id, self.effect_id = session_id, effect_id
        self.task, self.node, self.attempt = task, node, attempt
        self.notes: list[Note] = []

    def note(self, kind: str, data: Any = None) -> None:
        """Put `data` on record as an event `Noted`, together with the outcome of this attempt.

        Raises:
            NotJson: `data` is what JSON cannot hold.
        """
        self.notes.append(Note(kind, to_json(data)))
