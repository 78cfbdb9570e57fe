"""Live readers: what was committed is handed over in the process; who is slow reads the log.

A follower is registered before it reads the log, so whatever is acknowledged during the read
lands in its buffer; what it has from both sides is dropped by its place. A full buffer is thrown
away and the follower reads the log again: the writer never waits for a reader.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Final, Protocol

from tenuto.adapters.tables.outcomes import Answer
from tenuto.core.errors import TenutoError
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Commit, StoredCommit

BUFFERED_COMMITS_MAX: Final = 1_000
READ_COMMITS: Final = 200
POLL_S: Final = 0.05
"""How often a process that only reads looks whether the file changed."""


class Read(Protocol):
    def __call__(
        self, *, session: SessionId | None, after: int, limit: int
    ) -> Awaitable[tuple[StoredCommit, ...]]: ...


class Follower:
    """One live reader's buffer."""

    def __init__(self) -> None:
        self.buffer: deque[StoredCommit] = deque()
        self.missed = False
        self.closed = False
        self.after = 0
        """The place up to which it has yielded."""
        self._waiter: asyncio.Future[None] | None = None

    def push(self, commit: StoredCommit) -> None:
        if len(self.buffer) >= BUFFERED_COMMITS_MAX:
            self.buffer.clear()
            self.missed = True
        elif not self.missed:
            self.buffer.append(commit)
        self.wake()

    def read_unless_at(self, place: int) -> None:
        if self.after < place:
            self.missed = True
            self.wake()

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Return when there is something to take, to read or to end."""
        if not (self.buffer or self.missed or self.closed):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            self._waiter = None


class Followers:
    """All live readers of a store."""

    def __init__(self) -> None:
        self._of_all: list[Follower] = []
        self._of_session: dict[SessionId, list[Follower]] = {}

    def publish(self, batch: Sequence[tuple[Commit, object]], answers: Sequence[Answer]) -> None:
        """Hand over what was acknowledged."""
        if not self._of_all and not self._of_session:
            return
        for (commit, _), answer in zip(batch, answers, strict=False):
            if isinstance(answer, TenutoError) or not commit.count:
                continue
            followers = [*self._of_all, *self._of_session.get(commit.session, ())]
            if followers:
                stored = stored_commit(commit, answer)
                for follower in followers:
                    follower.push(stored)

    def missed(self, sessions: Sequence[SessionId] = ()) -> None:
        """Have the followers of these sessions, and those of all, read the log: another process
        wrote to it. None named: have all of them."""
        of_sessions = (
            self._of_session.values()
            if not sessions
            else (self._of_session.get(session, []) for session in sessions)
        )
        for follower in [*self._of_all, *(one for some in of_sessions for one in some)]:
            follower.missed = True
            follower.wake()

    def reached(self, position: int, versions: Mapping[SessionId, int] | None) -> None:
        """Have the followers read the log that have not come so far: of all sessions, and of those
        whose newest versions are given; None: of any."""
        for follower in self._of_all:
            follower.read_unless_at(position)
        if versions is None:
            self.missed()
            return
        for session, version in versions.items():
            for follower in self._of_session.get(session, ()):
                follower.read_unless_at(version)

    async def follow(
        self, read: Read, *, session: SessionId | None, after: int
    ) -> AsyncIterator[StoredCommit]:
        """Yield every commit after `after`, then those to come, until the store is closed.

        Raises:
            StoreUnavailable: the store was closed before the follower had caught up.
        """
        follower = self._add(session)
        follower.after = after
        try:
            while True:
                follower.missed = False
                while commits := await read(session=session, after=after, limit=READ_COMMITS):
                    for commit in commits:
                        follower.after = after = end_of(commit, session)
                        yield commit
                while not follower.missed:
                    await follower.wait()
                    if not follower.buffer:
                        if follower.closed and not follower.missed:
                            return
                        continue
                    commit = follower.buffer.popleft()
                    end = end_of(commit, session)
                    if end - commit.count > after:
                        # A fork's first own commit: its origin's come first. Read the log.
                        follower.missed = True
                    elif end > after:
                        follower.after = after = end
                        yield commit
        finally:
            self._remove(session, follower)

    def close(self) -> None:
        """End every follower once it has had what is in its buffer."""
        for follower in [*self._of_all, *(f for fs in self._of_session.values() for f in fs)]:
            follower.closed = True
            follower.wake()

    def _add(self, session: SessionId | None) -> Follower:
        follower = Follower()
        if session is None:
            self._of_all.append(follower)
        else:
            self._of_session.setdefault(session, []).append(follower)
        return follower

    def _remove(self, session: SessionId | None, follower: Follower) -> None:
        if session is None:
            self._of_all.remove(follower)
            return
        rest = self._of_session[session]
        rest.remove(follower)
        if not rest:
            del self._of_session[session]


def stored_commit(commit: Commit, position: Position) -> StoredCommit:
    """Return the commit as it stands in the log."""
    return StoredCommit(
        session=commit.session,
        version=Version(commit.expected + commit.count),
        position=position,
        count=commit.count,
        payload=commit.payload,
        at_ms=commit.at_ms,
    )


async def poll(read: Read, *, session: SessionId | None, after: int) -> AsyncIterator[StoredCommit]:
    """Yield every commit after `after`, then those that another process writes, until cancelled."""
    while True:
        while commits := await read(session=session, after=after, limit=READ_COMMITS):
            for commit in commits:
                after = end_of(commit, session)
                yield commit
        await asyncio.sleep(POLL_S)


def end_of(commit: StoredCommit, session: SessionId | None) -> int:
    """Return the place from which to go on after `commit`."""
    return commit.position if session is None else commit.version
