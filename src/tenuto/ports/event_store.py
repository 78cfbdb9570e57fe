"""The event store: where logs live. What it acknowledged is never lost (P1, P2, P4).

Payloads are opaque bytes here; `codec` gives them meaning. One commit holds the events of one or
more inputs of one session and is atomic. Events have consecutive versions in their session and
consecutive positions in the store: a commit of n events that ends at position p holds positions
p-n+1 … p.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from tenuto.core.lifecycle import Status, WaitsFor
from tenuto.core.vocabulary import Position, SessionId, Version


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What lists and recovery need to know of a session without folding its log.

    Written with a commit when something in it changed; `version` is the version it was true at."""

    session: SessionId
    tenant: str = "local"
    user: str = ""
    workflow: str = ""
    workflow_version: str = ""
    parent: SessionId | None = None
    key: str | None = None
    """Idempotency key of the start; unique per tenant where not None."""
    origin: SessionId | None = None
    """A fork's origin: its events up to `origin_version` are this session's first events."""
    origin_version: Version = Version(0)
    status: Status
    waiting_for: str = ""
    """In words, when the status is waiting or paused (P8); the error when it is failed."""
    wake_ms: int | None = None
    """Earliest deadline that the session has, in ms since 1970."""
    active: bool
    """The log promises work that is not settled: recovery must load the session."""
    started_ms: int
    updated_ms: int
    version: Version
    waits_for: tuple[WaitsFor, ...] = ()
    """What open tasks wait for, each once, in the order of the type, whatever the status is."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fold up to and including `version`, encoded; it replaces the one before."""

    version: Version
    payload: bytes


class Commit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be written of one session, atomically.

    `count` events, encoded together in `payload`, become versions expected+1 … expected+count.
    `head` is given at the start of a session and whenever it changed. A commit with `count` 0 only
    replaces the head or the snapshot and takes no position."""

    session: SessionId
    expected: Version
    count: int
    payload: bytes
    at_ms: int
    head: Head | None = None
    snapshot: Snapshot | None = None


class StoredCommit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A commit as it is in the log. `version` and `position` are those of its last event."""

    session: SessionId
    version: Version
    position: Position
    count: int
    payload: bytes
    at_ms: int
    is_pruned: bool = False
    """It was deleted with its session: no session is named, and `payload` is the leaf's hash that
    audits have of it. It is in the log of all sessions, in its place, and in no session's."""


class StoredSession(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that is needed to fold a session up to a version: snapshot (or None), then the commits.

    The commits are in order, without gap, and begin right after the snapshot (or at version 1; a
    fork's with those of its origin). The first may begin before the snapshot's end, and the last
    may end after the version asked for: the reader skips what it does not want."""

    head: Head
    version: Version
    """The session's current version in the store."""
    snapshot: Snapshot | None
    commits: tuple[StoredCommit, ...]


class HeadQuery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which heads to list, newest start first. Empty fields match everything."""

    tenant: str | None = None
    user: str | None = None
    statuses: tuple[Status, ...] = ()
    workflow: str | None = None
    parent: SessionId | None = None
    roots: bool = False
    """Only those that no other session started."""
    since_ms: int | None = None
    """Started at this moment or later."""
    until_ms: int | None = None
    """Started before this moment."""
    text: str = ""
    """Its id or its key begins so, or its workflow's name contains it."""
    key: str | None = None
    active: bool | None = None
    wake_before_ms: int | None = None
    words: tuple[str, ...] = ()
    """Texts of which one must stand in `waiting_for`, letter by letter."""
    waits_for: tuple[WaitsFor, ...] = ()
    """Some task waits for one of these, whatever the status is."""
    prefix: str = ""
    """Session ids that begin so."""
    before: SessionId | None = None
    """Page: only those listed after this one."""
    limit: int = 100


class SessionCount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many sessions match."""

    count: int
    is_exact: bool
    """False: there are more."""


class SessionLists(Protocol):
    """What long lists of sessions need beside `EventStore.heads`."""

    async def prepare(self) -> None:
        """Return when the first page of any list of one tenant's sessions is quick, however many
        there are. It costs every commit something, and the first time a scan of all sessions."""
        ...

    async def count(self, query: HeadQuery, *, at_most: int = 10_000) -> SessionCount:
        """Return how many sessions match, or `at_most` if there are more."""
        ...

    async def by_status(self) -> Mapping[Status, int]:
        """Return how many sessions of all tenants have each status, those that none has too."""
        ...


class Receipt(asyncio.Future[Position]):
    """The future position of an append. `settled` is called with it as soon as the store settles it
    by `settle`; a callback of a future would come a tick of the event loop later."""

    settled: "Callable[[Receipt], None] | None" = None

    def settle(self, answer: Position | Exception) -> None:
        """Give the answer, unless nobody waits for it any more."""
        if self.done():
            return
        if isinstance(answer, Exception):
            self.set_exception(answer)
        else:
            self.set_result(answer)
        if self.settled is not None:
            self.settled(self)


class EventStore(Protocol):
    """A log of many sessions. Every method may raise `StoreUnavailable` and `CorruptLog`."""

    def append(self, commit: Commit) -> Awaitable[Position]:
        """Return the position of the commit's last event once it is as durable as the store
        promises.

        The write is queued before this returns: the order of calls is the order of writes, and what
        several sessions queue is committed to the disk together. Nothing is written when it raises.

        Raises:
            Stale: the session's version is not `commit.expected`, or its id or key is taken; the
                error names the session that has the key.
            NotFound: there is no such session and no head to start one, or no such origin.
            StoreUnavailable: the disk refused; the caller may append the same commit again.
        """
        ...

    async def load(self, session: SessionId, *, at: Version | None = None) -> StoredSession:
        """Return what folds to the session's state at version `at` (None: the newest).

        Raises:
            NotFound: there is no such session, or it has no version `at`.
        """
        ...

    async def read(
        self, *, session: SessionId | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[StoredCommit, ...]:
        """Return the next commits in order, at most `limit`; empty at the end.

        Of one session: those with an event whose version is above `after` (a fork's begin with its
        origin's; where an origin's commit goes on after the fork, `version`, `position` and `count`
        are those of what the fork has, and the payload is whole). Of all: those with an event whose
        position is above `after`."""
        ...

    def follow(
        self, *, session: SessionId | None = None, after: int = 0
    ) -> AsyncIterator[StoredCommit]:
        """Return every commit as `read` would, then those to come, live, without gap or repeat."""
        ...

    async def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        """Return the heads that match, newest start first."""
        ...

    async def close(self) -> None:
        """Return when all that was queued is written and the store is released."""
        ...
