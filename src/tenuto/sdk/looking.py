"""A session as it is now: from memory where it is at hand, else by one read."""

from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.core.errors import NotFound
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import SessionId
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.event_store import Head
from tenuto.ports.wall import tenant_within
from tenuto.runtime.engine import Engine
from tenuto.runtime.loading import load_state

ENDED_MAX: Final = 256
ENDED_BYTES_MAX: Final = 32_768
"""Of the log and snapshot of one that is kept: all of them together stay below some 30 MB."""

KEPT_MS: Final = 600_000
"""How long after its end a session is kept."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one moment. Its state is the owner's own, to be read only and at once."""

    head: Head
    state: SessionState
    definition: WorkflowDefinition


class Looks:
    """Gives sessions as they are now; those that ended lately are kept, for they stay so."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ended: OrderedDict[SessionId, Look] = OrderedDict()
        self._loads = self._losses = 0
        engine.residents.on_load = self._loaded

    async def at(self, session: SessionId) -> Look:
        """Return the session as it is now.

        Raises:
            NotFound: there is none; or none of the tenant that the work at hand is for.
            CorruptLog: its log cannot be read.
        """
        look = await self._at(session)
        # What is at hand passes no database that would refuse it.
        if tenant_within() not in (None, look.head.tenant):
            raise NotFound(what="session", name=session)
        return look

    def forget(self) -> None:
        """Keep none of those that ended: some may be deleted."""
        self._ended.clear()

    async def _at(self, session: SessionId) -> Look:
        live = self._engine.residents.find(session)
        # While it is busy, its state may hold what the log does not yet.
        if live is not None and not live.busy and live.fault is None and live.head is not None:
            definition = live.program.definition
            if self._engine.owning.sees(definition.name, session):
                return Look(head=live.head, state=live.state, definition=definition)
        if self._losses != self._engine.owning.losses:
            # Another process had some of them in between.
            self._losses = self._engine.owning.losses
            self._ended.clear()
        kept = self._ended.get(session)
        if kept is not None and self._is_old(kept):
            # Another process may have deleted it by now.
            del self._ended[session]
        elif kept is not None and self._engine.owning.sees(kept.head.workflow, session):
            self._ended.move_to_end(session)
            return kept
        return await self._read(session)

    async def _read(self, session: SessionId) -> Look:
        engine, known = self._engine, (self._loads, self._engine.owning.losses)
        stored = await engine.store.load(session)
        state, folded = await load_state(engine.store, engine.decoder, stored)
        program = engine.programs.get(state.digest, state.tenant)
        look = Look(head=stored.head, state=state, definition=program.definition)
        size = folded + (len(stored.snapshot.payload) if stored.snapshot else 0)
        # Where another process writes the log, nothing here would say that it went on.
        is_ours = (
            not engine.readonly
            and engine.owning.sees(state.workflow, session)
            and engine.residents.find(session) is None
        )
        is_new = known == (self._loads, engine.owning.losses)
        is_kept = state.phase in TERMINAL and size <= ENDED_BYTES_MAX and not self._is_old(look)
        if is_kept and is_ours and is_new:
            self._ended[session] = look
            if len(self._ended) > ENDED_MAX:
                self._ended.popitem(last=False)
        return look

    def _is_old(self, look: Look) -> bool:
        return self._engine.clock.now_ms() - look.head.updated_ms > KEPT_MS

    def _loaded(self, session: SessionId) -> None:
        # What it was loaded for may add to its log, even when it has ended.
        self._loads += 1
        self._ended.pop(session, None)
