"""What an agent learns from a task: that it was done, what it came to, and by which tools."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core.agent.compacting import COMPACT, without_summaries
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.agent.remembering import MemoryPolicy, first_text, own_scope
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.agent.strategy import as_text, next_purpose, output_of
from tenuto.core.memory import procedures
from tenuto.core.memory.items import TEXT_CHARS_MAX, MemoryItem, MemoryKind, Source
from tenuto.core.memory.judging import is_junk
from tenuto.core.session.effects import AskModel
from tenuto.core.session.labelling import joined
from tenuto.core.vocabulary import SessionId
from tenuto.ports.memory import MemoryQuery
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.task_memory import expiry

IMPORTANCE: Final[dict[MemoryKind, float]] = {"episodic": 0.4, "procedural": 0.6}
"""Of what nobody has asked to remember: below what somebody has."""

_EXCERPT: Final = 500
"""Characters of a question and of an answer that an episode holds."""


async def lessons(
    rememberer: Rememberer, turn: AskModel, request: ModelRequest, answer: ModelAnswer
) -> list[MemoryItem]:
    """Return what is to be kept after an answer, new and changed; nothing while a task goes on but
    summaries, and that the procedures it was told of are tried.

    Raises:
        MemoryUnavailable: what is known cannot be looked up.
    """
    lesson = _Lesson(rememberer, turn, request, answer)
    after = AgentState(turns=[*turn.turns.turns, Turn(answer=answer, results=[])])
    items = await lesson.begun(answer)
    if answer.purpose == COMPACT:
        return [lesson.item("episodic", answer.text)]
    if answer.calls or answer.fault or answer.finish != "stop":
        return items
    if next_purpose(after, turn.agent) is not None:
        return items
    asked, output = first_text(request.inputs), as_text(output_of(after))
    text = f"Asked: {_short(asked)}\nAnswered: {_short(output)}"
    ended = await lesson.ended(without_summaries(after).turns)
    # Of an item that is in both, the one that was begun is ended.
    known = {one.id: one for one in (*items, *ended)}.values()
    if is_junk(asked) and is_junk(output):
        # A greeting and its like: nobody will want to know.
        return [*known]
    return [*known, lesson.episode(text)]


class _Lesson:
    """What one turn teaches."""

    def __init__(
        self,
        rememberer: Rememberer,
        turn: AskModel,
        request: ModelRequest,
        answer: ModelAnswer,
    ) -> None:
        self._rememberer, self._turn, self._request = rememberer, turn, request
        self._now_ms = rememberer.clock.now_ms()
        # What the first turn recalls is recorded with its answer: its task does not bear it yet.
        self._labels = joined(turn.labels, *(one.labels for one in answer.recalled))
        policy = turn.agent.memory or MemoryPolicy()
        self._keep_days = policy.keep_days
        self._scope = own_scope(
            policy, tenant=request.tenant, agent=turn.agent.name, user=request.user
        )

    async def begun(self, answer: ModelAnswer) -> list[MemoryItem]:
        """Return the procedures that the task was told of, tried once more."""
        known = await self._procedures(answer)
        return [procedures.begun(one, self._task) for one in known]

    async def ended(self, turns: Sequence[Turn]) -> list[MemoryItem]:
        """Return the procedures that the task was told of, and the one that it was done by."""
        steps = procedures.steps_of(turns[:-1])
        told = [
            procedures.ended(procedures.begun(one, self._task), self._task, steps)
            for one in await self._procedures(turns[0].answer)
        ]
        if not steps or len(steps) > procedures.STEPS_MAX:
            return told
        kind = f"agent {self._turn.agent.name} at {self._turn.node}"
        key = procedures.key_of(kind, steps)
        if any(one.key == key for one in told):
            return told
        return [*told, await self._done_by(kind, key, steps)]

    async def _done_by(self, kind: str, key: str, steps: list[str]) -> MemoryItem:
        """Return the procedure of the task: the one that is known, or a new one."""
        query = MemoryQuery(
            tenant=self._scope.tenant,
            agent=self._scope.agent,
            user=self._scope.user,
            kind="procedural",
            key=key,
            current_at_ms=self._now_ms,
            limit=1,
        )
        for known in await self._rememberer.items(query):
            return procedures.ended(procedures.begun(known, self._task), self._task, steps)
        example = first_text(self._request.inputs)[:120]
        new = self.item("procedural", procedures.in_words(kind, steps, example))
        return msgspec.structs.replace(
            procedures.begun(new, self._task),
            key=key,
            successes=1,
            data={**procedures.data_of(steps), "begun": self._task, "ended": self._task},
        )

    async def _procedures(self, answer: ModelAnswer) -> tuple[MemoryItem, ...]:
        ids = tuple(one.id for one in answer.recalled if one.kind == "procedural")
        if not ids:
            return ()
        return await self._rememberer.items(MemoryQuery(tenant=self._request.tenant, ids=ids))

    @property
    def _task(self) -> str:
        """What names the task in a procedure, so that it is counted once."""
        return f"{self._request.session}:{self._turn.agent_task}"

    def episode(self, text: str) -> MemoryItem:
        """Return what the task came to: one item, also where messages make it answer again."""
        item = self.item("episodic", text)
        return msgspec.structs.replace(item, id=f"{self._task}#episodic")

    def item(self, kind: MemoryKind, text: str) -> MemoryItem:
        """Return what is to be kept, under an id that the turn alone gives."""
        return MemoryItem(
            id=f"{self._turn.effect}#{kind}",
            scope=self._scope,
            kind=kind,
            text=text[:TEXT_CHARS_MAX],
            importance=IMPORTANCE[kind],
            labels=self._labels,
            source=Source(SessionId(self._request.session), self._turn.task),
            created_ms=self._now_ms,
            expires_ms=expiry(self._keep_days, self._now_ms),
        )


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
