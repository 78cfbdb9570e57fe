"""Wakes sessions at their deadlines: those of this process."""

from contextlib import suppress

from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import EventStore, HeadQuery
from tenuto.runtime.chores import Chores
from tenuto.runtime.deadlines import Deadlines
from tenuto.runtime.holdings import Moved
from tenuto.runtime.insisting import insist
from tenuto.runtime.owning import Owning
from tenuto.runtime.residents import Residents
from tenuto.runtime.turns import Turns

_DUE_MAX = 100_000


class Waking:
    """Keeps the deadlines that are this process's."""

    def __init__(
        self, store: EventStore, clock: Clock, owning: Owning, *, residents: Residents, turns: Turns
    ) -> None:
        self._store, self._clock, self._owning = store, clock, owning
        self._residents, self._turns = residents, turns
        self.chores = Chores()
        """What is done beside everything else, this and other things."""
        self.deadlines = Deadlines(clock, self._wake, self._due_before)

    def _wake(self, session: SessionId) -> None:
        async def wake() -> None:
            # Another process keeps the deadlines of what it has.
            with suppress(Moved):
                live = await self._residents.get(session)
                self._turns.put(live, i.Wake(at_ms=self._clock.now_ms()))

        self.chores.add(insist(wake))

    async def _due_before(self, moment_ms: int) -> list[tuple[int, SessionId]]:
        if self._owning.sharing is not None:
            return await self._owning.sharing.due_before(moment_ms)
        query = HeadQuery(wake_before_ms=moment_ms, limit=_DUE_MAX)
        heads = await self._store.heads(query)
        return [(head.wake_ms, head.session) for head in heads if head.wake_ms is not None]
