"""Runs the sessions of one store in this process: loads, starts, wakes, parks and ends them.

The loop of a session is in `turns`, the work of its effects in `performer`, what passes between
parent and child sessions in `family`. This module holds them together.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

from tenuto.codec.events import EventDecoder
from tenuto.core.errors import CorruptLog, Stale
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import CancelChild, Effect, ReportOutcome, StartChild, is_active
from tenuto.core.session.state import SessionState, next_due
from tenuto.core.vocabulary import SessionId, Version
from tenuto.core.workflow.program import Program
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.clock import Clock, Ids
from tenuto.ports.event_store import EventStore, HeadQuery
from tenuto.runtime.deadlines import Deadlines
from tenuto.runtime.family import Family
from tenuto.runtime.insisting import insist
from tenuto.runtime.live import Live
from tenuto.runtime.loading import load_state
from tenuto.runtime.performer import Performer
from tenuto.runtime.programs import Programs
from tenuto.runtime.turns import Turns
from tenuto.runtime.watching import Watchers

_PAGE: Final = 500

_log: Final = logging.getLogger("tenuto")


class Engine:
    """Owns the sessions of one store. One engine per store and process."""

    def __init__(
        self,
        *,
        store: EventStore,
        artifacts: Artifacts,
        clock: Clock,
        ids: Ids,
        programs: Programs,
        performer: Performer,
        readonly: bool = False,
    ) -> None:
        self.readonly = readonly
        self.store, self.artifacts, self.clock, self.ids = store, artifacts, clock, ids
        self.programs, self.performer = programs, performer
        self.decoder = EventDecoder(artifacts.get)
        self.turns = Turns(store, artifacts, clock, self)
        performer.attach(self.turns)
        self._deadlines = Deadlines(clock, self._wake, self._due_before)
        self._family = Family(self)
        self._live: dict[SessionId, Live] = {}
        self._loading: dict[SessionId, asyncio.Task[Live]] = {}
        self.watchers = Watchers()
        self._chores: set[asyncio.Task[None]] = set()
        self._closing = False

    # Opening and closing

    async def recover(self) -> int:
        """Return how many sessions had unsettled work when they were last owned; all go on now."""
        count = 0
        before: SessionId | None = None
        while page := await self.store.heads(HeadQuery(active=True, before=before, limit=_PAGE)):
            for head in page:
                await self.get(head.session)
            count += len(page)
            before = page[-1].session
        await self._deadlines.start()
        return count

    def hold(self) -> None:
        """Take inputs and record them, but carry nothing out: that is left to the next owner."""
        self._closing = True
        self.performer.close()

    async def drain(self, timeout_ms: int) -> bool:
        """Return whether all running work ended within `timeout_ms`; no new work is started.

        What did not end is interrupted and stays promised in the log."""
        self.hold()
        self._deadlines.stop()
        ended = await self.performer.wait(timeout_ms)
        for live in self._live.values():
            self.performer.interrupt(live)
        await self.turns.flush(timeout_ms)
        for chore in tuple(self._chores):
            chore.cancel()
        self.performer.release()
        return ended

    # Starting

    async def start(self, program: Program, cause: i.StartSession) -> SessionId:
        """Return the session's id once its first events are committed (P1).

        A start with a key that was used before returns the first session of that key."""
        live = Live(SessionState(), program, None)
        self._live[cause.session] = live
        try:
            await self._put(live, cause)
        except Stale:
            known = await self.find(cause.key, tenant=cause.tenant)
            if known is None:
                raise
            return known
        return cause.session

    async def find(self, key: str | None, *, tenant: str) -> SessionId | None:
        """Return the session that was started with `key`, or None."""
        if key is None:
            return None
        heads = await self.store.heads(HeadQuery(tenant=tenant, key=key, limit=1))
        return heads[0].session if heads else None

    # Inputs

    async def submit(self, session: SessionId, cause: i.SessionInput) -> Version:
        """Return the session's version once `cause` and all that follows is committed.

        Raises:
            NotFound: there is no such session.
            Rejected: the session does not allow the input; nothing was changed.
        """
        return await self._put(await self.get(session), cause)

    async def _put(self, live: Live, cause: i.SessionInput) -> Version:
        done: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
        self.turns.put(live, cause, done)
        return await done

    async def get(self, session: SessionId) -> Live:
        """Return the loaded session; what its last owner left unsettled goes on from here.

        Raises:
            NotFound: there is no such session.
            CorruptLog: its log cannot be read.
        """
        while True:
            live = self._live.get(session)
            if live is not None and live.fault is None:
                if live.inbox:
                    self.turns.schedule(live)
                return live
            loading = self._loading.get(session)
            if loading is None:
                loading = asyncio.get_running_loop().create_task(self._load(session))
                self._loading[session] = loading
            # Who waited looks again: another may have taken it up and let it go since.
            await asyncio.shield(loading)

    async def _load(self, session: SessionId) -> Live:
        try:
            stored = await self.store.load(session)
            state, folded = await load_state(self.store, self.decoder, stored)
        finally:
            # Here and not in a callback: whoever looks when it has ended must not wait for it.
            del self._loading[session]
        live = Live(state, self.programs.get(state.digest), stored.head)
        live.tail_bytes = folded
        live.snapshot_bytes = len(stored.snapshot.payload) if stored.snapshot else 0
        # Taken up with the input that it was loaded for: with nothing to do it would be let go.
        live.inbox.append((i.RecoverSession(at_ms=self.clock.now_ms()), None))
        self._live[session] = live
        return live

    def take_up(self, session: SessionId) -> None:
        """Load the session soon, and let it go on."""

        async def load() -> None:
            await self.get(session)

        self.spawn(insist(load))

    def _wake(self, session: SessionId) -> None:
        async def wake() -> None:
            live = await self.get(session)
            self.turns.put(live, i.Wake(at_ms=self.clock.now_ms()))

        self.spawn(insist(wake))

    async def _due_before(self, moment_ms: int) -> list[tuple[int, SessionId]]:
        heads = await self.store.heads(HeadQuery(wake_before_ms=moment_ms, limit=100_000))
        return [(head.wake_ms, head.session) for head in heads if head.wake_ms is not None]

    # What follows from a turn

    def act(self, live: Live, effects: tuple[Effect, ...]) -> None:
        """Carry out newly promised effects: here, or by way of another session."""
        if self._closing:
            return
        for effect in effects:
            if isinstance(effect, (StartChild, CancelChild, ReportOutcome)):
                self.spawn(self._family.carry_out(live, effect))
            else:
                self.performer.dispatch(live, effect)

    def abandon(self, live: Live) -> None:
        """Stop what runs for tasks that are no longer open."""
        self.performer.abandon(live)

    def settled(self, live: Live) -> None:
        """Tell who watches, remember deadlines, and let go of a session with nothing to do here."""
        state = live.state
        due = next_due(state)
        if due is not None:
            self._deadlines.set(state.session, due)
        self.watchers.tell(state)
        if not live.running and not live.busy and not is_active(state):
            self._live.pop(state.session, None)

    def broken(self, live: Live) -> None:
        """Forget a session that can go no further here; who watches it is told why."""
        session = live.state.session
        if self._live.get(session) is live:
            del self._live[session]
        self.performer.interrupt(live)
        self.watchers.fail(session, live.fault or CorruptLog("unknown"))

    def loaded(self, session: SessionId) -> Live | None:
        """Return the session if it is loaded, else None."""
        return self._live.get(session)

    def spawn(self, chore: Coroutine[None, None, None]) -> None:
        """Run `chore` beside everything else. What it raises is logged: its session stays as it
        is."""
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chore_ended)

    def _chore_ended(self, task: "asyncio.Task[None]") -> None:
        self._chores.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("%s: %s", type(error).__name__, error)
