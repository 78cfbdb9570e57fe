"""Verifies that what is kept of a session beside its events follows from them.

A session's head decides who may see it and whether it goes on, and its snapshot is what it goes on
from. Both are folds of its events, so they are folded anew, from the first event on.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from tenuto.codec.events import EventDecoder
from tenuto.codec.snapshots import decode_snapshot
from tenuto.core.audit.faults import Fault
from tenuto.core.errors import CorruptLog, NotFound
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import EventStore, Head, HeadQuery, StoredSession
from tenuto.runtime.heads import head_of
from tenuto.runtime.loading import events_of
from tenuto.runtime.verifying.findings import Findings

HEADS_PAGE: Final = 200
COMMITS_PAGE: Final = 200

KEPT: Final = (
    *("session", "tenant", "user", "workflow", "workflow_version", "parent", "key"),
    *("origin", "origin_version", "status", "wake_ms", "active", "started_ms", "waits_for"),
)
"""Of a head; what it waits for is a sentence, which the next release may word otherwise."""


class SessionsCheck:
    """Looks at all sessions once."""

    def __init__(self, events: EventStore, decoder: EventDecoder, findings: Findings) -> None:
        self._events, self._decoder, self._findings = events, decoder, findings
        self.count = 0

    async def check(self) -> AsyncIterator[Fault]:
        """Yield what is wrong."""
        before: SessionId | None = None
        while page := await self._events.heads(HeadQuery(before=before, limit=HEADS_PAGE)):
            for head in page:
                self.count += 1
                found = await self._check_one(head.session)
                if found:
                    told = f"Session {head.session!r}: {found}"
                    yield Fault(part="sessions", number=0, message=told)
            before = page[-1].session
            self._findings.looked("sessions", self.count)

    async def _check_one(self, session: SessionId) -> str:
        """Return what is wrong with a session, in words."""
        try:
            return await self._compare(await self._events.load(session))
        except (CorruptLog, NotFound) as error:
            return str(error)
        except (TypeError, ValueError, AttributeError, LookupError, AssertionError) as error:
            # The fold is total over what was ever written; this was not.
            return f"its events cannot be folded ({type(error).__name__}: {error})."

    async def _compare(self, stored: StoredSession) -> str:
        head, snapshot = stored.head, stored.snapshot
        kept = None if snapshot is None else decode_snapshot(snapshot.payload)
        if snapshot is not None and kept is not None and kept.version != snapshot.version:
            return f"its snapshot is not of version {snapshot.version}, as it says."
        wanted = {head.version} if kept is None else {head.version, kept.version}
        async for state in self._states(head.session, until=max(wanted)):
            if state.version == head.version and (wrong := _difference(head, head_of(state))):
                return wrong
            if kept is not None and state.version == kept.version and state != kept:
                return f"its snapshot of version {kept.version} does not follow from its events."
            wanted.discard(state.version)
        if wanted:
            return f"its events end before version {min(wanted)}, of which something is kept."
        return ""

    async def _states(self, session: SessionId, *, until: int) -> AsyncIterator[SessionState]:
        state = SessionState()
        while state.version < until:
            page = await self._events.read(session=session, after=state.version, limit=COMMITS_PAGE)
            if not page:
                return
            last = page[-1].version
            for _, event in events_of(page, self._decoder, after=state.version, until=last):
                evolve(state, event)
                yield state
            if state.version != last:
                raise CorruptLog(f"It has no event of version {state.version + 1}.")
            await asyncio.sleep(0)


def _difference(kept: Head, folded: Head) -> str:
    for name in KEPT:
        said, follows = getattr(kept, name), getattr(folded, name)
        if said != follows:
            return f"its {name} is kept as {said!r}, and its events say {follows!r}."
    return ""
