"""Keeps the read models: follows the log of all sessions, and the ledger, and writes what follows.

The tables are always as of one place in the log, which is written with them. So whoever dies goes
on from there, and nothing is missed or counted twice; to make the tables again is to empty them and
to go on. Sessions do not wait for this: what it has not taken in yet is in the log.

Of several processes on one database one keeps the tables (`DUTY`). That spares work and is not what
makes them right: who writes says from which place, and is refused where another one has written.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tenuto.core.errors import StoreUnavailable
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Ledger
from tenuto.ports.read_models import Elsewhere, Reached, ReadModels
from tenuto.runtime.projected import Folds
from tenuto.runtime.taking_in import Intake

DUTY: Final = "projecting"

GATHER_S: Final = 0.05
"""How long commits are left to come together when nobody waits for their rows."""
LOOK_S: Final = 1.0
"""How often the ledger is looked at while no session does anything; and whether the tables are
still where this process left them, and its to keep."""
WATCH_S: Final = 0.02
"""How often it is looked how far another process has come, while somebody waits for it."""
_AWAY_S: Final = 0.5

_log: Final = logging.getLogger("tenuto")


def _always() -> bool:
    return True


class Projector:
    """Writes a database's read models. `run` it, or `catch_up` once."""

    def __init__(
        self, store: EventStore, models: ReadModels, folds: Folds, *, ledger: Ledger | None = None
    ) -> None:
        self.models, self._store = models, store
        self.intake = Intake(store, models, folds, ledger=ledger)
        self.leads: Callable[[], bool] = _always
        """Whether this process keeps the tables now; set by who composes."""
        self._turn = asyncio.Lock()
        self._news, self._hurry = asyncio.Event(), asyncio.Event()
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
            self.intake.is_open = False
            return await self.intake.take_all_at_last()

    async def rebuild(self) -> Reached:
        """Empty the tables and make them again from the log; return how far they are."""
        async with self._turn:
            self.intake.is_open = False
            await self.models.clear()
            return await self.intake.take_all_at_last()

    async def wait_for(self, position: int) -> None:
        """Return once the tables have taken in the event at `position`. Only while `run` runs."""
        if not self.leads():
            # They may have been made again since this process looked last.
            await self._look()
        while self.intake.reached.position < position:
            self.wake()
            await self.intake.move()

    async def _watch(self) -> None:
        """Tell who waits how far the tables are, until they are this process's to keep."""
        while not self._closing and not self.leads():
            if self.intake.is_awaited:
                await self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    self._hurry.wait(), WATCH_S if self.intake.is_awaited else LOOK_S
                )
            self._hurry.clear()

    async def _look(self) -> None:
        async with self._turn:
            await self.intake.look()

    async def _keep(self) -> bool:
        """Return whether the store was closed."""
        async with self._turn:
            self.intake.is_open = False
            await self.intake.take_all()
        listening = asyncio.get_running_loop().create_task(
            self._listen(self.intake.reached.position)
        )
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
                    if is_idle and self.intake.reached != await self.models.reached():
                        self.intake.is_open = False
                    await self.intake.take_all()
            return listening.done()
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, StoreUnavailable):
                await listening

    async def _listen(self, after: int) -> None:
        async for _ in self._store.follow(after=after):
            self._news.set()
        self.wake()
