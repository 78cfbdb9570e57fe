"""Calls of pools, for the process that owns their sessions: put once, awaited, dropped.

A call's id is its effect's and the number of the attempt. So whoever owns the session next puts it
under the same id, and finds what became of it meanwhile. It is dropped when its outcome is in the
log, or when nobody wants it any more.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from tenuto.core.pools import key_of
from tenuto.core.session.effects import Verify
from tenuto.core.vocabulary import Json
from tenuto.ports.pools import Calls, PoolCall
from tenuto.runtime.awaited_calls import AwaitedCalls, Outcome
from tenuto.runtime.declared_pools import DeclaredPools
from tenuto.runtime.errands import Errand, decode_came, encode_errand, given
from tenuto.runtime.gathering import Gathered
from tenuto.runtime.insisting import insist
from tenuto.runtime.live import Live
from tenuto.runtime.record import Record

END_S_MAX: Final = 2.0
"""How long closing waits for a store that is away: what is not dropped by then stays for a week."""


class WorkerLost(ConnectionError):
    """The process that carried a call out is gone; nobody knows how far it came."""


class Place(NamedTuple):
    """Where a call goes."""

    pool: str
    priority: int
    once: bool


class Pooling:
    """The calls of this process's sessions that are in pools."""

    def __init__(self, calls: Calls, declared: DeclaredPools, awaited: AwaitedCalls) -> None:
        self._calls, self._declared, self._awaited = calls, declared, awaited
        self.put_here: Callable[[str], None] = lambda pool: None
        """Told of pools in which something was put."""
        self.dropped_here: Callable[[list[str]], None] = lambda ids: None
        """Told of calls that were dropped."""
        self._puts = Gathered(self._put)
        self._drops = Gathered(self._drop)
        self._putting: dict[str, asyncio.Future[None]] = {}

    async def carry_out(self, live: Live, errand: Errand, place: Place, record: Record) -> Json:
        """Return the output of a call that a worker carries out.

        Raises:
            Escalatable: nobody has declared the pool.
            WorkerLost: the worker is gone.
            Exception: what the call raised.
        """
        pool = self._declared.named(place.pool)
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
        await insist(self._declared.hold)
        outcome = await self._outcome(live, errand, call)
        record.recorded = partial(self._forget, call.id)
        if outcome is None:
            await self._drops.ask(call.id)
            raise WorkerLost(f"The worker of pool {pool.name!r} that carried it out is gone")
        return given(decode_came(outcome), record)

    async def has(self, effect: Verify) -> bool:
        """Return whether the call of an effect in doubt is, or was, in a worker's hands. Where that
        cannot be asked, it is asked again."""
        id = call_id(effect)
        found = (await insist(lambda: self._calls.find([id]))).get(id)
        if found is not None and found.standing == "lost":
            await self._drops.ask(id)
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
            await self._drops.ask(id)
            return None
        return (given(decode_came(outcome), record),)

    async def close(self) -> None:
        """Return when what is to be dropped is dropped, or the store is away."""
        self._awaited.stop()
        await self._puts.end(END_S_MAX)
        await self._drops.end(END_S_MAX)

    async def _outcome(self, live: Live, work: Errand | Verify, call: PoolCall | None) -> Outcome:
        """Return the outcome of a call that is put, or is there."""
        id = call_id(work)
        outcome = self._awaited.begin(id)
        try:
            if call is not None:
                await self._put_for_sure(call)
            self._awaited.placed(id, "" if call is None else call.pool)
            return await outcome
        except asyncio.CancelledError:
            task = live.state.tasks.get(work.task)
            if live.fault is None and (task is None or task.attempt != work.attempt):
                self._forget(id)
            raise
        finally:
            self._awaited.end(id, outcome)

    async def _put_for_sure(self, call: PoolCall) -> None:
        async def put() -> None:
            putting = self._putting[call.id] = self._puts.ask(call)
            try:
                # Who is interrupted while it is put drops it afterwards.
                await asyncio.shield(putting)
            finally:
                putting.add_done_callback(lambda _: self._putting.pop(call.id, None))

        await insist(put)

    def _forget(self, id: str) -> None:
        """Drop a call soon."""
        putting = self._putting.get(id)
        if putting is None:
            self._drops.ask(id)
        else:
            putting.add_done_callback(lambda _: self._drops.ask(id))

    async def _put(self, calls: list[PoolCall]) -> list[None]:
        await self._calls.put(calls)
        for pool in dict.fromkeys(call.pool for call in calls):
            self.put_here(pool)
        return [None] * len(calls)

    async def _drop(self, ids: list[str]) -> list[None]:
        await insist(lambda: self._calls.drop(ids))
        self.dropped_here(ids)
        return [None] * len(ids)


def call_id(work: Errand | Verify) -> str:
    """Return the id of the call for one attempt at an effect."""
    return f"{work.effect}/{work.attempt}"
