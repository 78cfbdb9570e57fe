"""Runs the sessions of one store in this process: loads, starts, wakes, parks and ends them.

The loop of a session is in `turns`, the work of its effects in `performer`, what passes between
parent and child sessions in `family`, and which sessions are this process's in `sharing`. This
module holds them together.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, get_args

from tenuto.codec.events import EventDecoder
from tenuto.core.errors import CorruptLog, Fenced, Stale
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Effect, is_active
from tenuto.core.session.state import SessionState, next_due
from tenuto.core.vocabulary import SessionId, Version
from tenuto.core.workflow.program import Program
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.clock import Clock, Ids
from tenuto.ports.event_store import EventStore, HeadQuery
from tenuto.ports.membership import Together
from tenuto.ports.pieces import Pieces
from tenuto.runtime.family import Family, Relation
from tenuto.runtime.holdings import Holdings, Moved
from tenuto.runtime.insisting import insist
from tenuto.runtime.letters import Correspondence
from tenuto.runtime.live import Live
from tenuto.runtime.owning import Owning
from tenuto.runtime.performer import Attempt, Performer
from tenuto.runtime.pool_side import PoolSide
from tenuto.runtime.programs import Programs
from tenuto.runtime.residents import Residents
from tenuto.runtime.seat import Seat
from tenuto.runtime.sharing import Sharing
from tenuto.runtime.turns import Turns
from tenuto.runtime.waking import Waking
from tenuto.runtime.watching import Watchers

_PAGE: Final = 500
_STALE_S: Final = 0.05


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
        self.pieces: Pieces | None = None
        """Where answers that are being given can be read; set by who composes."""
        self.store, self.artifacts, self.clock, self.ids = store, artifacts, clock, ids
        self.programs, self.performer = programs, performer
        self.decoder = EventDecoder(artifacts.get)
        self.turns = Turns(store, artifacts, clock, self)
        performer.attach(self.turns)
        self.borders = performer.borders
        self._family = Family(self)

        def relate(live: Live, effect: Relation) -> None:
            self._chores.add(self._family.carry_out(live, effect))

        self._carries_out: dict[type[Effect], Callable[[Live, Any], None]] = {
            **dict.fromkeys(get_args(Attempt), performer.dispatch),
            **dict.fromkeys(get_args(Relation), relate),
        }
        self.residents = Residents(
            store, programs, decoder=self.decoder, clock=clock, schedule=self.turns.schedule
        )
        self.watchers = Watchers()
        self.owning = Owning()
        """Which sessions are this process's."""
        waking = Waking(store, clock, self.owning, residents=self.residents, turns=self.turns)
        self._deadlines, self._chores = waking.deadlines, waking.chores
        self.pools: PoolSide | None = None
        """What this process has to do with pools; set by who composes."""
        self._closing = False
        self._letters: Correspondence | None = None

    async def share(
        self, together: Together, *, works: bool, takes_up: bool, duties: Iterable[str] = ()
    ) -> None:
        """Be one of several processes on the store from now on.

        Args:
            works: whether this process runs sessions, or only starts and steers them.
            takes_up: whether what others left unsettled, or start for it, goes on by itself.
            duties: what it would do for all.
        """

        def let_go(lives: Iterable[Live]) -> None:
            for live in lives:
                self.turns.give_up(live, Moved(live.state.session))
            # Who waits for those that are not loaded is told too.
            self.watchers.fail_all(Moved)

        seat = Seat(
            together.membership,
            knows=lambda: self.programs.names,
            works=works,
            adopts=works and takes_up,
        )
        for duty in duties:
            seat.volunteer(duty)
        sharing = Sharing(
            together,
            seat,
            Holdings(self.residents, go_on=self.turns.go_on, let_go=let_go),
            take_up=self.take_up if takes_up else None,
            look_for_deadlines=self._deadlines.look,
        )
        self.owning.sharing, self.residents.claim = sharing, sharing.claim
        self._letters = Correspondence(
            together.mail,
            together.signals,
            name=lambda: f"letter:{self.ids.session_id(self.clock.now_ms())}",
        )
        await sharing.start()

    # Opening and closing

    async def recover(self) -> int:
        """Return how many sessions had unsettled work when they were last owned; all go on now. Of
        those that are shared with other processes it is none: they go on as they are taken."""
        count = 0
        if self.owning.sharing is not None:
            await self._deadlines.start()
            return count
        before: SessionId | None = None
        while page := await self.store.heads(HeadQuery(active=True, before=before, limit=_PAGE)):
            for head in page:
                await self.residents.get(head.session)
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
        if self.pools is not None:
            self.pools.stop()
        ended = await self.performer.wait(timeout_ms)
        for live in self.residents:
            self.performer.interrupt(live)
        await self.turns.flush(timeout_ms)
        if self.pools is not None:
            await self.pools.close()
        self._chores.cancel()
        if self._letters is not None:
            self._letters.close()
        if self.owning.sharing is not None:
            await self.owning.sharing.leave()
        self.performer.caller.release()
        return ended

    # Starting

    async def start(self, program: Program, cause: i.StartSession) -> SessionId:
        """Return the session's id once its first events are committed (P1).

        A start with a key that was used before returns the first session of that key.

        Raises:
            Rejected: a guard does not let the inputs pass; nothing was started.
        """
        cause = await self.borders.admit(program, cause)
        sharing = self.owning.sharing
        if sharing is not None:
            await sharing.know(program.definition.name)
        live = Live(SessionState(), program, None)
        self.residents.add(cause.session, live)
        try:
            await self._put(live, cause)
        except Stale:
            known = await self.find(cause.key, tenant=cause.tenant)
            if known is None:
                raise
            return known
        if sharing is None or sharing.holdings.owns(program.definition.name, cause.session):
            if sharing is not None:
                sharing.holdings.begun(cause.session)
            return cause.session
        self.turns.give_up(live, Moved(cause.session))
        sharing.hand_over()
        return cause.session

    async def find(self, key: str | None, *, tenant: str) -> SessionId | None:
        """Return the session that was started with `key`, or None."""
        if key is None:
            return None
        heads = await self.store.heads(HeadQuery(tenant=tenant, key=key, limit=1))
        return heads[0].session if heads else None

    # Inputs

    async def submit(self, session: SessionId, cause: i.SessionInput) -> Version:
        """Return the session's version once `cause` and all that follows is committed, here or by
        the process that has the session.

        Raises:
            NotFound: there is no such session.
            Rejected: the session does not allow the input, or a guard does not let pass what it
            says; nothing was changed.
            StoreUnavailable: its process did not answer in time; it will take the input up.
        """
        if self._letters is None:
            return await self.submit_here(session, cause)
        while True:
            try:
                return await self.submit_here(session, cause)
            except Moved:
                pass
            except (Fenced, Stale):
                await asyncio.sleep(_STALE_S)
                continue
            return await self._letters.submit(session, cause)

    async def submit_here(self, session: SessionId, cause: i.SessionInput) -> Version:
        """Do what `submit` does with a session of this process.

        Raises:
            Moved: it is another process's.
        """
        live = await self.residents.get(session)
        if isinstance(cause, (i.SendSignal, i.DecideApproval)):
            cause = await self.borders.hear(live.program, live.state, cause)
            live = await self.residents.get(session)
        return await self._put(live, cause)

    async def _put(self, live: Live, cause: i.SessionInput) -> Version:
        done: asyncio.Future[Version] = asyncio.get_running_loop().create_future()
        self.turns.put(live, cause, done)
        return await done

    def take_up(self, session: SessionId) -> None:
        """Load the session soon, and let it go on."""

        async def load() -> None:
            try:
                await self.residents.get(session)
            except Moved:
                assert self.owning.sharing is not None, "somebody else has it"
                self.owning.sharing.hand_over()

        self._chores.add(insist(load))

    # What follows from a turn

    def act(self, live: Live, effects: tuple[Effect, ...]) -> bool:
        """Carry out newly promised effects: here, or by way of another session. Return False when
        they are held back."""
        if self._closing or self.owning.holds_back(live):
            return False
        for effect in effects:
            self._carries_out[type(effect)](live, effect)
        return True

    def abandon(self, live: Live) -> None:
        """Stop what runs for tasks that are no longer open."""
        self.performer.abandon(live)

    def settled(self, live: Live) -> None:
        """Tell who watches, remember deadlines, and let go of a session with nothing to do here."""
        state = live.state
        due = next_due(state) if state.due else None
        if due is not None:
            self._deadlines.set(state.session, due)
        self.watchers.tell(state)
        if not live.running and not live.busy and not is_active(state):
            self.residents.remove(live)

    def broken(self, live: Live) -> None:
        """Forget a session that can go no further here; who watches it is told why."""
        session = live.state.session
        fault = live.fault or CorruptLog("unknown")
        self.residents.remove(live)
        self.performer.interrupt(live)
        is_late = isinstance(fault, (Fenced, Stale)) and live.head is not None
        if self.owning.sharing is not None and is_late:
            # Another process had it in between, or has it now.
            fault = Moved(session)
            self.owning.sharing.look_soon()
            self.take_up(session)
        self.watchers.fail(session, fault)
