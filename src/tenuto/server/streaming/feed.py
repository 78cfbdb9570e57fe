"""The sessions of organisations as they change: what lists and dashboards follow.

Not what happened is told, but how a session is now: a client that was away, or is slow, gets the
newest head of each session that changed, once. An id is a position in the store: who has the frame
with id n knows every session as of its events up to n.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, Protocol

from tenuto.core.errors import NotFound, TenutoError
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.event_store import Head
from tenuto.sdk.runtime import Runtime
from tenuto.server.streaming.frames import Frame, frame
from tenuto.server.summaries import facts_of
from tenuto.views.moments import moment_text

PAUSE_S: Final = 0.02
"""Changes of so long are told together."""
AWAY_S: Final = 1.0
"""How long a store that is away is left alone."""
AT_ONCE: Final = 200
"""Heads that are looked up together."""
KNOWN_MAX: Final = 20_000


class Audience(Protocol):
    """Who is told of an organisation's sessions."""

    organisation: str

    def push(self, told: Frame) -> None:
        """Take a frame; return at once."""
        ...

    def wake(self) -> None:
        """Look again: the feed has stopped."""
        ...


class Feed:
    """Follows all of the store as long as anybody listens."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.position = 0
        """Everything up to here was told."""
        self.is_stopped = False
        self._audience: dict[str, set[Audience]] = {}
        self._changed: dict[str, int] = {}
        """Sessions that changed and were not told yet, with the position of their last event."""
        self._known: OrderedDict[str, tuple[str, int]] = OrderedDict()
        """Organisation and head's version of sessions that were looked up lately."""
        self._news = asyncio.Event()
        self._work: tuple[asyncio.Task[None], ...] = ()
        self._starting = asyncio.Lock()

    async def add(self, listener: Audience) -> None:
        """Tell the listener of what changes from now on."""
        async with self._starting:
            if not self._work:
                self.position = await self.runtime.changes.last()
                self._work = (
                    asyncio.create_task(self._follow(self.position)),
                    asyncio.create_task(self._tell()),
                )
        self._audience.setdefault(listener.organisation, set()).add(listener)

    def remove(self, listener: Audience) -> None:
        """Tell the listener no more."""
        listeners = self._audience.get(listener.organisation, set())
        listeners.discard(listener)
        if not listeners:
            self._audience.pop(listener.organisation, None)
        if not self._audience:
            self._halt()

    def stop(self) -> None:
        """Tell nobody any more."""
        self.is_stopped = True
        self._halt()
        for listener in [one for found in self._audience.values() for one in found]:
            listener.wake()

    async def heads(self, organisation: str, changed: dict[str, int]) -> list[Frame]:
        """Return frames of the organisation's sessions among `changed`, by position."""
        found: list[Frame] = []
        places = sorted(changed.items(), key=lambda item: item[1])
        for first in range(0, len(places), AT_ONCE):
            some = places[first : first + AT_ONCE]
            heads = await asyncio.gather(*[self._head(session) for session, _ in some])
            for head, (_, position) in zip(heads, some, strict=True):
                if head is not None and head.tenant == organisation:
                    found.append(session_frame(head, position))
        return found

    def _halt(self) -> None:
        for work in self._work:
            work.cancel()
        self._work = ()
        self._changed.clear()

    async def _follow(self, after: int) -> None:
        while True:
            try:
                async for change in self.runtime.changes.after(after):
                    after = change.position
                    self._changed.pop(change.session, None)
                    self._changed[change.session] = after
                    self._news.set()
                return
            except TenutoError:
                await asyncio.sleep(AWAY_S)

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(PAUSE_S)
            self._news.clear()
            changed, self._changed = self._changed, {}
            try:
                await self._tell_of(changed)
            except TenutoError:
                # The store is away; what changed is told when it is back.
                await asyncio.sleep(AWAY_S)
                self._changed = changed | self._changed
                self._news.set()

    async def _tell_of(self, changed: dict[str, int]) -> None:
        places = [item for item in changed.items() if self._is_wanted(item[0])]
        for first in range(0, len(places), AT_ONCE):
            some = places[first : first + AT_ONCE]
            heads = await asyncio.gather(*[self._head(session) for session, _ in some])
            for head, (session, position) in zip(heads, some, strict=True):
                if head is None or not self._is_news(session, head):
                    continue
                told = session_frame(head, position)
                for listener in self._audience.get(head.tenant, ()):
                    listener.push(told)
        self.position = max(self.position, *changed.values())

    def _is_wanted(self, session: str) -> bool:
        known = self._known.get(session)
        return known is None or known[0] in self._audience

    def _is_news(self, session: str, head: Head) -> bool:
        known = head.tenant, head.version
        if self._known.get(session) == known:
            return False
        self._known[session] = known
        self._known.move_to_end(session)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return True

    async def _head(self, session: str) -> Head | None:
        try:
            return await self.runtime.session(session).head()
        except NotFound:
            return None


def session_frame(head: Head, position: int) -> Frame:
    """Return how a session is, as of a position."""
    summary = facts_of(head)
    told: JsonObject = {
        "specversion": "1.0",
        "id": str(position),
        "source": "/api/v1/events",
        "type": f"tenuto.session.{head.status}",
        "time": moment_text(head.updated_ms),
        "subject": head.session,
        "session_id": head.session,
        "seq": position,
        "data": summary,
    }
    return frame("session", told, session=head.session, seq=position)
