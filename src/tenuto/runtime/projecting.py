"""Keeps the read models: follows the log of all sessions, and the ledger, and writes what follows.

The tables are always as of one place in the log, which is written with them. So whoever dies goes
on from there, and nothing is missed or counted twice; to make the tables again is to empty them and
to go on. Sessions do not wait for this: what it has not taken in yet is in the log.

Of several processes on one database one keeps the tables (`DUTY`). That spares work and is not what
makes them right: who writes says from which place, and is refused where another one has written.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from tenuto.core.errors import StoreUnavailable
from tenuto.core.tables import Change
from tenuto.core.vocabulary import Position
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import EntryQuery, Ledger
from tenuto.ports.read_models import Elsewhere, Reached, ReadModels
from tenuto.runtime.projected import Folds
from tenuto.runtime.projected_agents import AgentRows

DUTY: Final = "projecting"

COMMITS_AT_ONCE: Final = 200
"""Commits whose changes are written together: a few milliseconds of the writer's time."""
GATHER_S: Final = 0.05
"""How long commits are left to come together when nobody waits for their rows."""
LOOK_S: Final = 1.0
"""How often the ledger is looked at while no session does anything; and whether the tables are
still where this process left them, and its to keep."""
WATCH_S: Final = 0.02
"""How often it is looked how far another process has come, while somebody waits for it."""
_YIELD_EVERY: Final = 20
"""Commits that are folded before others get their turn of the loop."""
_AWAY_S: Final = 0.5

_log: Final = logging.getLogger("tenuto")


def _always() -> bool:
    return True


class Projector:
    """Writes a database's read models. `run` it, or `catch_up` once."""

    def __init__(
        self, store: EventStore, models: ReadModels, folds: Folds, *, ledger: Ledger | None = None
    ) -> None:
        self.models, self.ledger = models, ledger
        self.leads: Callable[[], bool] = _always
        """Whether this process keeps the tables now; set by who composes."""
        self._store, self._folds = store, folds
        self._reached = Reached()
        self._is_open = False
        """Whether folds and tables are of one place."""
        self._agents = AgentRows(models)
        self._turn = asyncio.Lock()
        self._news, self._hurry = asyncio.Event(), asyncio.Event()
        self._moved: asyncio.Future[None] | None = None
        self._closing = False

    async def run(self) -> None:
        """Keep the tables, or watch them where another process does, until `close`, or until the
        store is closed."""
        while not self._closing:
            try:
                if not self.leads():
                    await self._watch()
                elif await self._keep():
                    return
            except StoreUnavailable as error:
                _log.warning("Read models wait: %s", error)
                await asyncio.sleep(_AWAY_S)
            except Elsewhere:
                # Another process writes them, to make them again: it goes on without being outrun.
                await asyncio.sleep(_AWAY_S)

    def close(self) -> None:
        """Have `run` end after what it is at."""
        self._closing = True
        self.wake()

    def wake(self) -> None:
        """Take in at once what is new, in the ledger too."""
        self._news.set()
        self._hurry.set()

    async def catch_up(self) -> Reached:
        """Return how far the tables are, once they have taken in what was in the log by now."""
        async with self._turn:
            # Another process may have moved it.
            self._is_open = False
            return await self._take_all_at_last()

    async def rebuild(self) -> Reached:
        """Empty the tables and make them again from the log; return how far they are."""
        async with self._turn:
            self._is_open = False
            await self.models.clear()
            return await self._take_all_at_last()

    async def wait_for(self, position: int) -> None:
        """Return once the tables have taken in the event at `position`. Only while `run` runs."""
        if not self.leads():
            # They may have been made again since this process looked last.
            await self._look()
        while self._reached.position < position:
            if self._moved is None:
                self._moved = asyncio.get_running_loop().create_future()
            self.wake()
            await asyncio.shield(self._moved)

    async def _watch(self) -> None:
        """Tell who waits how far the tables are, until they are this process's to keep."""
        while not self._closing and not self.leads():
            if self._moved is not None:
                await self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    self._hurry.wait(), LOOK_S if self._moved is None else WATCH_S
                )
            self._hurry.clear()

    async def _look(self) -> None:
        async with self._turn:
            self._is_open = False
            self._note(await self.models.reached())

    async def _keep(self) -> bool:
        """Return whether the store was closed."""
        async with self._turn:
            self._is_open = False
            await self._take_all()
        listening = asyncio.get_running_loop().create_task(self._listen(self._reached.position))
        try:
            while not self._closing and not listening.done() and self.leads():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), LOOK_S)
                is_idle = not self._news.is_set()
                if self._news.is_set() and not self._closing:
                    # What comes in a moment is written with it.
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._hurry.wait(), GATHER_S)
                self._news.clear()
                self._hurry.clear()
                async with self._turn:
                    if is_idle and self._reached != await self.models.reached():
                        self._is_open = False
                    await self._take_all()
            return listening.done()
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, StoreUnavailable):
                await listening

    async def _listen(self, after: int) -> None:
        async for _ in self._store.follow(after=after):
            self._news.set()
        self.wake()

    async def _take_all_at_last(self) -> Reached:
        """Do what `_take_all` does, from where another process came to if need be."""
        while True:
            try:
                return await self._take_all()
            except Elsewhere:
                continue

    async def _take_all(self) -> Reached:
        """Return how far the tables are, once they have taken in what is there."""
        if not self._is_open:
            await self._open()
        await self._take_ledger()
        while await self._advance():
            pass
        return self._reached

    async def _open(self) -> None:
        """Begin from what is written."""
        self._note(await self.models.reached())
        self._folds.clear()
        self._agents.clear()
        self._is_open = True

    async def _advance(self) -> bool:
        """Take in the next commits; return whether there were any."""
        commits = await self._store.read(after=self._reached.position, limit=COMMITS_AT_ONCE)
        if not commits:
            return False
        changes: list[Change] = []
        for n, commit in enumerate(commits, start=1):
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
            query = EntryQuery(kind="agent", after=self._reached.entry, limit=COMMITS_AT_ONCE)
            entries = await self.ledger.entries(query)
            if not entries:
                return
            changes: list[Change] = []
            for entry in entries:
                changes += await self._agents.of_entry(entry)
            await self._apply(changes, entry=entries[-1].number)

    async def _apply(self, changes: Sequence[Change], **moved: int | Position) -> None:
        reached = msgspec.structs.replace(self._reached, **moved)
        try:
            await self.models.apply(changes, reached, before=self._reached)
        except BaseException:
            # Folds are ahead of the tables now.
            self._is_open = False
            raise
        self._note(reached)

    def _note(self, reached: Reached) -> None:
        """Tell who waits how far the tables are."""
        if reached == self._reached:
            return
        self._reached = reached
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None
