"""This process as one of several on a database.

Every half second, and when somebody tells that something changed, it looks who is there, takes
what is meant for it and gives what is meant for others (`core.sharing`). What it takes goes on
here, from the log. Sessions move when nothing of theirs runs; for a second at most, new work is
held back for that. What another has taken is let go at once: whatever is still done for it here
comes too late to be written.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from tenuto.core.errors import StoreUnavailable
from tenuto.core.sharing import NOBODY, Shard, owned_by, plan, shard_of
from tenuto.core.vocabulary import SessionId
from tenuto.ports.membership import Together, Topic
from tenuto.runtime.holdings import Holdings
from tenuto.runtime.seat import Seat

LOOK_S: Final = 0.5
MOVING_LOOK_S: Final = LOOK_S / 10
"""While work is held back."""

_log: Final = logging.getLogger("tenuto")


class Sharing:
    """One member of those that share a store. `start` it, then it keeps on by itself."""

    def __init__(
        self,
        together: Together,
        seat: Seat,
        holdings: Holdings,
        *,
        take_up: Callable[[SessionId], None] | None,
        look_for_deadlines: Callable[[], Awaitable[None]],
    ) -> None:
        """
        Args:
            take_up: loads a session soon, and lets it go on; None: what others left unsettled, and
                what they start, waits until it is asked for.
            look_for_deadlines: looks anew which deadlines are to be kept here.
        """
        self.seat, self.holdings = seat, holdings
        self._membership, self._claims = together.membership, together.claims
        self._signals = together.signals
        self._take_up, self._look_for_deadlines = take_up, look_for_deadlines
        self._news = asyncio.Event()
        self._is_old = False
        """Somebody came or went since the last look."""
        self._are_called = True
        """Somebody said that sessions were started for this process."""
        self._turn = asyncio.Lock()
        self._learning: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._leaving = False

    async def start(self) -> None:
        """Return when this process is a member, and what is meant for it goes on here."""
        await self.seat.take()
        self._signals.listen(self._heard)
        await self.look()
        self._signals.tell("look")
        self._keeping = asyncio.create_task(self._keep())

    async def leave(self) -> None:
        """Give everything up, and be no member any more."""
        self._leaving = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self.holdings.lose(self.holdings.mine)
        await self._membership.leave()

    async def know(self, workflow: str) -> None:
        """Have the sessions of a workflow that was not known here before run by somebody."""
        if workflow in self.seat.workflows:
            return
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self.look())
        # All who wait go on at once, not one after another.
        await asyncio.shield(self._learning)

    async def claim(self, workflow: str, session: SessionId) -> bool:
        """Return whether the session is this process's, which takes it when it is nobody's."""
        shard = shard_of(workflow, session)
        if shard not in self.holdings.mine and self.seat.survey.owner_of(shard) == NOBODY:
            async with self._turn:
                # The others in it are this process's then, too.
                await self._gain(await self._membership.take([shard]))
        return shard in self.holdings.mine

    async def due_before(self, moment_ms: int) -> list[tuple[int, SessionId]]:
        """Return which sessions of this process have a deadline before the moment, and when."""
        return await self._claims.due_before(moment_ms)

    def volunteer(self, duty: str) -> None:
        """Be ready to do what one of the processes does for all; `Seat.leads` says whether it is
        this one."""
        self.seat.volunteer(duty)
        self.look_soon()

    def hand_over(self) -> None:
        """Tell the others that a session was started for one of them."""
        self._signals.tell("arrivals")

    def look_soon(self) -> None:
        """Look again: what is known of the others is old."""
        self._is_old = True
        self._news.set()

    async def look(self) -> None:
        """Look who is there, take, give and let go."""
        seat, holdings = self.seat, self.holdings
        async with self._turn:
            if not await seat.look():
                holdings.lose(holdings.mine)
            mine = owned_by(seat.number, seat.survey.owners)
            holdings.lose(holdings.mine - mine)
            wanted = plan(seat.number, seat.survey)
            gained = mine - holdings.mine
            if wanted.take and not self._leaving:
                gained |= await self._membership.take(wanted.take)
            quiet = holdings.quiet(wanted.give) - gained
            if quiet:
                holdings.lose(quiet)
                await self._membership.give((shard, wanted.give[shard]) for shard in quiet)
                self._signals.tell("look")
            if gained:
                await self._gain(gained)

    async def _gain(self, shards: frozenset[Shard]) -> None:
        self.holdings.gain(shards)
        if self._take_up is not None:
            for session in await self._claims.active(shards):
                self._take_up(session)
        await self._look_for_deadlines()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    await self._news.wait()
            self._news.clear()
            try:
                if self._is_old or loop.time() >= due_s:
                    self._is_old = False
                    await self.look()
                    due_s = loop.time() + (MOVING_LOOK_S if self.holdings.are_moving else LOOK_S)
                await self._welcome()
            except StoreUnavailable as error:
                _log.warning("The other processes cannot be seen now: %s", error)
                due_s = loop.time() + LOOK_S

    async def _welcome(self) -> None:
        """Take up what others started for this process."""
        if not self._are_called and self.seat.is_alone:
            return
        self._are_called = False
        arrived = self.holdings.strange(await self._claims.arrived())
        if self._take_up is not None:
            for session in arrived:
                self._take_up(session)

    def _heard(self, topic: Topic, text: str) -> None:
        if topic == "look":
            self.look_soon()
        elif topic == "arrivals":
            self._are_called = True
            self._news.set()
