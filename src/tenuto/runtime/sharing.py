"""This process as one of several on a database: what of it is ours, and what we let go.

Every half second, and when somebody tells that something changed, it looks who is there, takes
what is meant for it and gives what is meant for others (`core.sharing`). What it takes goes on
here, from the log. Sessions move when nothing of theirs runs; for a second at most, new work is
held back for that. What another has taken is let go at once: whatever is still done for it here
comes too late to be written.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Final, Protocol

from tenuto.core.errors import StoreUnavailable, TenutoError
from tenuto.core.sharing import NOBODY, Member, Shard, Survey, leader_of, owned_by, plan, shard_of
from tenuto.core.vocabulary import SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.membership import LEASE_MS, Together, Topic
from tenuto.runtime.live import Live

LOOK_S: Final = 0.5
HOLD_S_MAX: Final = 1.0
"""How long new work of sessions that are to move is held back."""
HOLD_AGAIN_S: Final = 15.0
"""How long sessions whose work takes longer than that are left alone."""

_log: Final = logging.getLogger("tenuto")


class Moved(TenutoError):
    """The session is another process's by now. Ask again; nothing was lost."""

    def __init__(self, session: SessionId) -> None:
        self.session = session
        super().__init__(f"Session {session!r} goes on in another process.")


class House(Protocol):
    """What this needs of the engine."""

    clock: Clock

    def loaded(self) -> Iterator[Live]:
        """Return the sessions that are loaded."""
        ...

    def take_up(self, session: SessionId) -> None:
        """Load a session soon, and let it go on."""
        ...

    def go_on(self, live: Live) -> None:
        """Carry out what the session's log promises and was held back."""
        ...

    def let_go(self, lives: Iterable[Live]) -> None:
        """Forget sessions that go on elsewhere; who waits for them here is told `Moved`."""
        ...

    async def look_for_deadlines(self) -> None:
        """Look anew which deadlines are to be kept here."""
        ...


class Moving:
    """A shard that is to be another's: since when, and until when it is left alone."""

    __slots__ = ("held_s", "rests_until_s")

    def __init__(self, now_s: float) -> None:
        self.held_s: float | None = now_s
        self.rests_until_s = 0.0


class Sharing:
    """One member of those that share a store. `start` it, then it keeps on by itself."""

    def __init__(
        self,
        house: House,
        together: Together,
        *,
        knows: Callable[[], Collection[str]],
        works: bool = True,
        takes_up: bool = True,
    ) -> None:
        """
        Args:
            knows: gives the workflows that can be run here.
            works: whether this process runs sessions, or only starts and steers them.
            takes_up: whether what others left unsettled goes on here by itself.
        """
        self._house, self._knows = house, knows
        self._works, self._takes_up = works, takes_up
        self._membership, self._claims, self.signals, self._mail = together
        self._number = NOBODY
        self._mine: frozenset[Shard] = frozenset()
        self._survey = Survey(members=(), owners={})
        self._moving: dict[Shard, Moving] = {}
        self._news = asyncio.Event()
        self._is_old = False
        """Somebody came or went since the last look."""
        self._are_called = True
        """Somebody said that sessions were started for this process."""
        self._turn = asyncio.Lock()
        self._learning: asyncio.Task[None] | None = None
        self._workflows: frozenset[str] = frozenset()
        """Those that have shards."""
        self._keeping: asyncio.Task[None] | None = None
        self._leaving = False
        self._duties: set[str] = set()
        self._lease_until_s = 0.0
        self.losses = 0
        """How often sessions were let go: what is known of those that came back since is old."""
        self._begun: set[SessionId] = set()
        self._begun_before: set[SessionId] = set()
        """Sessions that were started here, for this process: they do not arrive."""

    @property
    def members(self) -> tuple[Member, ...]:
        """Who was there at the last look."""
        return self._survey.members

    @property
    def number(self) -> int:
        """This process's number among the members."""
        return self._number

    def volunteer(self, duty: str) -> None:
        """Be ready to do what one of the processes does for all; `leads` says whether it is this
        one."""
        self._duties.add(duty)
        self.look_soon()

    def leads(self, duty: str) -> bool:
        """Return whether this process does a duty now. One that was away for longer than its lease
        does not, until it has looked again."""
        leads = leader_of(duty, self._survey.members) == self._number != NOBODY
        return leads and self.is_there()

    def is_there(self) -> bool:
        """Return whether this process's lease holds: nobody has struck it off, nor taken what is
        its."""
        return asyncio.get_running_loop().time() < self._lease_until_s

    def owns(self, workflow: str, session: SessionId) -> bool:
        """Return whether the session is this process's."""
        return shard_of(workflow, session) in self._mine

    def holds(self, live: Live) -> bool:
        """Return whether new work of the session is held back, or is another's to do."""
        shard = self._shard(live)
        if shard not in self._mine:
            return True
        moving = self._moving.get(shard)
        return moving is not None and moving.held_s is not None

    async def start(self) -> None:
        """Return when this process is a member, and what is meant for it goes on here."""
        await self._join()
        self.signals.listen(self._heard)
        await self.look()
        self.signals.tell("look")
        self._keeping = asyncio.create_task(self._keep())

    async def know(self, workflow: str) -> None:
        """Have the sessions of a workflow that was not known here before run by somebody."""
        if not self._works or workflow in self._workflows:
            return
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self.look())
        # All who wait go on at once, not one after another.
        await asyncio.shield(self._learning)

    async def claim(self, workflow: str, session: SessionId) -> bool:
        """Return whether the session is this process's, which takes it when it is nobody's."""
        shard = shard_of(workflow, session)
        if shard not in self._mine and self._survey.owner_of(shard) == NOBODY:
            async with self._turn:
                taken = await self._membership.take([shard])
                self._mine |= taken
                # The others in it are this process's, too.
                await self._take_up(taken)
        return shard in self._mine

    async def due_before(self, moment_ms: int) -> list[tuple[int, SessionId]]:
        """Return which sessions of this process have a deadline before the moment, and when."""
        return await self._claims.due_before(moment_ms)

    def begun(self, session: SessionId) -> None:
        """Know that a session of this process was started here."""
        self._begun.add(session)

    def hand_over(self, session: SessionId) -> None:
        """Tell the owner of a session that it is there, with work to do."""
        self.signals.tell("arrivals")

    def look_soon(self) -> None:
        """Look again: what is known of the others is old."""
        self._is_old = True
        self._news.set()

    async def leave(self) -> None:
        """Give everything up, and be no member any more."""
        self._leaving = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self._let_go(self._mine)
        self._mine = frozenset()
        await self._membership.leave()

    async def look(self) -> None:
        """Look who is there, take, give and let go."""
        async with self._turn:
            survey = await self._look()
            if not any(member.number == self._number for member in survey.members):
                _log.warning(
                    "This process was away for too long: its sessions are other processes' now. It "
                    "joins them again."
                )
                self._let_go(self._mine)
                self._mine, self._moving = frozenset(), {}
                await self._join()
                survey = await self._look()
            self._survey = survey
            self._workflows = frozenset(shard.workflow for shard in survey.owners)
            mine = owned_by(self._number, survey.owners)
            self._let_go(self._mine - mine)
            given, self._mine = mine - self._mine, mine
            await self._follow(survey, given)

    async def _look(self) -> Survey:
        from_s = asyncio.get_running_loop().time()
        try:
            survey = await self._membership.look(self._knows(), self._duties)
        except StoreUnavailable:
            # With its line to the database, what it holds there may be gone.
            self._lease_until_s = 0.0
            raise
        if any(member.number == self._number for member in survey.members):
            # The lease began later than this, by whatever clock.
            self._lease_until_s = from_s + LEASE_MS / 1000
        return survey

    async def _join(self) -> None:
        adopts = self._works and self._takes_up
        self._number = await self._membership.join(works=self._works, adopts=adopts)

    async def _follow(self, survey: Survey, given: frozenset[Shard]) -> None:
        """Do what follows from who is there, and take up what others gave."""
        wanted = plan(self._number, survey)
        gained = given
        if wanted.take and not self._leaving:
            gained |= await self._membership.take(wanted.take)
        # What it has since before: a look may have been interrupted.
        self._mine |= gained
        self._moving = {
            shard: self._moving[shard] for shard in self._moving if shard in wanted.give
        }
        quiet = self._quiet(wanted.give)
        if quiet:
            self._let_go(quiet)
            self._mine -= quiet
            await self._membership.give((shard, wanted.give[shard]) for shard in quiet)
            self.signals.tell("look")
        if gained:
            await self._take_up(gained)

    def _quiet(self, give: Collection[Shard]) -> frozenset[Shard]:
        """Return which of the shards have nothing running; the others' new work is held back."""
        now_s = asyncio.get_running_loop().time()
        at_work = {self._shard(live) for live in self._house.loaded() if live.running or live.busy}
        for shard in give:
            moving = self._moving.get(shard)
            if shard not in at_work:
                continue
            if moving is None or (moving.held_s is None and now_s > moving.rests_until_s):
                self._moving[shard] = Moving(now_s)
            elif moving.held_s is not None and now_s > moving.held_s + HOLD_S_MAX:
                moving.held_s, moving.rests_until_s = None, now_s + HOLD_AGAIN_S
                for live in self._of(frozenset({shard})):
                    self._house.go_on(live)
        return frozenset(give) - at_work

    async def _take_up(self, shards: frozenset[Shard]) -> None:
        for live in self._of(shards):
            # It was started here, for another.
            self._house.go_on(live)
        if self._takes_up:
            for session in await self._claims.active(shards):
                self._house.take_up(session)
        await self._house.look_for_deadlines()

    def _let_go(self, shards: frozenset[Shard]) -> None:
        if shards:
            self.losses += 1
            self._house.let_go(self._of(shards))

    def _of(self, shards: frozenset[Shard]) -> list[Live]:
        return [live for live in self._house.loaded() if self._shard(live) in shards]

    def _shard(self, live: Live) -> Shard:
        return shard_of(live.program.definition.name, live.state.session)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._pause_s()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    await self._news.wait()
            self._news.clear()
            try:
                if self._is_old or loop.time() >= due_s:
                    self._is_old = False
                    await self.look()
                    due_s = loop.time() + self._pause_s()
                await self._welcome()
            except StoreUnavailable as error:
                _log.warning("The other processes cannot be seen now: %s", error)
                due_s = loop.time() + LOOK_S

    async def _welcome(self) -> None:
        """Take up what others started for this process."""
        if not self._are_called and len(self._survey.members) == 1:
            return
        self._are_called = False
        known = self._begun | self._begun_before
        self._begun_before, self._begun = self._begun, set()
        arrived = await self._claims.arrived()
        if self._takes_up:
            for session in arrived:
                if session not in known:
                    self._house.take_up(session)

    def _pause_s(self) -> float:
        """Sessions that are to move are looked at more often."""
        return (
            LOOK_S / 10 if any(one.held_s is not None for one in self._moving.values()) else LOOK_S
        )

    def _heard(self, topic: Topic, text: str) -> None:
        if topic == "look":
            self.look_soon()
        elif topic == "arrivals":
            self._are_called = True
            self._news.set()
