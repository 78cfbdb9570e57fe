"""From commits to changes of rows: folds of sessions, as many as there is room for."""

import logging
from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.codec.events import EventDecoder
from tenuto.core.errors import NotFound, StoreUnavailable
from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.core.tables import Change
from tenuto.core.vocabulary import Digest, SessionId, Version
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import EventStore, StoredCommit
from tenuto.runtime.loading import load_state
from tenuto.runtime.programs import Programs
from tenuto.views.tables.sessions import SessionTables

WEIGHT_MAX: Final = 64 * 1024 * 1024
"""Of the folds that are kept between commits. One weighs as much as the log that it was folded
from, within bounds: a state is seldom larger. The others are folded again when they are needed."""
FOLD_WEIGHT_MIN: Final = 4 * 1024
FOLD_WEIGHT_MAX: Final = 1024 * 1024

_log: Final = logging.getLogger("tenuto")


class Fold(msgspec.Struct):
    """A session whose events so far have had their rows."""

    tables: SessionTables
    weight: int = FOLD_WEIGHT_MIN


class Started(msgspec.Struct, frozen=True):
    """A session that began: its agents are seen."""

    tenant: str
    at_ms: int
    program: Program


class Folds:
    """Takes commits in the order of the log, and gives what each changes."""

    def __init__(
        self,
        store: EventStore,
        decoder: EventDecoder,
        programs: Programs,
        *,
        room: int = WEIGHT_MAX,
    ) -> None:
        self._store, self._decoder, self._programs = store, decoder, programs
        self._folds: OrderedDict[SessionId, Fold] = OrderedDict()
        self._room, self._weight = room, 0
        self._broken: set[SessionId] = set()

    def clear(self) -> None:
        """Forget all of them: the log is read again from another place."""
        self._folds.clear()
        self._weight = 0
        self._broken.clear()

    async def take(self, commit: StoredCommit) -> tuple[list[Change], Started | None]:
        """Return what the commit changes, and which session began with it.

        A session whose log cannot be folded gets no more rows, and is told of in the log of the
        process; the others go on.

        Raises:
            StoreUnavailable: ask again from where the tables are.
        """
        if commit.session in self._broken:
            return [], None
        try:
            return await self._take(commit)
        except StoreUnavailable:
            raise
        except Exception as error:  # a fault in one session's log is not to end everybody's rows
            self._broken.add(commit.session)
            name = type(error).__name__
            _log.error("No more rows of session %s: %s: %s", commit.session, name, error)
            return [], None

    async def _take(self, commit: StoredCommit) -> tuple[list[Change], Started | None]:
        session = commit.session
        before = Version(commit.version - commit.count)
        events = self._decoder.decode(commit.payload)
        started = None
        fold = self._folds.pop(session, None)
        if fold is not None:
            self._weight -= fold.weight
        if fold is None or fold.tables.state.version != before:
            begun = events[0]
            if before == 0 and isinstance(begun, e.SessionStarted):
                program = self._program(begun.digest, begun.tenant)
                fold = Fold(SessionTables(SessionState(), program))
                if program is not None:
                    started = Started(begun.tenant, begun.at_ms, program)
            else:
                fold = await self._folded(session, before)
        changes = fold.tables.add(events)
        if not fold.tables.has_ended:
            fold.weight = min(fold.weight + len(commit.payload), FOLD_WEIGHT_MAX)
            self._keep(session, fold)
        return changes, started

    async def _folded(self, session: SessionId, at: Version) -> Fold:
        stored = await self._store.load(session, at=at)
        state, size = await load_state(self._store, self._decoder, stored, at=at)
        weight = min(FOLD_WEIGHT_MIN + size, FOLD_WEIGHT_MAX)
        return Fold(SessionTables(state, self._program(state.digest, state.tenant)), weight)

    def _keep(self, session: SessionId, fold: Fold) -> None:
        self._folds[session] = fold
        self._weight += fold.weight
        while self._weight > self._room and len(self._folds) > 1:
            _, oldest = self._folds.popitem(last=False)
            self._weight -= oldest.weight

    def _program(self, digest: Digest, tenant: str) -> Program | None:
        try:
            return self._programs.get(digest, tenant)
        except NotFound:
            return None
