"""Runs the sessions of one store in this process: loads, starts, wakes, parks and ends them.

The loop of a session is in `turns`, the work of its effects in `performer`, what passes between
parent and child sessions in `family`. This module holds them together.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final, TypeAlias

from tenuto.codec.events import EventDecoder, encode_events
from tenuto.core.errors import CorruptLog, NotFound, Stale
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.decide import check_patch, decide
from tenuto.core.session.effects import CancelChild, Effect, ReportOutcome, StartChild, is_active
from tenuto.core.session.moves import whole_moves
from tenuto.core.session.state import SessionState, next_due
from tenuto.core.vocabulary import JsonObject, SessionId, Version
from tenuto.core.workflow.program import Program
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.clock import Clock, Ids
from tenuto.ports.event_store import Commit, EventStore, Head, HeadQuery, StoredSession
from tenuto.runtime.deadlines import Deadlines
from tenuto.runtime.family import Family
from tenuto.runtime.insisting import insist
from tenuto.runtime.live import Live
from tenuto.runtime.loading import load_state
from tenuto.runtime.performer import Performer
from tenuto.runtime.programs import Programs
from tenuto.runtime.turns import Turns

_PAGE: Final = 500

_log: Final = logging.getLogger("tenuto")

End: TypeAlias = "asyncio.Future[SessionState]"
Wanted: TypeAlias = Callable[[SessionState], bool]


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
        self._watchers: dict[SessionId, list[tuple[Wanted, End]]] = {}
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

    async def fork(self, origin: SessionId, *, at: Version | None, patch: JsonObject) -> SessionId:
        """Return a new session that shares the first `at` events of `origin` and goes on from
        there; where `at` is in the midst of a move, it shares what came before the move.

        Nothing is copied. The past is folded here only where a snapshot makes that quick.

        Raises:
            NotFound: there is no such session or version.
            Rejected: the session was ending at that version, or the patch does not fit its state.
        """
        stored = await self.store.load(origin)
        version = stored.version if at is None else at
        if not 1 <= version <= stored.version:
            hint = f"It has versions 1 to {stored.version}."
            raise NotFound(what=f"version of session {origin!r}", name=str(version), hint=hint)
        version = await self._whole(origin, version)
        now = self.clock.now_ms()
        cause = i.ForkSession(
            at_ms=now,
            session=self.ids.session_id(now),
            origin=origin,
            origin_version=version,
            patch=patch,
        )
        events = await self._forked(stored, cause)
        commit = Commit(
            session=cause.session,
            expected=version,
            count=1,
            payload=encode_events(events).payload,
            at_ms=now,
            head=_fork_head(stored.head, cause),
        )
        await self.store.append(commit)
        self.spawn(insist(partial(self._open, cause.session)))
        return cause.session

    async def _whole(self, session: SessionId, version: Version) -> Version:
        """Return the last version up to `version` that ends a move."""
        commit = (await self.store.read(session=session, after=version - 1, limit=1))[0]
        events = self.decoder.decode(commit.payload)[: commit.count]
        before = commit.version - commit.count
        return Version(before + whole_moves(events, version - before))

    async def _forked(
        self, stored: StoredSession, cause: i.ForkSession
    ) -> tuple[e.SessionEvent, ...]:
        version = cause.origin_version
        if stored.snapshot is None or version >= stored.snapshot.version:
            state, _ = await load_state(self.store, self.decoder, stored, at=version)
            return decide(state, cause, self.programs.get(state.digest))
        # To fold up to an old version is dear. The present state tells what the rule asks for.
        state, _ = await load_state(self.store, self.decoder, stored)
        if state.closing_from and version >= state.closing_from:
            return decide(state, cause, self.programs.get(state.digest))
        check_patch(state.keys, cause.patch)
        return (
            e.SessionForked(
                at_ms=cause.at_ms,
                session=cause.session,
                origin=cause.origin,
                origin_version=version,
                patch=cause.patch,
            ),
        )

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

    async def _open(self, session: SessionId) -> None:
        await self.get(session)

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
        if state.session in self._watchers:
            self._tell_watchers(state)
        if not live.running and not live.busy and not is_active(state):
            self._live.pop(state.session, None)

    def broken(self, live: Live) -> None:
        """Forget a session that can go no further here; who watches it is told why."""
        session = live.state.session
        if self._live.get(session) is live:
            del self._live[session]
        self.performer.interrupt(live)
        for _, watcher in self._watchers.pop(session, ()):
            if not watcher.done():
                watcher.set_exception(live.fault or CorruptLog("unknown"))

    def _tell_watchers(self, state: SessionState) -> None:
        """Each forgets itself when it is told, or not wanted any more: see `unwatch`."""
        for wanted, watcher in self._watchers[state.session]:
            if not watcher.done() and wanted(state):
                watcher.set_result(state)

    def watch(self, session: SessionId, wanted: Wanted) -> End:
        """Return a future of the first state that is `wanted` after a turn. Only read it."""
        watcher: End = asyncio.get_running_loop().create_future()
        self._watchers.setdefault(session, []).append((wanted, watcher))
        return watcher

    def unwatch(self, session: SessionId, watcher: End) -> None:
        """Forget a future that `watch` gave."""
        still = [known for known in self._watchers.pop(session, ()) if known[1] is not watcher]
        if still:
            self._watchers[session] = still

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


def _fork_head(origin: Head, cause: i.ForkSession) -> Head:
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
