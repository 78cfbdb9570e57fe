"""This process among the members that share a store: its number, its lease, its duties."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

from tenuto.core.errors import StoreUnavailable
from tenuto.core.sharing import NOBODY, Survey, leader_of
from tenuto.ports.membership import LEASE_MS, Membership

_log: Final = logging.getLogger("tenuto")


class Seat:
    """What a member knows of itself and of the others. `take` it first."""

    def __init__(
        self,
        membership: Membership,
        *,
        knows: Callable[[], Collection[str]],
        works: bool,
        adopts: bool,
    ) -> None:
        self._membership, self._knows = membership, knows
        self._works, self._adopts = works, adopts
        self.number = NOBODY
        """Its number now; 0 before it was taken."""
        self.survey = Survey(members=(), owners={})
        """Who was there at the last look."""
        self.workflows: frozenset[str] = frozenset()
        """Those that have shards."""
        self._duties: set[str] = set()
        self._lease_until_s = 0.0

    @property
    def is_alone(self) -> bool:
        """Whether nobody else was there at the last look."""
        return len(self.survey.members) == 1

    async def take(self) -> None:
        """Become a member."""
        self.number = await self._membership.join(works=self._works, adopts=self._adopts)

    async def look(self) -> bool:
        """See who is there; return False when this process had been struck off, and has come
        anew."""
        survey = await self._look()
        was_there = any(member.number == self.number for member in survey.members)
        if not was_there:
            _log.warning(
                "This process was away for too long: its sessions are other processes' now. It "
                "joins them again."
            )
            await self.take()
            survey = await self._look()
        self.survey = survey
        self.workflows = frozenset(shard.workflow for shard in survey.owners)
        return was_there

    def is_there(self) -> bool:
        """Return whether this process's lease holds: nobody has struck it off, nor taken what is
        its."""
        return asyncio.get_running_loop().time() < self._lease_until_s

    def volunteer(self, duty: str) -> None:
        """Be ready to do what one of the processes does for all, from the next look on."""
        self._duties.add(duty)

    def leads(self, duty: str) -> bool:
        """Return whether this process does a duty now. One that was away for longer than its lease
        does not, until it has looked again."""
        leads = leader_of(duty, self.survey.members) == self.number != NOBODY
        return leads and self.is_there()

    async def _look(self) -> Survey:
        from_s = asyncio.get_running_loop().time()
        try:
            survey = await self._membership.look(self._knows(), self._duties)
        except StoreUnavailable:
            # With its line to the database, what it holds there may be gone.
            self._lease_until_s = 0.0
            raise
        if any(member.number == self.number for member in survey.members):
            # The lease began later than this, by whatever clock.
            self._lease_until_s = from_s + LEASE_MS / 1000
        return survey
