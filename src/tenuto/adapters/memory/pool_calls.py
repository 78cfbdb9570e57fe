"""Calls of pools in memory: those of one process, which carries them all out."""

from bisect import insort
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from tenuto.core.pools import Pool
from tenuto.core.vocabulary import SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.pools import Claim, Claimed, Found, Line, PoolCall, Standing

_TENANTS_MAX: Final = 10_000
"""Whose turns are remembered, before those are forgotten that say nothing."""


class _Begun(NamedTuple):
    """When a call of a key began."""

    at_ms: int
    key: str


class _Entry(NamedTuple):
    """The place of a call in its line."""

    before: int
    """The priority, negative: the highest goes first."""
    turn: int
    number: int
    id: str


class _Kept(msgspec.Struct):
    """A call, and how far it is."""

    call: PoolCall
    put_ms: int
    number: int = 0
    runs: bool = False
    outcome: bytes | None = None
    is_withdrawn: bool = False


class _Line:
    """The calls of a pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.waiting: list[_Entry] = []
        """Sorted."""
        self.running: dict[str, tuple[_Entry, PoolCall]] = {}
        self.begun: deque[_Begun] = deque()
        self.turn = 0
        """Of the call that was claimed last: where a tenant that had none waiting comes in."""
        self.turns: Counter[str] = Counter()
        """The turn that each tenant's next call has, at least. Source: start-time fair queueing
        (Goyal, Vin, Cheng, 1996)."""

    def add(self, call: PoolCall, number: int) -> None:
        """Put a call where it belongs."""
        turn = max(self.turns[call.tenant], self.turn)
        self.turns[call.tenant] = turn + 1
        if len(self.turns) > _TENANTS_MAX:
            late = {tenant: turn for tenant, turn in self.turns.items() if turn > self.turn}
            self.turns = Counter(late)
        insort(self.waiting, _Entry(-call.priority, turn, number, call.id))

    def discard(self, id: str) -> None:
        """Take a call out, wherever it is."""
        self.running.pop(id, None)
        self.waiting = [entry for entry in self.waiting if entry.id != id]

    def forget_old(self, now_ms: int) -> None:
        """Forget what began too long ago to matter."""
        while self.begun and self.begun[0].at_ms <= now_ms - self.pool.per_ms:
            self.begun.popleft()

    def room(self) -> int:
        """Return how many more may begin now by the limits of the whole pool."""
        pool, room = self.pool, len(self.waiting)
        for limit in (pool.concurrency, pool.worker_concurrency):
            room = min(room, limit - len(self.running)) if limit else room
        return min(room, pool.rate - len(self.begun)) if pool.rate else room

    def full(self) -> set[str]:
        """Return the keys of which none may begin now."""
        pool, full = self.pool, set[str]()
        if pool.key_concurrency:
            running = Counter(call.key for _, call in self.running.values())
            full |= {key for key, count in running.items() if count >= pool.key_concurrency}
        if pool.key_rate:
            begun = Counter(one.key for one in self.begun)
            full |= {key for key, count in begun.items() if count >= pool.key_rate}
        return full


class MemoryCalls:
    """`Calls` of one process. What it takes with it when it ends is put again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[str, _Line] = {}
        self._kept: dict[str, _Kept] = {}
        self._count = 0

    async def declare(self, pools: Sequence[Pool]) -> None:
        """See `Calls.declare`."""
        for pool in pools:
            self._line(pool.name).pool = pool

    async def put(self, calls: Sequence[PoolCall]) -> None:
        """See `Calls.put`."""
        for call in calls:
            if call.id not in self._kept:
                self._count += 1
                self._kept[call.id] = _Kept(call, self._clock.now_ms())
                self._line(call.pool).add(call, self._count)

    async def claim(self, pool: str, room: int, *, held: Collection[str] | None = None) -> Claimed:
        """See `Calls.claim`."""
        line, now_ms = self._line(pool), self._clock.now_ms()
        line.forget_old(now_ms)
        if held is not None:
            self._give_back(line, line.running.keys() - {*held})
        claims = tuple(self._claimed(line, min(room, line.room()), now_ms))
        again_ms = None
        if line.waiting and line.begun and (line.pool.rate or line.pool.key_rate):
            again_ms = line.begun[0].at_ms + line.pool.per_ms - now_ms
        return Claimed(claims=claims, again_ms=again_ms, are_more=bool(line.waiting))

    def _give_back(self, line: _Line, ids: Collection[str]) -> None:
        for id in ids:
            entry, _ = line.running.pop(id)
            if self._kept[id].is_withdrawn:
                del self._kept[id]
            else:
                self._kept[id].runs = False
                insort(line.waiting, entry)

    def _claimed(self, line: _Line, room: int, now_ms: int) -> Iterator[Claim]:
        full, place = line.full(), 0
        while room > 0 and place < len(line.waiting):
            entry = line.waiting[place]
            kept = self._kept[entry.id]
            if kept.call.key in full:
                place += 1
                continue
            del line.waiting[place]
            line.turn = max(line.turn, entry.turn)
            line.running[entry.id] = entry, kept.call
            if line.pool.rate or line.pool.key_rate:
                line.begun.append(_Begun(now_ms, kept.call.key))
            kept.runs, kept.number, room = True, kept.number + 1, room - 1
            if line.pool.key:
                full = line.full()
            yield Claim(id=entry.id, number=kept.number, payload=kept.call.payload)

    async def settle(self, outcomes: Sequence[tuple[Claim, bytes]]) -> list[bool]:
        """See `Calls.settle`."""
        return [self._settle(claim, outcome) for claim, outcome in outcomes]

    def _settle(self, claim: Claim, outcome: bytes) -> bool:
        kept = self._kept.get(claim.id)
        if kept is None or not kept.runs or kept.number != claim.number:
            return False
        kept.runs, kept.outcome = False, outcome
        del self._line(kept.call.pool).running[claim.id]
        if kept.is_withdrawn:
            del self._kept[claim.id]
        return not kept.is_withdrawn

    async def find(self, ids: Collection[str]) -> dict[str, Found]:
        """See `Calls.find`."""
        return {id: _found(self._kept[id]) for id in ids if id in self._kept}

    async def drop(self, ids: Collection[str]) -> None:
        """See `Calls.drop`."""
        for id in ids:
            kept = self._kept.get(id)
            if kept is not None and kept.runs:
                kept.is_withdrawn = True
            elif kept is not None:
                self._line(kept.call.pool).discard(id)
                del self._kept[id]

    async def lines(self) -> tuple[Line, ...]:
        """See `Lines.lines`."""
        now_ms = self._clock.now_ms()
        return tuple(
            Line(
                pool=line.pool,
                waiting=len(line.waiting),
                running=len(line.running),
                oldest_ms=max(
                    (now_ms - self._kept[entry.id].put_ms for entry in line.waiting), default=0
                ),
            )
            for _, line in sorted(self._lines.items())
        )

    async def waiting_of(self, session: SessionId) -> dict[str, str]:
        """See `Lines.waiting_of`."""
        return {
            id: kept.call.pool
            for id, kept in self._kept.items()
            if kept.call.session == session and not kept.runs and kept.outcome is None
        }

    def _line(self, pool: str) -> _Line:
        return self._lines.setdefault(pool, _Line(Pool(pool)))


def _found(kept: _Kept) -> Found:
    if kept.outcome is not None:
        return Found(standing="settled", number=kept.number, outcome=kept.outcome)
    standing: Standing = "running" if kept.runs else "waiting"
    return Found(standing=standing, number=kept.number, is_withdrawn=kept.is_withdrawn)
