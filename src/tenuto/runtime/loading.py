"""From a stored session to its state."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from tenuto.codec.events import EventDecoder
from tenuto.codec.snapshots import decode_snapshot
from tenuto.core.errors import CorruptLog
from tenuto.core.session.events import SessionEvent
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Version
from tenuto.ports.event_store import EventStore, StoredCommit, StoredSession

_EVENTS_AT_ONCE: Final = 1_000
"""Events folded before others get their turn of the loop: a few milliseconds' worth."""


async def load_state(
    store: EventStore,
    decoder: EventDecoder,
    stored: StoredSession,
    *,
    at: Version | None = None,
) -> tuple[SessionState, int]:
    """Return the state at version `at` (None: the newest) and how many bytes of log were folded.

    Raises:
        CorruptLog: the log has a gap, or contradicts itself.
    """
    wanted = stored.version if at is None else at
    state = SessionState()
    commits = stored.commits
    if stored.snapshot is not None:
        snapshot = decode_snapshot(stored.snapshot.payload)
        if snapshot is not None:
            state = snapshot
        else:
            commits = await _whole_log(store, stored)
    for version, event in events_of(commits, decoder, after=state.version, until=wanted):
        evolve(state, event)
        if not version % _EVENTS_AT_ONCE:
            await asyncio.sleep(0)
    if state.version != wanted:
        raise CorruptLog(
            f"Session {stored.head.session!r} has events up to version {state.version} only, "
            f"and the store says {wanted}."
        )
    return state, sum(len(commit.payload) for commit in commits)


def events_of(
    commits: Sequence[StoredCommit], decoder: EventDecoder, *, after: int, until: int
) -> Iterator[tuple[Version, SessionEvent]]:
    """Return the events with versions above `after` up to `until`, each with its version.

    A commit of a fork's origin may go on after the version at which the fork left it: what follows
    it in `commits` says where."""
    for n, commit in enumerate(commits):
        version = commit.version - commit.count
        if version >= until:
            return
        end = until
        if n + 1 < len(commits):
            end = min(until, commits[n + 1].version - commits[n + 1].count)
        for event in decoder.decode(commit.payload):
            version += 1
            if after < version <= end:
                yield Version(version), event


async def _whole_log(store: EventStore, stored: StoredSession) -> tuple[StoredCommit, ...]:
    """The snapshot is of another release: the log is folded from its start."""
    commits: list[StoredCommit] = []
    after = 0
    while page := await store.read(session=stored.head.session, after=after, limit=1000):
        commits += page
        after = page[-1].version
    return tuple(commits)
