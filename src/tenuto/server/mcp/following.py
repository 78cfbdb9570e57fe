"""Tells who called what their session does, while it does it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.sdk.history import StoredEvent
from tenuto.sdk.session import Session
from tenuto.views.event_lines import SILENT, event_line
from tenuto.views.open_tasks import OpenTasks

BURST: Final = 100
"""So many lines are reported as they come."""
GAP_S: Final = 0.1
"""After that at most one in so many seconds: a long map is not worth a message for each item."""
_PAST_MAX: Final = 1_000
"""A session that was joined is told from its start, if it has no more events than this."""


class Ears(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants to hear; None: not that."""

    progress: Callable[[int, str], Awaitable[None]] | None = None
    """Takes the version of the event, which grows, and a line of text."""
    note: Callable[[e.Noted, str], Awaitable[None]] | None = None
    """Takes what a workflow noted, and the path of the task that did."""


class Follower:
    """Reports a session's events, each once and in order."""

    def __init__(
        self,
        session: Session,
        ears: Ears,
        *,
        before: SessionState,
        definition: WorkflowDefinition,
    ) -> None:
        self._session, self._ears = session, ears
        is_short = before.version <= _PAST_MAX
        self._tasks = OpenTasks(definition) if is_short else OpenTasks.of_state(before, definition)
        self._version = 0 if is_short else before.version
        self._count = 0
        self._next_s = 0.0
        self._telling: asyncio.Future[None] | None = None

    async def follow(self) -> None:
        """Report events as they come, until the session has ended."""
        await self._report_events(follow=True)

    async def catch_up(self) -> None:
        """Report the events that are there already."""
        if self._telling is not None:
            await self._telling
        await self._report_events(follow=False)

    async def _report_events(self, *, follow: bool) -> None:
        async for stored in self._session.events(self._version, follow=follow):
            self._version = stored.version
            self._tasks.begin(stored.event)
            line, path = self._line(stored.event), self._path(stored.event)
            self._tasks.end(stored.event)
            # Who stops following does not cut short what is being told: it is told once.
            self._telling = asyncio.ensure_future(self._tell(stored, line, path))
            await asyncio.shield(self._telling)

    async def _tell(self, stored: StoredEvent, line: str, path: str) -> None:
        if self._ears.note is not None and isinstance(stored.event, e.Noted):
            await self._ears.note(stored.event, path)
        if self._ears.progress is not None and line and self._may_speak():
            await self._ears.progress(stored.version, line)

    def _line(self, event: e.SessionEvent) -> str:
        # A turn of a model is told by its answer.
        asks = isinstance(event, e.ChildrenStarted) and event.kind == "model"
        return "" if asks or isinstance(event, SILENT) else event_line(event, self._tasks)

    def _path(self, event: e.SessionEvent) -> str:
        return self._tasks.path(event.task) if isinstance(event, e.Noted) else ""

    def _may_speak(self) -> bool:
        self._count += 1
        now_s = asyncio.get_running_loop().time()
        if self._count > BURST and now_s < self._next_s:
            return False
        self._next_s = now_s + GAP_S
        return True
