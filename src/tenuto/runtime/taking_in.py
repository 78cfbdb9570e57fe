"""Takes the log of all sessions, and the ledger, into the read models, from where they are."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core.tables import Change
from tenuto.core.vocabulary import Position
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import EntryQuery, Ledger
from tenuto.ports.read_models import Elsewhere, Reached, ReadModels
from tenuto.runtime.projected import Folds
from tenuto.runtime.projected_agents import AgentRows

COMMITS_AT_ONCE: Final = 200
"""Commits whose changes are written together: a few milliseconds of the writer's time."""
_YIELD_EVERY: Final = 20
"""Commits that are folded before others get their turn of the loop."""


class Intake:
    """What is taken in, and who waits for it. Its methods but for `move` are called one at a
    time."""

    def __init__(
        self, store: EventStore, models: ReadModels, folds: Folds, *, ledger: Ledger | None
    ) -> None:
        self.ledger = ledger
        self.reached = Reached()
        """How far the tables were when this process wrote them or looked at them last."""
        self.is_open = False
        """Whether folds and tables are of one place."""
        self._store, self._models, self._folds = store, models, folds
        self._agents = AgentRows(models)
        self._moved: asyncio.Future[None] | None = None

    @property
    def is_awaited(self) -> bool:
        """Return whether somebody waits for the tables to move."""
        return self._moved is not None

    async def move(self) -> None:
        """Return when the tables have moved."""
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._moved)

    async def look(self) -> None:
        """Tell who waits how far another process has come."""
        self.is_open = False
        self._note(await self._models.reached())

    async def take_all_at_last(self) -> Reached:
        """Do what `take_all` does, from where another process came to if need be."""
        while True:
            try:
                return await self.take_all()
            except Elsewhere:
                continue

    async def take_all(self) -> Reached:
        """Return how far the tables are, once they have taken in what is there."""
        if not self.is_open:
            await self._open()
        await self._take_ledger()
        while await self._advance():
            pass
        return self.reached

    async def _open(self) -> None:
        """Begin from what is written."""
        self._note(await self._models.reached())
        self._folds.clear()
        self._agents.clear()
        self.is_open = True

    async def _advance(self) -> bool:
        """Take in the next commits; return whether there were any."""
        commits = await self._store.read(after=self.reached.position, limit=COMMITS_AT_ONCE)
        if not commits:
            return False
        changes: list[Change] = []
        for n, commit in enumerate(commits, start=1):
            if commit.is_pruned:
                continue
            changed, started = await self._folds.take(commit)
            changes += changed
            if started is not None:
                changes += await self._agents.of_session(started)
            if not n % _YIELD_EVERY:
                await asyncio.sleep(0)
        await self._apply(changes, position=commits[-1].position)
        return True

    async def _take_ledger(self) -> None:
        if self.ledger is None:
            return
        while True:
            query = EntryQuery(kind="agent", after=self.reached.entry, limit=COMMITS_AT_ONCE)
            entries = await self.ledger.entries(query)
            if not entries:
                return
            changes: list[Change] = []
            for entry in entries:
                changes += await self._agents.of_entry(entry)
            await self._apply(changes, entry=entries[-1].number)

    async def _apply(self, changes: Sequence[Change], **moved: int | Position) -> None:
        reached = msgspec.structs.replace(self.reached, **moved)
        try:
            await self._models.apply(changes, reached, before=self.reached)
        except BaseException:
            # Folds are ahead of the tables now.
            self.is_open = False
            raise
        self._note(reached)

    def _note(self, reached: Reached) -> None:
        """Tell who waits how far the tables are."""
        if reached == self.reached:
            return
        self.reached = reached
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None
