"""How agents do: kept from the logs of an organisation's newest sessions.

The window is what started within the last day, at most `SESSIONS_MAX` sessions. What was folded of
a session is remembered with its version, so that a question costs what happened since the last.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.core.vocabulary import SessionId
from tenuto.ports.clock import Clock
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.sdk.runtime import Runtime
from tenuto.views.activity import Activity, Done

WINDOW_MS: Final = 24 * 3_600_000
SESSIONS_MAX: Final = 500
_REMEMBERED_MAX: Final = 5_000
_PAGE: Final = 100


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions were looked at."""

    since_ms: int
    sessions: int
    complete: bool
    """False: there are more within the window than are looked at; the older ones do not count."""


class Metrics:
    """Remembers what was folded, for all organisations."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self._runtime, self._clock = runtime, clock
        self._known: OrderedDict[SessionId, Activity] = OrderedDict()
        self._folding = asyncio.Lock()

    async def of_agent(
        self, organisation: str, agent: str, workflows: frozenset[str] | None
    ) -> tuple[Done, Window]:
        """Return what an agent did in sessions of `workflows`, by name; None: of all."""
        total = Done()
        heads, window = await self._heads(organisation)
        async with self._folding:
            for head in heads:
                if workflows is not None and head.workflow not in workflows:
                    continue
                activity = await self._activity(head)
                if agent in activity.agents:
                    total.include(activity.agents[agent])
        return total, window

    async def _heads(self, organisation: str) -> tuple[list[Head], Window]:
        since = self._clock.now_ms() - WINDOW_MS
        found: list[Head] = []
        query = HeadQuery(tenant=organisation, limit=_PAGE)
        is_complete = False
        while len(found) < SESSIONS_MAX:
            page = await self._runtime.sessions(query)
            within = [head for head in page if head.started_ms >= since]
            found += within
            if len(page) < _PAGE or len(within) < len(page):
                is_complete = True
                break
            query = msgspec.structs.replace(query, before=page[-1].session)
        return found, Window(since_ms=since, sessions=len(found), complete=is_complete)

    async def _activity(self, head: Head) -> Activity:
        known = self._known.get(head.session)
        has_ended = head.status in ("completed", "failed", "cancelled")
        if known is not None:
            self._known.move_to_end(head.session)
            if has_ended and known.version >= head.version:
                return known
        session = self._runtime.session(head.session)
        if known is None:
            known = Activity(await session.definition(), skip=head.origin_version)
        async for stored in session.events(after=known.version, follow=False):
            known.add(stored.version, stored.event)
        self._known[head.session] = known
        if len(self._known) > _REMEMBERED_MAX:
            self._known.popitem(last=False)
        await asyncio.sleep(0)
        return known
