"""Calls of pools, for the process that owns their sessions: put once, awaited, dropped.

A call's id is its effect's and the number of the attempt. So whoever owns the session next puts it
under the same id, and finds what became of it meanwhile. It is dropped when its outcome is in the
log, or when nobody wants it any more.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple, Protocol

from tenuto.core.errors import Escalatable, StoreUnavailable
from tenuto.core.pools import Pool, key_of
from tenuto.core.session.effects import Verify
from tenuto.core.vocabulary import Json
from tenuto.ports.membership import Signals, Topic
from tenuto.ports.pools import Calls, PoolCall
from tenuto.runtime.errands import Errand, decode_came, encode_errand, given
from tenuto.runtime.gathering import Gathered
from tenuto.runtime.insisting import insist
from tenuto.runtime.live import Live
from tenuto.runtime.record import Record

LOOK_S: Final = 0.5
"""What nobody told of is found by looking."""
TOLD_AFTER_S: Final = 5.0
"""When calls have waited for so long for a pool that no process serves, the log says so."""

_log: Final = logging.getLogger("tenuto")


class WorkerLost(ConnectionError):
    """The process that carried a call out is gone; nobody knows how far it came."""


class Place(NamedTuple):
    """Where a call goes."""

    pool: str
    priority: int
    once: bool


class Room(Protocol):
    """How many effects may run at once in this process."""

    @property
    def free(self) -> int:
        """Return how many more may begin."""
        ...

    def reserve(self, count: int) -> None:
        """Keep room for so many more, or so many fewer where it is below 0."""
        ...

    def enter(self) -> None:
        """One runs, whether or not there is room for it."""
        ...

    def leave(self) -> None:
        """One runs no more, or waits for another process."""
        ...


class Pooling:
    """The pools that this process knows, and the calls of its sessions that are in them."""

    def __init__(self, calls: Calls, room: Room, *, signals: Signals | None = None) -> None:
        self.calls, self._room = calls, room
        self.declared: dict[str, Pool] = {}
        self._held: set[str] = set()
        """Pools whose limits hold, as they are declared here."""
        self._own: frozenset[str] = frozenset()
        self.put_here: Callable[[str], None] = lambda pool: None
        """Told of pools in which something was put."""
        self.dropped_here: Callable[[list[str]], None] = lambda ids: None
        """Told of calls that were dropped."""
        self.is_served: Callable[[str], bool] = lambda pool: True
        """Says whether a process serves a pool."""
        self._waiting: dict[str, asyncio.Future[bytes | None]] = {}
        self._placed: dict[str, tuple[str, float]] = {}
        """Calls that are put: the pool, and since when."""
        self._puts = Gathered(self._put)
        self._drops = Gathered(self._drop)
        self._looks = Gathered(self._look)
        self._putting: dict[str, asyncio.Future[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        if signals is not None:
            signals.listen(self._heard)

    def settle_pools(self, pools: Iterable[Pool]) -> None:
        """Have these pools be as they are given, whatever code says of them."""
        for pool in pools:
            self.declared[pool.name] = pool
        self._own = frozenset(self.declared)

    def declare(self, pools: Iterable[Pool]) -> None:
        """Know pools that came with code."""
        for pool in pools:
            if pool.name in self._own or self.declared.get(pool.name) == pool:
                continue
            self.declared[pool.name] = pool
            self._held.discard(pool.name)

    async def hold(self) -> None:
        """Return when the limits of all pools that are known hold.

        Raises:
            StoreUnavailable: the store is away.
        """
        new = [pool for name, pool in self.declared.items() if name not in self._held]
        if new:
            await self.calls.declare(new)
            self._held.update(pool.name for pool in new)

    async def carry_out(self, live: Live, errand: Errand, place: Place, record: Record) -> Json:
        """Return the output of a call that a worker carries out.

        Raises:
            Escalatable: nobody has declared the pool.
            WorkerLost: the worker is gone.
            Exception: what the call raised.
        """
        pool = self.declared.get(place.pool)
        if pool is None:
            raise Escalatable(undeclared(place.pool, self.declared), code="no_such_pool")
        facts = {"tenant": errand.tenant, "user": errand.user, "session": errand.session}
        call = PoolCall(
            id=call_id(errand),
            session=errand.session,
            pool=pool.name,
            tenant=errand.tenant,
            key=key_of(pool, errand.arguments, facts),
            priority=place.priority,
            once=place.once,
            payload=encode_errand(errand),
        )
        await insist(self.hold)
        outcome = await self._outcome(live, errand, call)
        record.recorded = partial(self._forget, call.id)
        if outcome is None:
            await self._drop_now(call.id)
            raise WorkerLost(f"The worker of pool {pool.name!r} that carried it out is gone")
        return given(decode_came(outcome), record)

    async def has(self, effect: Verify) -> bool:
        """Return whether the call of an effect in doubt is, or was, in a worker's hands. Where that
        cannot be asked, it is asked again."""
        id = call_id(effect)
        found = (await insist(lambda: self.calls.find([id]))).get(id)
        if found is not None and found.standing == "lost":
            await self._drop_now(id)
            return False
        return found is not None

    async def await_known(self, live: Live, effect: Verify, record: Record) -> tuple[Json] | None:
        """Return what became of such a call; None when its worker is gone.

        Raises:
            Exception: what the call raised.
        """
        id = call_id(effect)
        outcome = await self._outcome(live, effect, None)
        record.recorded = partial(self._forget, id)
        if outcome is None:
            await self._drop_now(id)
            return None
        return (given(decode_came(outcome), record),)

    def settled(self, id: str, outcome: bytes) -> None:
        """Take the outcome of a call that was carried out in this process."""
        self._deliver(id, outcome)

    def stop(self) -> None:
        """Look at nothing any more."""
        if self._watch is not None:
            self._watch.cancel()

    async def close(self) -> None:
        """Return when what is to be dropped is dropped, or the store is away."""
        self.stop()
        await self._puts.end()
        await self._drops.end()

    async def _outcome(
        self, live: Live, work: Errand | Verify, call: PoolCall | None
    ) -> bytes | None:
        """Return the outcome of a call that is put, or is there; None when its worker is lost.
        Meanwhile it takes up no room here."""
        id = call_id(work)
        done: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting[id] = done
        self._room.leave()
        try:
            if call is not None:
                await self._put_for_sure(call)
            else:
                self._await(id, "")
                self._looks.ask(id)
            return await done
        except asyncio.CancelledError:
            task = live.state.tasks.get(work.task)
            if live.fault is None and (task is None or task.attempt != work.attempt):
                self._forget(id)
            raise
        finally:
            if not done.done() or done.cancelled():
                self._room.enter()
            if self._waiting.get(id) is done:
                del self._waiting[id]
            self._placed.pop(id, None)

    async def _put_for_sure(self, call: PoolCall) -> None:
        async def put() -> None:
            putting = self._putting[call.id] = self._puts.ask(call)
            try:
                # Who is interrupted while it is put drops it afterwards.
                await asyncio.shield(putting)
            finally:
                putting.add_done_callback(lambda _: self._putting.pop(call.id, None))

        await insist(put)
        if not self._waiting[call.id].done():
            self._await(call.id, call.pool)

    def _await(self, id: str, pool: str) -> None:
        self._placed[id] = pool, asyncio.get_running_loop().time()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._keep_looking())

    def _deliver(self, id: str, outcome: bytes | None) -> None:
        done = self._waiting.get(id)
        if done is not None and not done.done():
            # At once: who waits until nothing runs must not believe so in between.
            self._room.enter()
            done.set_result(outcome)

    def _forget(self, id: str) -> None:
        """Drop a call soon. Where the store is away it stays, until it is old."""
        putting = self._putting.get(id)
        if putting is None:
            self._drops.ask(id)
        else:
            putting.add_done_callback(lambda _: self._drops.ask(id))

    async def _drop_now(self, id: str) -> None:
        async def drop() -> None:
            await self._drops.ask(id)

        await insist(drop)

    async def _put(self, calls: list[PoolCall]) -> list[None]:
        await self.calls.put(calls)
        for pool in dict.fromkeys(call.pool for call in calls):
            self.put_here(pool)
        return [None] * len(calls)

    async def _drop(self, ids: list[str]) -> list[None]:
        await self.calls.drop(ids)
        self.dropped_here(ids)
        return [None] * len(ids)

    async def _look(self, ids: list[str]) -> list[None]:
        """Deliver what is settled or lost."""
        found = await self.calls.find(ids)
        for id in ids:
            one = found.get(id)
            if one is not None and one.standing == "settled":
                self._deliver(id, one.outcome)
            elif one is None and id in self._placed:
                # The server lost it, as a crash of its machine may.
                self._deliver(id, None)
            elif one is not None and one.standing == "lost":
                self._deliver(id, None)
        return [None] * len(ids)

    async def _keep_looking(self) -> None:
        while self._placed:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look([*self._placed])
            except StoreUnavailable as error:
                _log.warning("Calls of pools cannot be looked at now: %s", error)
            self._tell_of_unserved()

    def _tell_of_unserved(self) -> None:
        late_s = asyncio.get_running_loop().time() - TOLD_AFTER_S
        for pool in {pool for pool, since_s in self._placed.values() if pool and since_s < late_s}:
            if self.is_served(pool):
                self._told.discard(pool)
            elif pool not in self._told:
                self._told.add(pool)
                _log.warning("%s", unserved(pool))

    def _heard(self, topic: Topic, text: str) -> None:
        if topic == "outcomes":
            for id in text.split() or [*self._waiting]:
                if id in self._waiting:
                    self._looks.ask(id)


def call_id(work: Errand | Verify) -> str:
    """Return the id of the call for one attempt at an effect."""
    return f"{work.effect}/{work.attempt}"


def undeclared(pool: str, known: Iterable[str]) -> str:
    """Return what people are told of a pool that nobody declared."""
    names = ", ".join(map(repr, sorted(known))) or "none"
    return (
        f"Nobody has declared the pool {pool!r}; this process knows: {names}. Give "
        f'tenuto.open(pools=[tenuto.Pool("{pool}")]), or --pools FILE on the command line; then '
        "approve to try again."
    )


def unserved(pool: str) -> str:
    """Return what people are told of a pool whose calls nobody takes."""
    return (
        f"Calls wait for a worker of pool {pool!r}, and none is there. Start one: tenuto worker "
        f"--pool {pool}."
    )
