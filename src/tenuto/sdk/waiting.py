"""Waits until a session has come to some state, here or in the process that runs it."""

from collections.abc import Callable

from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.session.status import status_of
from tenuto.core.vocabulary import SessionId
from tenuto.runtime.engine import Engine
from tenuto.runtime.holdings import Moved
from tenuto.runtime.loading import events_of
from tenuto.sdk.history import state_at


def has_ended(state: SessionState) -> bool:
    """Return whether the session takes no more inputs."""
    return state.phase in TERMINAL


def is_idle(state: SessionState) -> bool:
    """Return whether nothing of the session is at work."""
    return status_of(state)[0] not in ("pending", "running")


async def until(
    engine: Engine, session: SessionId, done: Callable[[SessionState], bool]
) -> SessionState:
    """Return the state once `done` says so; it is the owner's own, to be read only."""
    if engine.readonly:
        return await _follow_until(engine, session, done)
    while True:
        try:
            return await _watch_until(engine, session, done)
        except Moved:
            # Look again where it is.
            continue


async def _watch_until(
    engine: Engine, session: SessionId, done: Callable[[SessionState], bool]
) -> SessionState:
    watcher = engine.watchers.add(session, done)
    try:
        live = engine.residents.find(session)
        if live is None:
            # Nothing of it runs here: the store knows better, unless it is loaded meanwhile.
            state = await state_at(engine, session, None)
            if done(state):
                return state
            if not engine.owning.runs(state.workflow, session):
                return await _follow_until(engine, session, done)
        elif not live.busy and not live.inbox and done(live.state):
            return live.state
        return await watcher
    finally:
        engine.watchers.remove(session, watcher)


async def until_idle(engine: Engine, session: SessionId) -> SessionState:
    """Return the state once neither the session nor any session below it is at work."""
    while True:
        state = await until(engine, session, is_idle)
        version = state.version
        below = [task.child for task in state.tasks.values() if task.child is not None]
        if has_ended(state) or not below:
            return state
        ended = [has_ended(await until_idle(engine, child)) for child in below]
        if not any(ended):
            return state

        # What the child brought is on its way.
        def moved_on(newer: SessionState, version: int = version) -> bool:
            return newer.version > version

        await until(engine, session, moved_on)


async def _follow_until(
    engine: Engine, session: SessionId, done: Callable[[SessionState], bool]
) -> SessionState:
    """Another process runs the session: its log tells."""
    state = await state_at(engine, session, None)
    if done(state):
        return state
    async for commit in engine.store.follow(session=session, after=state.version):
        for _, event in events_of(
            (commit,), engine.decoder, after=state.version, until=commit.version
        ):
            evolve(state, event)
        if done(state):
            break
    return state
