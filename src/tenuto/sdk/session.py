"""A handle on one session."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from tenuto.core.errors import NotFound
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, Position, SessionId, TaskNo, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.event_store import Head, HeadQuery, StoredCommit
from tenuto.runtime.engine import Engine
from tenuto.runtime.heads import status_of
from tenuto.runtime.json_values import to_json
from tenuto.runtime.loading import events_of, load_state
from tenuto.runtime.replaying import ReplayReport, replay
from tenuto.sdk.errors import SessionCancelledError, SessionFailedError

_END_EVENTS = (e.SessionCompleted, e.SessionFailed, e.SessionCancelled)


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its places: in its session, and in the store."""

    position: Position
    session: SessionId
    version: Version
    event: e.SessionEvent


class Session:
    """One durable execution. Any number of handles may exist; they hold no state.

    Every method that changes something returns when the change is committed, and raises `NotFound`
    where there is no such session, `SessionEnded` or `NotAllowed` where it does not fit.

    Example:
        session = await runtime.start(flow, {"text": "hello"})
        output = await session.result(timeout=30)
    """

    def __init__(self, engine: Engine, session_id: SessionId) -> None:
        self._engine = engine
        self.id = session_id

    def __repr__(self) -> str:
        return f"Session({self.id!r})"

    # Looking

    async def head(self) -> Head:
        """Return what lists show of the session, as of its last change of status."""
        heads = await self._engine.store.heads(HeadQuery(prefix=self.id, limit=2))
        for head in heads:
            if head.session == self.id:
                return head
        raise NotFound(what="session", name=self.id)

    async def state(self, at: int | None = None) -> SessionState:
        """Return the state at version `at` (None: the newest): a fold of its own, free to
        change."""
        version = None if at is None else Version(at)
        stored = await self._engine.store.load(self.id, at=version)
        state, _ = await load_state(self._engine.store, self._engine.decoder, stored, at=version)
        return state

    async def definition(self) -> WorkflowDefinition:
        """Return the definition that the session runs under."""
        first = await self._engine.store.read(session=self.id, limit=1)
        if not first:
            raise NotFound(what="session", name=self.id)
        started = self._engine.decoder.decode(first[0].payload)[0]
        assert isinstance(started, e.SessionStarted), "a log begins with its start"
        return self._engine.programs.get(started.digest).definition

    async def events(self, after: int = 0, *, follow: bool = True) -> AsyncIterator[StoredEvent]:
        """Return the events with versions above `after`, in order, without gap or repeat.

        With `follow` those to come are awaited too, until the session has ended."""
        held: StoredCommit | None = None
        async for commit in self._commits(after, follow=follow):
            # Where a fork left its origin shows in the commit that follows.
            if held is not None:
                for event in self._placed((held, commit), after):
                    yield event
                held = None
            if commit.session != self.id:
                held = commit
                continue
            for event in self._placed((commit,), after):
                yield event
                if follow and isinstance(event.event, _END_EVENTS):
                    return

    async def _commits(self, after: int, *, follow: bool) -> AsyncIterator[StoredCommit]:
        store = self._engine.store
        if follow:
            async for commit in store.follow(session=self.id, after=after):
                yield commit
            return
        while page := await store.read(session=self.id, after=after, limit=1000):
            for commit in page:
                yield commit
            after = page[-1].version

    def _placed(self, commits: tuple[StoredCommit, ...], after: int) -> list[StoredEvent]:
        """Return the events of the first of `commits`."""
        commit = commits[0]
        start = commit.position - commit.version
        end = commit.version
        if len(commits) > 1:
            end = min(end, Version(commits[1].version - commits[1].count))
        found = events_of((commit,), self._engine.decoder, after=after, until=end)
        return [
            StoredEvent(
                position=Position(start + version),
                session=commit.session,
                version=version,
                event=event,
            )
            for version, event in found
        ]

    async def result(self, timeout: float | None = None) -> Json:
        """Return the output once the session has completed; `timeout` is in seconds.

        Raises:
            SessionFailedError: it failed; the failure is on the error.
            SessionCancelledError: it was cancelled.
            TimeoutError: it had not ended in time. It goes on.
        """
        async with asyncio.timeout(timeout):
            state = await self._until(_has_ended)
        if state.phase == "completed":
            return state.output
        if state.phase == "cancelled":
            raise SessionCancelledError(session=self.id, reason=state.pause_reason)
        assert state.failure is not None, "a failed session says why"
        raise SessionFailedError(session=self.id, failure=state.failure)

    async def wait_until_idle(self, timeout: float | None = None) -> Head:
        """Return the head once the session has ended, is paused, or waits for something outside.

        Raises:
            TimeoutError: it was still at work after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            await self._until(_is_idle)
        return await self.head()

    async def _until(self, done: Callable[[SessionState], bool]) -> SessionState:
        """Return the state once `done` says so; it is the owner's own, to be read only."""
        engine = self._engine
        if engine.readonly:
            return await self._follow_until(done)
        watcher = engine.watch(self.id, done)
        try:
            live = engine.loaded(self.id)
            if live is None:
                # Nothing of it runs here: the store knows better, unless it is loaded meanwhile.
                state = await self.state()
                if done(state):
                    return state
            elif not live.busy and not live.inbox and done(live.state):
                return live.state
            return await watcher
        finally:
            engine.unwatch(self.id, watcher)

    async def _follow_until(self, done: Callable[[SessionState], bool]) -> SessionState:
        """Another process runs the session: its log tells."""
        state = await self.state()
        if done(state):
            return state
        store, decoder = self._engine.store, self._engine.decoder
        async for commit in store.follow(session=self.id, after=state.version):
            for _, event in events_of(
                (commit,), decoder, after=state.version, until=commit.version
            ):
                evolve(state, event)
            if done(state):
                break
        return state

    # Steering

    async def signal(self, name: str, data: object = None, *, by: str = "") -> None:
        """Send a signal; a `wait` node takes it now, or when it comes to wait."""
        now = self._engine.clock.now_ms()
        await self._submit(i.SendSignal(at_ms=now, name=name, data=to_json(data), by=by))

    async def approve(
        self, task: int = 0, *, by: str = "", note: str = "", data: object = None
    ) -> None:
        """Approve what waits for a person; `task` says which where several do."""
        await self._decide(True, task, by=by, note=note, data=data)

    async def deny(self, task: int = 0, *, by: str = "", note: str = "") -> None:
        """Deny what waits for a person."""
        await self._decide(False, task, by=by, note=note, data=None)

    async def pause(self, *, by: str = "", reason: str = "") -> None:
        """Start nothing new; what runs may finish."""
        now = self._engine.clock.now_ms()
        await self._submit(i.PauseSession(at_ms=now, by=by, reason=reason))

    async def resume(self, steps: int = 0, *, by: str = "") -> None:
        """Go on after a pause; `steps` adds to the budget of steps."""
        now = self._engine.clock.now_ms()
        await self._submit(i.ResumeSession(at_ms=now, by=by, steps=steps))

    async def cancel(self, reason: str = "", *, by: str = "") -> None:
        """Give the session up, and its child sessions with it."""
        now = self._engine.clock.now_ms()
        await self._submit(i.CancelSession(at_ms=now, by=by, reason=reason))

    async def fork(self, at: int | None = None, patch: JsonObject | None = None) -> "Session":
        """Return a new session with the first `at` events of this one, `patch` replacing state
        keys.

        Nothing is copied. Work that was open at that version is done again, as the fork's own."""
        version = None if at is None else Version(at)
        clean = to_json(patch or {})
        assert isinstance(clean, dict), "a patch is an object"
        return Session(self._engine, await self._engine.fork(self.id, at=version, patch=clean))

    async def replay(self) -> ReplayReport:
        """Return whether the rules decide the recorded log again, and where they first differ."""
        log: list[e.SessionEvent] = []
        async for stored in self.events(follow=False):
            log.append(stored.event)
        if not log:
            raise NotFound(what="session", name=self.id)
        started = log[0]
        assert isinstance(started, e.SessionStarted), "a log begins with its start"
        return replay(log, self._engine.programs.get(started.digest))

    async def _decide(self, approved: bool, task: int, *, by: str, note: str, data: object) -> None:
        cause = i.DecideApproval(
            at_ms=self._engine.clock.now_ms(),
            approved=approved,
            task=TaskNo(task),
            by=by,
            note=note,
            data=to_json(data),
        )
        await self._submit(cause)

    async def _submit(self, cause: i.SessionInput) -> None:
        await self._engine.submit(self.id, cause)


def _has_ended(state: SessionState) -> bool:
    return state.phase in TERMINAL


def _is_idle(state: SessionState) -> bool:
    return status_of(state)[0] not in ("pending", "running")
