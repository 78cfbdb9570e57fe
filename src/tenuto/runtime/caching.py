"""Gives answers of models again: looks one up before a model is asked, and keeps what it said.

What may be given again to whom is a matter of rules: `core/agent/reuse.py`. A cache that is away is
no failure of the turn: the model is asked.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Final

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tenuto.core.agent.reuse import CACHE_HIT, Asked, asked, may_be_kept, may_be_reused
from tenuto.core.errors import CorruptLog, PortError, Rejected
from tenuto.core.session.effects import AskModel
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.clock import Clock
from tenuto.ports.embedder import Embedder
from tenuto.ports.responses import Found, Response, Responses
from tenuto.runtime.record import Record

LOOK_UP_S_MAX: Final = 5.0
"""Looking for longer would cost more than it saves."""

ANSWER_BYTES_MAX: Final = 256 * 1024
"""A longer answer is not kept."""

THRESHOLD_SAME_WORDS: Final = 0.3
"""Where two questions have the same words, and the embedder only has to see nothing amiss. Source:
docs/benchmarks.md, "The cache of answers"."""
THRESHOLD: Final = 0.92

_AWAY: Final = (PortError, CorruptLog, TimeoutError)

_log: Final = logging.getLogger("tenuto")


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """How answers of models are kept to be given again: `tenuto.open(cache=Cache(…))`.

    It is for agents that say so, by `cache="exact"` or `cache="semantic"`."""

    ttl_seconds: float = 86_400.0
    """How old an answer may be, where its agent does not say."""
    threshold: float | None = None
    """How near each other the embedder must see two questions, 0 to 1. None: 0.3 where they have
    the same words, else 0.92."""
    entries_max: int = 10_000
    """Answers that are kept; the oldest go first."""
    across_users: bool = False
    """True: users of one tenant share answers."""
    same_words: bool = True
    """False: questions may differ in words that are no negation, opposite, number, name or
    quotation. For an embedder that knows what words mean."""
    embedder: Embedder | None = None
    """None: the one that comes with Tenuto, which knows words by their letters."""

    @property
    def least(self) -> float:
        """Return the threshold that holds."""
        if self.threshold is not None:
            return self.threshold
        return THRESHOLD_SAME_WORDS if self.same_words else THRESHOLD

    def check(self) -> None:
        """Check that the settings make sense.

        Raises:
            Rejected: one does not.
        """
        if not 0 < self.ttl_seconds < float("inf"):
            raise Rejected(f"Cache has ttl_seconds={self.ttl_seconds}; give it more than 0.")
        if not 0 <= self.least <= 1:
            raise Rejected(f"Cache has threshold={self.threshold}; give it 0 to 1.")
        if self.entries_max < 1:
            raise Rejected(f"Cache has entries_max={self.entries_max}; give it 1 or more.")


class LookUp(msgspec.Struct, kw_only=True):
    """What was looked for, and what was found."""

    asked: Asked
    safe: Collection[str]
    ttl_ms: int
    vector: list[float] | None = None
    answer: ModelAnswer | None = None
    """None: nothing that fits."""


class AnswerCache:
    """Answers that were given, for the asker of one process."""

    def __init__(
        self, responses: Responses, *, embedder: Embedder, clock: Clock, settings: Cache
    ) -> None:
        self._responses, self._embedder, self._clock = responses, embedder, clock
        self._settings = settings

    async def look_up(
        self, turn: AskModel, request: ModelRequest, record: Record, *, safe: Collection[str]
    ) -> LookUp | None:
        """Return what is known of a request; None where the model must be asked and its answer is
        not to be kept.

        `safe` are the names of the tools that change nothing in the world. What a hit saved is
        added to the record."""
        agent, settings = turn.agent, self._settings
        if agent.cache == "off" or not may_be_reused(request, turn.turns, safe=safe):
            return None
        if turn.callers and agent.name in turn.callers[0].handoffs:
            # Its task holds what came of another agent's calls, as text.
            return None
        keys = asked(
            request,
            agent,
            labels=tuple(sorted({*turn.labels, *record.labels})),
            across_users=settings.across_users,
            same_words=settings.same_words,
        )
        ttl_ms = agent.cache_ttl_ms or round(settings.ttl_seconds * 1000)
        look_up = LookUp(asked=keys, safe=safe, ttl_ms=ttl_ms)
        try:
            async with asyncio.timeout(LOOK_UP_S_MAX):
                # What was tried before did not do: it must not come from here again.
                if turn.attempt == 1:
                    await self._find(look_up, record.notes)
                if look_up.vector is None and keys.scope and look_up.answer is None:
                    look_up.vector = await self._embedded(keys.question)
        except _AWAY as error:
            _log.warning("The cache of answers is away, so the model is asked: %s", error)
        return look_up

    def keep(self, turn: AskModel, look_up: LookUp, answer: ModelAnswer, *, fault: str) -> None:
        """Keep what a model said, if it is worth it. `fault`: how it misses its schema."""
        if look_up.answer is not None or fault or not may_be_kept(answer, safe=look_up.safe):
            return
        if len(msgspec.msgpack.encode(answer)) > ANSWER_BYTES_MAX:
            return
        now_ms = self._clock.now_ms()
        # An answer that wants tools called goes with the very words that led to it.
        alike = look_up.vector is not None and any(look_up.vector) and not answer.calls
        self._responses.keep(
            Response(
                key=look_up.asked.key,
                tenant=turn.request.tenant,
                agent=turn.agent.name,
                answer=answer,
                kept_ms=now_ms,
                expires_ms=now_ms + look_up.ttl_ms,
                scope=look_up.asked.scope if alike else "",
                vector=(look_up.vector or ()) if alike else (),
            )
        )

    async def _find(self, look_up: LookUp, notes: list[Note]) -> None:
        keys, since_ms = look_up.asked, self._clock.now_ms() - look_up.ttl_ms
        found = await self._responses.find(keys.key, since_ms=since_ms)
        how: Found = "exact"
        likeness = 1.0
        if found is None and keys.scope:
            look_up.vector = await self._embedded(keys.question)
            near = await self._responses.nearest(keys.scope, look_up.vector, since_ms=since_ms)
            if near is not None and near.likeness >= self._settings.least - _ROUNDING:
                found, how, likeness = near.response, "semantic", near.likeness
        if found is None:
            return
        self._responses.count(found.key, how)
        look_up.answer = msgspec.structs.replace(found.answer, usage=Usage(), cached=how, trail=())
        notes.append(Note(CACHE_HIT, self._told(found, how, likeness)))

    def _told(self, found: Response, how: Found, likeness: float) -> JsonObject:
        usage = found.answer.usage
        told: JsonObject = {
            "how": how,
            "age_ms": self._clock.now_ms() - found.kept_ms,
            "saved": {
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "usd": usage.cost_usd,
            },
        }
        return told if how == "exact" else {**told, "likeness": round(likeness, 4)}

    async def _embedded(self, text: str) -> list[float]:
        # A large embedder computes for a while.
        (vector,) = await asyncio.to_thread(self._embedder.embed, [text])
        return vector


_ROUNDING: Final = 1e-5
"""Vectors are kept as 32-bit numbers: the same text has a likeness of nearly 1."""
