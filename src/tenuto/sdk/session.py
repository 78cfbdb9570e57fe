"""A handle on one session."""

import asyncio
from collections.abc import AsyncIterator

from tenuto.core.errors import NotFound
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.ports.pieces import Piece
from tenuto.runtime.forking import fork_session
from tenuto.runtime.json_values import to_json
from tenuto.runtime.replaying import ReplayReport, replay
from tenuto.sdk.errors import SessionCancelledError, SessionFailedError
from tenuto.sdk.history import StoredEvent, program_of, read_events, read_page, state_at
from tenuto.sdk.reading_along import read_pieces
from tenuto.sdk.steering import Steering
from tenuto.sdk.waiting import has_ended, until, until_idle


class Session(Steering):
    """One durable execution. Any number of handles may exist; they hold no state.

    Every method that changes something returns when the change is committed, and raises `NotFound`
    where there is no such session, `SessionEnded` or `NotAllowed` where it does not fit.

    Example:
        session = await runtime.start(flow, {"text": "hello"})
        output = await session.result(timeout=30)
    """

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

    async def page(self, after: int = 0, *, commits: int = 100) -> list[StoredEvent]:
        """Return the events above version `after` that the next `commits` commits hold, in order;
        empty at the end. Each commit holds one event or more."""
        return await read_page(self._engine, self.id, after, commits=commits)

    async def tokens(self, after: int = 0) -> AsyncIterator[Piece]:
        """Return pieces of the answers that models are giving, live, until the session has ended.

        Only where `tenuto.open(stream=True)`, and from models that can give them. `after` is the
        offset of the last piece that was seen: who lost the connection goes on there, for an hour
        at least. `piece.onto(shown)` is what there is to show of a turn; the whole answer is an
        event in the end.
        """
        async for piece in read_pieces(self._engine, self.id, after):
            yield piece

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

    # Going on from its past

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
