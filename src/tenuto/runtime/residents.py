"""The sessions that are loaded: one copy each, loaded when it is asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from tenuto.codec.events import EventDecoder
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import EventStore
from tenuto.runtime.holdings import Moved
from tenuto.runtime.live import Live
from tenuto.runtime.loading import load_state
from tenuto.runtime.programs import Programs


class Residents:
    """Loaded sessions by id. `schedule` has one take up what is in its inbox."""

    def __init__(
        self,
        store: EventStore,
        programs: Programs,
        *,
        decoder: EventDecoder,
        clock: Clock,
        schedule: Callable[[Live], None],
    ) -> None:
        self._store, self._programs, self._decoder = store, programs, decoder
        self._clock, self._schedule = clock, schedule
        self.on_load: Callable[[SessionId], None] | None = None
        """Told of each session that is loaded."""
        self.claim: Callable[[str, SessionId], Awaitable[bool]] | None = None
        """Says whether the session of a workflow is this process's; None: all are."""
        self._live: dict[SessionId, Live] = {}
        self._loading: dict[SessionId, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Live]:
        return iter(tuple(self._live.values()))

    def find(self, session: SessionId) -> Live | None:
        """Return the session if it is loaded, else None."""
        return self._live.get(session)

    def add(self, session: SessionId, live: Live) -> None:
        """Take in a session that begins here."""
        self._live[session] = live

    def remove(self, live: Live) -> None:
        """Let a session go."""
        if self._live.get(live.state.session) is live:
            del self._live[live.state.session]

    async def get(self, session: SessionId) -> Live:
        """Return the loaded session; what its last owner left unsettled goes on from here.

        Raises:
            NotFound: there is no such session.
            Moved: it is another process's.
            CorruptLog: its log cannot be read.
        """
        while True:
            live = self._live.get(session)
            if live is not None and live.fault is None:
                if live.inbox:
                    self._schedule(live)
                return live
            loading = self._loading.get(session)
            if loading is None:
                loading = asyncio.get_running_loop().create_task(self._load(session))
                self._loading[session] = loading
            # Who waited looks again: another may have taken it up and let it go since.
            await asyncio.shield(loading)

    async def _load(self, session: SessionId) -> None:
        try:
            stored = await self._store.load(session)
            if self.claim is not None and not await self.claim(stored.head.workflow, session):
                raise Moved(session)
            state, folded = await load_state(self._store, self._decoder, stored)
        finally:
            # Here and not in a callback: whoever looks when it has ended must not wait for it.
            del self._loading[session]
        live = Live(state, self._programs.get(state.digest, state.tenant), stored.head)
        live.tail_bytes = folded
        live.snapshot_bytes = len(stored.snapshot.payload) if stored.snapshot else 0
        # Taken up with the input that it was loaded for: with nothing to do it would be let go.
        live.inbox.append((i.RecoverSession(at_ms=self._clock.now_ms()), None))
        if self.on_load is not None:
            self.on_load(session)
        self._live[session] = live
