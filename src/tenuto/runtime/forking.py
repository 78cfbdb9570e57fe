"""Forks: sessions that share another's past and go on from there."""

import msgspec

from tenuto.codec.events import encode_events
from tenuto.core.errors import NotFound
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.decide import check_patch, decide
from tenuto.core.session.evolve import evolve
from tenuto.core.session.moves import whole_moves
from tenuto.core.vocabulary import JsonObject, SessionId, Version
from tenuto.ports.event_store import Commit, Head, StoredSession
from tenuto.runtime.engine import Engine
from tenuto.runtime.heads import head_of
from tenuto.runtime.loading import load_state


async def fork_session(
    engine: Engine, origin: SessionId, *, at: Version | None, patch: JsonObject
) -> SessionId:
    """Return a new session that shares the first `at` events of `origin` and goes on from
    there; where `at` is in the midst of a move, it shares what came before the move.

    Nothing is copied. The past is folded here only where a snapshot makes that quick.

    Raises:
        NotFound: there is no such session or version.
        Rejected: the session was ending at that version, or the patch does not fit its state.
    """
    stored = await engine.store.load(origin)
    version = stored.version if at is None else at
    if not 1 <= version <= stored.version:
        hint = f"It has versions 1 to {stored.version}."
        raise NotFound(what=f"version of session {origin!r}", name=str(version), hint=hint)
    version = await _whole(engine, origin, version)
    now = engine.clock.now_ms()
    cause = i.ForkSession(
        at_ms=now,
        session=engine.ids.session_id(now),
        origin=origin,
        origin_version=version,
        patch=patch,
    )
    events, head = await _forked(engine, stored, cause)
    commit = Commit(
        session=cause.session,
        expected=version,
        count=1,
        payload=encode_events(events).payload,
        at_ms=now,
        head=head,
    )
    await engine.store.append(commit)
    engine.take_up(cause.session)
    return cause.session


async def _whole(engine: Engine, session: SessionId, version: Version) -> Version:
    """Return the last version up to `version` that ends a move."""
    commit = (await engine.store.read(session=session, after=version - 1, limit=1))[0]
    events = engine.decoder.decode(commit.payload)[: commit.count]
    before = commit.version - commit.count
    return Version(before + whole_moves(events, version - before))


async def _forked(
    engine: Engine, stored: StoredSession, cause: i.ForkSession
) -> tuple[tuple[e.SessionEvent, ...], Head]:
    """Return the fork's first own event, and what lists show of it until it is taken up."""
    version = cause.origin_version
    at = version if stored.snapshot is None or version >= stored.snapshot.version else None
    # To fold up to an old version is dear: then the present state tells what the rule asks for.
    state, _ = await load_state(engine.store, engine.decoder, stored, at=at)
    if at is not None or (state.closing_from and version >= state.closing_from):
        events = decide(state, cause, engine.programs.get(state.digest, state.tenant))
        for event in events:
            evolve(state, event)
        # It has moves to make that its origin made later: recovery must take it up.
        return events, msgspec.structs.replace(head_of(state), active=True)
    check_patch(state.keys, cause.patch)
    forked = e.SessionForked(
        at_ms=cause.at_ms,
        session=cause.session,
        origin=cause.origin,
        origin_version=version,
        patch=cause.patch,
    )
    return (forked,), _head_unfolded(stored.head, cause)


def _head_unfolded(origin: Head, cause: i.ForkSession) -> Head:
    return Head(
        session=cause.session,
        tenant=origin.tenant,
        user=origin.user,
        workflow=origin.workflow,
        workflow_version=origin.workflow_version,
        origin=cause.origin,
        origin_version=cause.origin_version,
        status="running",
        active=True,
        started_ms=cause.at_ms,
        updated_ms=cause.at_ms,
        version=Version(cause.origin_version + 1),
    )
