"""A handle on one session."""

import asyncio
from collections.abc import AsyncIterator

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.errors import NotFound
from tenuto.core.session import inputs as i
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, SessionId, TaskNo, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.runtime.engine import Engine
from tenuto.runtime.forking import fork_session
from tenuto.runtime.json_values import to_json
from tenuto.runtime.replaying import ReplayReport, replay
from tenuto.sdk.errors import SessionCancelledError, SessionFailedError
from tenuto.sdk.history import StoredEvent, program_of, read_events, state_at
from tenuto.sdk.waiting import has_ended, until, until_idle


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

    # Looking

    async def head(self) -> Head:
        """Return what lists show of the session, as of its last change of status."""
        heads = await self._engine.store.heads(HeadQuery(prefix=self.id, limit=2))
        for head in heads:
            if head.session == self.id:
                return head
        raise NotFound(what="session", name=self.id)

    async def state(self, at: int | None = None) -> SessionState:
        """Return the state at version `at` (None: the newest), a fold for the caller alone."""
        return await state_at(self._engine, self.id, at)

    async def definition(self) -> WorkflowDefinition:
        """Return the definition that the session runs under."""
        return (await program_of(self._engine, self.id)).definition

    async def events(self, after: int = 0, *, follow: bool = True) -> AsyncIterator[StoredEvent]:
        """Return the events with versions above `after`, in order, without gap or repeat.

        With `follow` those to come are awaited too, until the session has ended."""
        async for event in read_events(self._engine, self.id, after, follow=follow):
            yield event

    async def result(self, timeout: float | None = None) -> Json:
        """Return the output once the session has completed; `timeout` is in seconds.

        Raises:
            SessionFailedError: it failed; the failure is on the error.
            SessionCancelledError: it was cancelled.
            TimeoutError: it had not ended in time. It goes on.
        """
        async with asyncio.timeout(timeout):
            state = await until(self._engine, self.id, has_ended)
        if state.phase == "completed":
            return state.output
        if state.phase == "cancelled":
            raise SessionCancelledError(session=self.id, reason=state.pause_reason)
        assert state.failure is not None, "a failed session says why"
        raise SessionFailedError(session=self.id, failure=state.failure)

    async def wait_until_idle(self, timeout: float | None = None) -> Head:
        """Return the head once the session has ended, is paused, or waits for something outside.

        Child sessions count: while one of them is at work, this one is not idle.

        Raises:
            TimeoutError: it was still at work after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            await until_idle(self._engine, self.id)
        return await self.head()

    # Steering

    async def signal(self, name: str, data: object = None, *, by: str = "") -> None:
        """Send a signal; a `wait` node takes it now, or when it comes to wait."""
        now = self._engine.clock.now_ms()
        await self._engine.submit(
            self.id, i.SendSignal(at_ms=now, name=name, data=to_json(data), by=by)
        )

    async def approve(
        self, task: int = 0, *, by: str = "", note: str = "", data: object = None
    ) -> None:
        """Approve what waits for a person; `task` says which where several do."""
        cause = i.DecideApproval(
            at_ms=self._engine.clock.now_ms(),
            approved=True,
            task=TaskNo(task),
            by=by,
            note=note,
            data=to_json(data),
        )
        await self._engine.submit(self.id, cause)

    async def deny(self, task: int = 0, *, by: str = "", note: str = "") -> None:
        """Deny what waits for a person."""
        now = self._engine.clock.now_ms()
        cause = i.DecideApproval(at_ms=now, approved=False, task=TaskNo(task), by=by, note=note)
        await self._engine.submit(self.id, cause)

    async def pause(self, *, by: str = "", reason: str = "") -> None:
        """Start nothing new; what runs may finish."""
        now = self._engine.clock.now_ms()
        await self._engine.submit(self.id, i.PauseSession(at_ms=now, by=by, reason=reason))

    async def resume(self, steps: int = 0, *, budget: Budget = UNBOUNDED, by: str = "") -> None:
        """Go on after a pause; `steps` and `budget` add to what it may spend."""
        cause = i.ResumeSession(
            at_ms=self._engine.clock.now_ms(), by=by, steps=steps, budget=budget
        )
        await self._engine.submit(self.id, cause)

    async def cancel(self, reason: str = "", *, by: str = "") -> None:
        """Give the session up, and its child sessions with it."""
        now = self._engine.clock.now_ms()
        await self._engine.submit(self.id, i.CancelSession(at_ms=now, by=by, reason=reason))

    async def fork(self, at: int | None = None, patch: JsonObject | None = None) -> "Session":
        """Return a new session with the first `at` events of this one, `patch` replacing state
        keys.

        Nothing is copied. Work that was open at that version is done again, as the fork's own."""
        version = None if at is None else Version(at)
        clean = to_json(patch or {})
        assert isinstance(clean, dict), "a patch is an object"
        return Session(
            self._engine, await fork_session(self._engine, self.id, at=version, patch=clean)
        )

    async def replay(self) -> ReplayReport:
        """Return whether the rules decide the recorded log again, and where they first differ."""
        log = [stored.event async for stored in self.events(follow=False)]
        return replay(log, await program_of(self._engine, self.id))
