"""How the suite opens stores, and what it puts in them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeAlias

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Commit, EventStore, Head, Snapshot, StoredCommit

Scenario: TypeAlias = Callable[[EventStore], Awaitable[None]]

SCENARIO_S_MAX: Final = 60.0
"""A scenario that takes longer hangs."""

A: Final = SessionId("a")
B: Final = SessionId("b")
C: Final = SessionId("c")


class StoreCase(ABC):
    """Opens an empty store for each test."""

    @abstractmethod
    async def open_store(self) -> EventStore:
        """Return an empty store."""

    def check(self, scenario: Scenario) -> None:
        """Run `scenario` on an empty store, and close the store after it."""

        async def main() -> None:
            store = await self.open_store()
            try:
                await asyncio.wait_for(scenario(store), SCENARIO_S_MAX)
            finally:
                await store.close()

        asyncio.run(main())


def head_of(session: SessionId, **changes: object) -> Head:
    """Return a head of a session that runs, with `changes`."""
    head = Head(
        session=session,
        workflow="triage",
        workflow_version="1",
        status="running",
        active=True,
        started_ms=1_000,
        updated_ms=1_000,
        version=Version(1),
    )
    return msgspec.structs.replace(head, **changes)


def start(
    session: SessionId, *, count: int = 1, payload: bytes = b"start", **head: object
) -> Commit:
    """Return the commit that starts `session`; `head` says what is special about its head."""
    made = head_of(session, **head)
    return Commit(
        session=session,
        expected=made.origin_version,
        count=count,
        payload=payload,
        at_ms=1_000,
        head=made,
    )


def more(
    session: SessionId,
    expected: int,
    *,
    count: int = 1,
    payload: bytes = b"more",
    **brought: object,
) -> Commit:
    """Return a commit that goes on with `session` after `expected`, and may bring a head."""
    commit = Commit(
        session=session,
        expected=Version(expected),
        count=count,
        payload=payload,
        at_ms=2_000,
    )
    return msgspec.structs.replace(commit, **brought)


def fork(session: SessionId, origin: SessionId, at: int, *, count: int = 1) -> Commit:
    """Return the commit that starts `session` as a fork of `origin` at version `at`."""
    return start(session, count=count, payload=b"forked", origin=origin, origin_version=Version(at))


def snapshot(version: int, payload: bytes = b"folded") -> Snapshot:
    return Snapshot(version=Version(version), payload=payload)


async def write(store: EventStore, *commits: Commit) -> list[Position]:
    """Append all, one after another, and return their positions."""
    return [await store.append(commit) for commit in commits]


async def write_at_once(store: EventStore, *commits: Commit) -> list[Position | BaseException]:
    """Append all without waiting in between, and return their positions or errors."""
    return await asyncio.gather(
        *[store.append(commit) for commit in commits], return_exceptions=True
    )


async def first(iterator: AsyncIterator[StoredCommit], count: int) -> list[StoredCommit]:
    """Return the first `count` commits that `iterator` yields."""
    return [await anext(iterator) for _ in range(count)]


def spans(commits: "list[StoredCommit] | tuple[StoredCommit, ...]") -> list[tuple[str, int, int]]:
    """Return whose events each commit holds, and their first and last version."""
    return [(c.session, c.version - c.count + 1, c.version) for c in commits]


async def refusal(write: Awaitable[Position]) -> TenutoError:
    """Return the error that an append ends with."""
    try:
        position = await write
    except TenutoError as error:
        return error
    raise AssertionError(f"The append was taken, at position {position}; it must be refused.")
