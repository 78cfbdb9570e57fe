"""What this process has to do with pools: it puts calls of its sessions, and serves some pools."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tenuto.core.pools import Pool, duty_of, served_by
from tenuto.ports.membership import Signals
from tenuto.ports.pools import Calls, Lines
from tenuto.runtime.awaited_calls import AwaitedCalls
from tenuto.runtime.carrying import Carrier
from tenuto.runtime.declared_pools import DeclaredPools
from tenuto.runtime.owning import Owning
from tenuto.runtime.performer import Performer
from tenuto.runtime.pooling import Pooling
from tenuto.runtime.serving_pools import PoolServer


class Ground(NamedTuple):
    """Where calls are kept."""

    calls: Calls
    lines: Lines | None = None
    signals: Signals | None = None
    """How others hear of them; None: there are none."""


class PoolSide:
    """Both sides of the pools in this process."""

    def __init__(
        self,
        ground: Ground,
        carrier: Carrier,
        performer: Performer,
        *,
        pools: Sequence[Pool] = (),
        serves: Collection[str] | None = None,
    ) -> None:
        """
        Args:
            pools: those of the process, whatever code says of them.
            serves: the pools that are served here; None: all that are known here.
        """
        (calls, self.lines, signals), room = ground, performer.room
        self.declared = DeclaredPools(calls, pools)
        self._awaited = AwaitedCalls(calls, room, signals=signals)
        self.pooling = Pooling(calls, self.declared, self._awaited)
        performer.caller.pooling = self.pooling
        self._serves = None if serves is None else tuple(dict.fromkeys(serves))
        self._server = PoolServer(
            calls, carrier.carry_out, room, settled=self._awaited.deliver, signals=signals
        )
        self.pooling.put_here = self._server.look
        self.pooling.dropped_here = self._server.dropped
        room.on_free.append(self._server.look_for_more)
        self._owning: Owning | None = None
        self._announced: set[str] = set()

    @property
    def served(self) -> tuple[str, ...]:
        """Return the pools that are served here, once it is started."""
        return tuple(self.declared.by_name) if self._serves is None else self._serves

    def declare(self, pools: Iterable[Pool]) -> None:
        """Know pools that came with code, and serve them if all are served here."""
        self.declared.add(pools)
        self._serve()

    async def start(self, owning: Owning) -> None:
        """Serve from now on; `owning` knows the other processes.

        Raises:
            StoreUnavailable: the store is away.
        """
        self._owning = owning
        self._awaited.is_served = self._is_served
        await self.declared.hold()
        self._serve()

    def stop(self) -> None:
        """Claim nothing any more."""
        self._server.stop()

    async def close(self) -> None:
        """Interrupt what still runs for pools here, and return when all that is known is told."""
        await self._server.close()
        await self.pooling.close()

    def _serve(self) -> None:
        if self._owning is None:
            return
        self._server.serve(self.served)
        sharing = self._owning.sharing
        for pool in self.served:
            if sharing is not None and pool not in self._announced:
                self._announced.add(pool)
                sharing.volunteer(duty_of(pool))

    @property
    def is_alone(self) -> bool:
        """Whether no other process can have a part in the pools."""
        return self._owning is not None and self._owning.sharing is None

    def workers_of(self, pool: str) -> int:
        """Return how many processes serve a pool, as far as this one knows now."""
        sharing = None if self._owning is None else self._owning.sharing
        here = pool in self.served
        if sharing is None:
            return int(here)
        seat = sharing.seat
        others = [one for one in seat.survey.members if one.number != seat.number]
        return here + sum(pool in served_by(one.duties) for one in others)

    def _is_served(self, pool: str) -> bool:
        return self.workers_of(pool) > 0
