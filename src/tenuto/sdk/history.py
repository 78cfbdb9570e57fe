"""A session's past, read from the log."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from tenuto.core.errors import NotFound
from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import StoredCommit
from tenuto.runtime.engine import Engine
from tenuto.runtime.loading import events_of, load_state

_PAGE_COMMITS: Final = 250
"""Read at once: others get their turn of the loop after so many."""
_END_EVENTS = (e.SessionCompleted, e.SessionFailed, e.SessionCancelled)


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its places: in its session, and in the store."""

    position: Position
    session: SessionId
    version: Version
    event: e.SessionEvent


async def state_at(engine: Engine, session: SessionId, at: int | None) -> SessionState:
    """Return the state at version `at` (None: the newest), folded for the caller alone."""
    version = None if at is None else Version(at)
    stored = await engine.store.load(session, at=version)
    state, _ = await load_state(engine.store, engine.decoder, stored, at=version)
    return state


async def program_of(engine: Engine, session: SessionId) -> Program:
    """Return what the session runs under."""
    first = await engine.store.read(session=session, limit=1)
    if not first:
        raise NotFound(what="session", name=session)
    started = engine.decoder.decode(first[0].payload)[0]
    assert isinstance(started, e.SessionStarted), "a log begins with its start"
    return engine.programs.get(started.digest, started.tenant)


async def read_events(
    engine: Engine, session: SessionId, after: int, *, follow: bool
) -> AsyncIterator[StoredEvent]:
    """Return the events above version `after`; with `follow` those to come, until the end."""
    held: StoredCommit | None = None
    ended = False
    async for commit in _commits(engine, session, after, follow=follow):
        # Where a fork left its origin shows in the commit that follows.
        if held is not None:
            for event in _placed(engine, (held, commit), after):
                yield event
            held = None
        if commit.session != session:
            held = commit
            continue
        for event in _placed(engine, (commit,), after):
            yield event
            ended = ended or isinstance(event.event, _END_EVENTS)
        # What was decided with the end is told too.
        if follow and ended:
            return


async def read_page(
    engine: Engine, session: SessionId, after: int, *, commits: int
) -> list[StoredEvent]:
    """Return the events above version `after` in the next commits, at most so many of these."""
    found = await engine.store.read(session=session, after=after, limit=commits)
    return [event for commit in found for event in _placed(engine, (commit,), after)]


async def _commits(
    engine: Engine, session: SessionId, after: int, *, follow: bool
) -> AsyncIterator[StoredCommit]:
    if follow:
        async for commit in engine.store.follow(session=session, after=after):
            yield commit
        return
    while page := await engine.store.read(session=session, after=after, limit=_PAGE_COMMITS):
        for commit in page:
            yield commit
        after = page[-1].version


def _placed(engine: Engine, commits: tuple[StoredCommit, ...], after: int) -> list[StoredEvent]:
    """Return the events of the first of `commits`."""
    commit = commits[0]
    start = commit.position - commit.version
    end = commit.version
    if len(commits) > 1:
        end = min(end, Version(commits[1].version - commits[1].count))
    found = events_of((commit,), engine.decoder, after=after, until=end)
    return [
        StoredEvent(
            position=Position(start + version),
            session=commit.session,
            version=version,
            event=event,
        )
        for version, event in found
    ]
