"""What an agent with a memory does around its turns: it recalls when a task begins, and keeps what
it did when the task comes to its answer.

Everything kept has an id made of the turn that it came from, so a turn that is asked again after a
crash keeps nothing twice. A memory that is away stops no agent (DESIGN 3.4, partial): it goes on
without, and that is on record.
"""

from contextvars import ContextVar
from typing import Final

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Recollection
from tenuto.core.agent.remembering import MemoryPolicy, first_text, reminded, seen_scopes
from tenuto.core.memory import procedures
from tenuto.core.memory.items import TEXT_CHARS_MAX
from tenuto.core.session.effects import AskModel
from tenuto.core.session.inputs import Note
from tenuto.ports.memory import MemoryUnavailable
from tenuto.runtime.learning import lessons
from tenuto.runtime.remembering import Keeper, Rememberer
from tenuto.runtime.task_memory import KEPT

AWAY: Final = "memory.away"
"""Kind of the note that tells that an agent worked without its memory."""


_RECALLED: ContextVar[tuple[Recollection, ...]] = ContextVar("recalled", default=())
"""Of the turn that is being asked: each turn is asked in a context of its own, which begins with
what is set in that of the turn before it."""


class Recollecting:
    """The part around turns that remembers; agents without a memory pass it untouched."""

    def __init__(self, rememberer: Rememberer) -> None:
        self._rememberer = rememberer

    def looks_at(self, turn: AskModel) -> bool:
        """Return whether the agent has a memory. See `AroundTurn.looks_at`."""
        return turn.agent.memory is not None

    async def before(
        self, turn: AskModel, request: ModelRequest, notes: list[Note]
    ) -> ModelRequest:
        """Return the first request of a task with what its agent remembers of such tasks."""
        # The turn before it may have been another agent's.
        _RECALLED.set(())
        policy = turn.agent.memory
        if policy is None or not policy.recall or request.turn:
            return request
        try:
            recalled = await self._recall(turn, request, policy)
        except MemoryUnavailable as error:
            notes.append(Note(AWAY, {"agent": turn.agent.name, "reason": str(error)}))
            return request
        if not recalled:
            return request
        _RECALLED.set(recalled)
        return reminded(request, recalled)

    async def after(
        self, turn: AskModel, request: ModelRequest, answer: ModelAnswer, notes: list[Note]
    ) -> ModelAnswer:
        """Return the answer with what was recalled for it, and keep what the task came to."""
        policy = turn.agent.memory
        if policy is None:
            return answer
        recalled = _RECALLED.get()
        if recalled and not request.turn:
            answer = msgspec.structs.replace(answer, recalled=recalled)
        try:
            items = await lessons(self._rememberer, turn, request, answer) if policy.learn else []
            if items:
                await self._rememberer.keep(items, keeper=Keeper(turn.agent, turn.guards))
        except MemoryUnavailable as error:
            notes.append(Note(AWAY, {"agent": turn.agent.name, "reason": str(error)}))
            return answer
        notes.extend(
            Note(KEPT, {"id": item.id, "kind": item.kind, "key": item.key}) for item in items
        )
        return answer

    async def _recall(
        self, turn: AskModel, request: ModelRequest, policy: MemoryPolicy
    ) -> tuple[Recollection, ...]:
        scopes = seen_scopes(tenant=request.tenant, agent=turn.agent.name, user=request.user)
        found = await self._rememberer.recall(
            scopes,
            first_text(request.inputs)[:TEXT_CHARS_MAX],
            kinds=policy.kinds,
            limit=policy.recall,
        )
        await self._rememberer.count(found)
        room, recalled = policy.characters, []
        for one in found:
            item = one.item
            text = item.text
            if item.kind == "procedural" and item.tries:
                text = f"{text} {procedures.rate(item)}"
            if len(text) <= room:
                room -= len(text)
                recalled.append(
                    Recollection(id=item.id, kind=item.kind, text=text, labels=item.labels)
                )
        return tuple(recalled)
