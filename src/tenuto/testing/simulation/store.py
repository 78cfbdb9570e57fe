"""The event store and the artifacts as one process sees them: slow, away, and gone with it."""

import asyncio
from typing import Final, TypeAlias

from tenuto.adapters.memory import MemoryArtifacts, MemoryEventStore
from tenuto.core.errors import StoreUnavailable, TenutoError
from tenuto.core.vocabulary import Digest, Position, SessionId, Version
from tenuto.ports.event_store import Commit, Head, HeadQuery, Receipt, StoredCommit, StoredSession
from tenuto.testing.simulation.faults import Weather
from tenuto.testing.simulation.witness import Witness, WitnessedLog

_SLOW_S: Final = 3.0

Queued: TypeAlias = tuple[Commit, Receipt]


class FaultyStore(MemoryEventStore):
    """One process's way to the log. Appends are written in the order of their calls."""

    def __init__(self, log: WitnessedLog, *, weather: Weather, witness: Witness) -> None:
        super().__init__()
        self._log = log
        self._weather, self._witness = weather, witness
        self._appends: list[Queued] = []
        self._is_writing = False
        self._is_dead = False

    def append(self, commit: Commit) -> Receipt:
        """See `EventStore.append`."""
        answer = Receipt(loop=asyncio.get_running_loop())
        if not self._is_dead:
            self._appends.append((commit, answer))
            if not self._is_writing:
                self._is_writing = True
                asyncio.get_running_loop().call_soon(self._write_next)
        return answer

    async def load(self, session: SessionId, *, at: Version | None = None) -> StoredSession:
        """See `EventStore.load`."""
        await self._reach("load")
        stored = await super().load(session, at=at)
        self._witness.read(session, stored.version)
        return stored

    async def read(
        self, *, session: SessionId | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[StoredCommit, ...]:
        """See `EventStore.read`."""
        await self._reach("read")
        return await super().read(session=session, after=after, limit=limit)

    async def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        """See `EventStore.heads`."""
        await self._reach("list")
        return await super().heads(query)

    def die(self, written: int) -> list[Commit]:
        """Write the first `written` of the queued commits, and return the others, which are lost.

        Nobody is told; nothing reaches the log through this store any more."""
        queued, self._appends = self._appends, []
        self._is_dead = True
        for commit, _ in queued[:written]:
            try:
                self._log.write(commit)
            except TenutoError:
                # Its session was taken over or its key is taken: as it would have been.
                continue
        return [commit for commit, _ in queued[written:]]

    def queued(self) -> int:
        """Return how many commits are on their way to the disk."""
        return len(self._appends)

    def _write_next(self) -> None:
        weather = self._weather
        if self._is_dead or not self._appends:
            self._is_writing = False
            return
        if weather.strikes(weather.faults.append_slow):
            wait_s = weather.pause_s(_SLOW_S)
            asyncio.get_running_loop().call_later(wait_s, self._write_first)
        else:
            self._write_first()

    def _write_first(self) -> None:
        if self._is_dead:
            return
        weather, loop = self._weather, asyncio.get_running_loop()
        commit, answer = self._appends.pop(0)
        if self._appends:
            loop.call_soon(self._write_next)
        else:
            self._is_writing = False
        if weather.refuses(weather.faults.append_refused):
            answer.settle(_unavailable("append to"))
            return
        try:
            position = self._log.write(commit)
        except TenutoError as error:
            answer.settle(error)
            return
        self._wake()
        if weather.strikes(weather.faults.acknowledged_late):
            loop.call_later(weather.pause_s(_SLOW_S), self._acknowledge, commit, answer, position)
        else:
            self._acknowledge(commit, answer, position)

    def _acknowledge(self, commit: Commit, answer: Receipt, position: Position) -> None:
        if not self._is_dead:
            self._witness.acknowledge(commit)
            answer.settle(position)

    async def _reach(self, what: str) -> None:
        """Return when the store answers, which a dead process does not live to see."""
        weather = self._weather
        if self._is_dead:
            await asyncio.get_running_loop().create_future()
        if weather.strikes(weather.faults.append_slow):
            await asyncio.sleep(weather.pause_s(_SLOW_S))
        if weather.refuses(weather.faults.read_refused):
            raise _unavailable(what)


class FaultyArtifacts(MemoryArtifacts):
    """Artifacts that outlive processes, and sometimes cannot be stored."""

    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._weather = weather

    async def put(self, payload: bytes) -> Digest:
        """See `Artifacts.put`."""
        await asyncio.sleep(0)
        if self._weather.refuses(self._weather.faults.append_refused):
            raise _unavailable("store an artifact in")
        return await super().put(payload)


def _unavailable(what: str) -> StoreUnavailable:
    return StoreUnavailable(f"The simulated disk did not let the runtime {what} the store.")
