"""The loop around the core: take up a session's inbox, decide, fold, append, and only then act.

One turn makes at most one commit. While it is under way the session takes nothing up, so that
between turns the state is what the log says; other sessions' commits go to the disk together with
it.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias

import msgspec

from tenuto.codec.events import Encoded, encode_events
from tenuto.codec.snapshots import encode_snapshot
from tenuto.core import limits
from tenuto.core.errors import CorruptLog, Rejected, StoreUnavailable, TenutoError
from tenuto.core.session import events as e
from tenuto.core.session.decide import move_on, take
from tenuto.core.session.effects import Effect, pending
from tenuto.core.session.inputs import SessionInput
from tenuto.core.vocabulary import Position, Version
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import Commit, EventStore, Receipt, Snapshot
from tenuto.runtime.heads import head_of, is_news
from tenuto.runtime.live import Live

_RETRY_MS_MIN: Final = 50
_RETRY_MS_MAX: Final = 5_000
"""Waits between tries of an append that the store refused: doubled from the first to the second."""

_ENDING: Final = frozenset({e.TaskCancelled, e.TaskFailed})
"""Events after which something that runs here may be wanted by nobody."""

Waiter: TypeAlias = "asyncio.Future[Version]"
Waiters: TypeAlias = list[Waiter]


class Actor(Protocol):
    """What is done after a turn. Implemented by the engine."""

    def act(self, live: Live, effects: tuple[Effect, ...]) -> bool:
        """Carry out newly promised effects, or return False and be asked again."""
        ...

    def abandon(self, live: Live) -> None:
        """Stop what runs for tasks that are no longer open."""
        ...

    def settled(self, live: Live) -> None:
        """The log and the state agree, and nothing is in the inbox."""
        ...

    def broken(self, live: Live) -> None:
        """The session can go no further in this process; `live.fault` says why."""
        ...


class Sending(msgspec.Struct):
    """A commit on its way to the disk: whose it is, who waits for it, how often it was tried."""

    live: Live
    commit: Commit
    waiters: Waiters
    ending: bool
    attempt: int = 1


class Turns:
    """Takes the turns of all loaded sessions."""

    def __init__(self, store: EventStore, artifacts: Artifacts, clock: Clock, actor: Actor) -> None:
        self._store, self._artifacts, self._clock, self._actor = store, artifacts, clock, actor
        self._chores: set[asyncio.Future[None]] = set()
        self._appending = 0
        """Commits on their way to the disk."""
        self._flushed = asyncio.Event()
        self.reviews = False
        """Whether guards of the process look at the output of every session."""
        self.snapshot_tail_bytes_min = limits.SNAPSHOT_TAIL_BYTES_MIN

    def put(
        self, live: Live, cause: SessionInput, done: "asyncio.Future[Version] | None" = None
    ) -> None:
        """Put `cause` into the inbox; `done` is answered when what it adds is committed."""
        if live.fault is not None:
            if done is not None and not done.done():
                done.set_exception(live.fault)
            return
        live.inbox.append((cause, done))
        if live.running:
            self.schedule(live)
        elif not live.scheduled and not live.busy:
            # Nothing else of the session runs here: nothing more will come in this tick.
            self._turn(live)

    def schedule(self, live: Live) -> None:
        """Have the session take a turn soon, unless one is under way."""
        if not live.scheduled and not live.busy:
            live.scheduled = True
            asyncio.get_running_loop().call_soon(self._turn, live)

    def _turn(self, live: Live) -> None:
        live.scheduled = False
        if live.busy or live.fault is not None:
            return
        batch, live.inbox = live.inbox, []
        waiters: Waiters = []
        events: list[e.SessionEvent] = []
        try:
            for cause, done in batch:
                try:
                    events += take(live.state, cause, live.program)
                except Rejected as error:
                    if done is not None and not done.done():
                        done.set_exception(error)
                else:
                    if done is not None:
                        waiters.append(done)
            now = self._clock.now_ms()
            events += move_on(live.state, live.program, now, review=self.reviews or None)
            live.waits.follow(live.state, events)
            if events or (live.head is not None and _needs_head(live)):
                self._append(live, events, waiters)
                return
        except Exception as error:
            self.give_up(live, _fault(live, error), waiters)
            return
        _answer(waiters, live.state.version)
        self._after(live, ending=False)

    def _append(self, live: Live, events: list[e.SessionEvent], waiters: Waiters) -> None:
        """Send what the turn adds; nothing but a head where the stored one is not true any more."""
        state = live.state
        encoded = encode_events(events)
        snapshot = None
        live.tail_bytes += len(encoded.payload)
        if live.tail_bytes > live.snapshot_bytes and live.tail_bytes > self.snapshot_tail_bytes_min:
            payload = encode_snapshot(state)
            snapshot = Snapshot(version=state.version, payload=payload)
            live.snapshot_bytes, live.tail_bytes = len(payload), 0
        commit = Commit(
            session=state.session,
            expected=Version(state.version - len(events)),
            count=len(events),
            payload=encoded.payload,
            at_ms=events[-1].at_ms if events else self._clock.now_ms(),
            head=head_of(state) if _needs_head(live) else None,
            snapshot=snapshot,
        )
        # What runs is asked first: most often nothing does, and while a commit is under way nothing
        # is begun.
        ending = bool(live.running) and not _ENDING.isdisjoint(map(type, events))
        live.busy = True
        self._appending += 1
        sending = Sending(live, commit, waiters, ending)
        if encoded.artifacts:
            self._send_artifacts(encoded, sending)
        else:
            self._send(sending)

    def _send(self, sending: Sending) -> None:
        appended = self._store.append(sending.commit)
        if not isinstance(appended, Receipt):
            told = partial(self._acknowledged, sending)
            asyncio.ensure_future(appended).add_done_callback(told)
        elif appended.done():
            self._acknowledged(sending, appended)
        else:
            appended.settled = partial(self._acknowledged, sending)

    def _landed(self) -> None:
        self._appending -= 1
        if not self._appending:
            self._flushed.set()

    async def flush(self, timeout_ms: int) -> bool:
        """Return whether all commits under way were acknowledged within `timeout_ms`."""
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while self._appending:
                    self._flushed.clear()
                    await self._flushed.wait()
        except TimeoutError:
            return False
        return True

    def _send_artifacts(self, encoded: Encoded, sending: Sending) -> None:
        """Large payloads are stored before the commit that refers to them."""
        live = sending.live

        async def store_then_send() -> None:
            wait_ms = _RETRY_MS_MIN
            while True:
                try:
                    for payload in encoded.artifacts:
                        await self._artifacts.put(payload)
                    break
                except StoreUnavailable as error:
                    live.blocked = error
                    await asyncio.sleep(wait_ms / 1000)
                    wait_ms = min(wait_ms * 2, _RETRY_MS_MAX)
                except TenutoError as error:
                    self._landed()
                    live.busy = False
                    self.give_up(live, error, sending.waiters)
                    return
            live.blocked = None
            self._send(sending)

        chore = asyncio.ensure_future(store_then_send())
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _acknowledged(self, sending: Sending, appended: "asyncio.Future[Position]") -> None:
        live = sending.live
        if appended.cancelled():
            self._landed()
            return
        error = appended.exception()
        if isinstance(error, StoreUnavailable):
            self._try_again(sending, error)
            return
        self._landed()
        live.busy = False
        if error is not None:
            self.give_up(live, _fault(live, error), sending.waiters)
            return
        live.blocked = None
        if sending.commit.head is not None:
            live.head = sending.commit.head
        if sending.waiters:
            _answer(sending.waiters, live.state.version)
        if live.fault is not None:
            # It goes on in another process since.
            return
        self._after(live, ending=sending.ending)
        if live.inbox:
            self.schedule(live)

    def _try_again(self, sending: Sending, error: StoreUnavailable) -> None:
        """The session blocks until the store takes it; callers are told after five tries."""
        sending.live.blocked = error
        if sending.attempt == limits.APPEND_ATTEMPTS_MAX:
            for done in sending.waiters:
                if not done.done():
                    done.set_exception(error)
            sending.waiters = []
        wait_ms = min(_RETRY_MS_MIN * 2 ** (sending.attempt - 1), _RETRY_MS_MAX)
        sending.attempt += 1
        asyncio.get_running_loop().call_later(wait_ms / 1000, self._send, sending)

    def _after(self, live: Live, *, ending: bool) -> None:
        """Act on what the turn has promised."""
        state = live.state
        try:
            self._dispatch(live)
            if ending and live.running:
                self._actor.abandon(live)
            if live.memo and not live.memo.keys() <= state.tasks.keys():
                for no in [no for no in live.memo if no not in state.tasks]:
                    del live.memo[no]
            if not live.inbox:
                self._actor.settled(live)
        except Exception as error:
            # Other sessions are told of their commits by the same caller.
            self.give_up(live, _fault(live, error))

    def go_on(self, live: Live) -> None:
        """Act on what was promised and held back."""
        if live.fault is None and not live.busy:
            self._dispatch(live)

    def _dispatch(self, live: Live) -> None:
        state = live.state
        if state.promises > live.dispatched:
            effects = pending(state, live.program, after=live.dispatched, memo=live.memo)
            if not effects or self._actor.act(live, effects):
                live.dispatched = state.promises

    def give_up(self, live: Live, fault: TenutoError, waiters: Sequence[Waiter] = ()) -> None:
        """Let the session go no further here, and tell who waits for it, `waiters` too, why."""
        live.fault = fault
        for done in [*waiters, *(done for _, done in live.inbox if done is not None)]:
            if not done.done():
                done.set_exception(fault)
        live.inbox.clear()
        self._actor.broken(live)


def _needs_head(live: Live) -> bool:
    return live.head is None or is_news(live.head, live.state, live.waits)


def _fault(live: Live, error: BaseException) -> TenutoError:
    if isinstance(error, TenutoError):
        return error
    fault = CorruptLog(
        f"Session {live.state.session!r} at version {live.state.version} cannot go on: "
        f"{type(error).__name__}: {error}"
    )
    fault.__cause__ = error
    return fault


def _answer(waiters: Waiters, version: Version) -> None:
    for done in waiters:
        if not done.done():
            done.set_result(version)
