"""Stays with a session while it works: shows its events as they come, until nothing goes on."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from typing import Final, Protocol

import tenuto
from tenuto.cli.outcome import tell_outcome
from tenuto.cli.printing import say
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.effects import is_active
from tenuto.core.session.inputs import Wake
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import SessionId, Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.open_tasks import OpenTasks
from tenuto.views.waiting import Wait, why_waiting

TICK_S: Final = 0.1
_FAMILY_S: Final = 0.25
"""How often the sessions below one that waits for them are looked at."""


class View(Protocol):
    """Shows a session at work."""

    shows_status: bool
    """Whether its last word says how the session ended."""

    def add(self, stored: tenuto.StoredEvent) -> None:
        """Take in the next event."""
        ...

    def tick(self) -> None:
        """Show the present moment."""
        ...

    def close(self) -> None:
        """Show the last of it and leave the screen alone."""
        ...


class SilentView:
    """Shows nothing, and needs nothing said."""

    shows_status = True

    def add(self, stored: tenuto.StoredEvent) -> None:
        """Do nothing."""

    def tick(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def view_of(
    before: SessionState, definition: WorkflowDefinition, *, as_json: bool, quiet: bool
) -> tuple[View, Version]:
    """Return the view that suits who looks, and the version after which it wants events.

    A live tree shows the past as well; lines and JSON begin with what is new."""
    if quiet and not as_json:
        return SilentView(), before.version
    if not as_json and sys.stderr.isatty():
        from tenuto.cli.progress.live import LiveView

        return LiveView(definition), Version(0)
    tasks = OpenTasks.of_state(before, definition)
    if as_json:
        from tenuto.cli.progress.json_lines import JsonView

        return JsonView(tasks), before.version
    from tenuto.cli.progress.lines import LineView

    return LineView(tasks), before.version


async def attend(
    runtime: tenuto.Runtime,
    session: tenuto.Session,
    *,
    before: SessionState | None = None,
    as_json: bool = False,
    quiet: bool = False,
) -> int:
    """Return the exit code of a session once nothing in it goes on by itself; its output is
    printed.

    `before` is its state up to which everything is known; None: nothing is."""
    definition = await session.definition()
    start = before or SessionState()
    view, after = view_of(start, definition, as_json=as_json, quiet=quiet)
    watcher = _Watcher(session, view, after=after)
    try:
        state = await until_idle(runtime, session)
        await watcher.reached(state.version)
    except asyncio.CancelledError:
        watcher.close()
        say("interrupted: what runs may end now (Ctrl-C again to leave at once)")
        say(f"Go on with: tenuto resume {session.id}")
        raise
    finally:
        watcher.close()
    return tell_outcome(state, definition, as_json=as_json, status_shown=view.shows_status)


class _Watcher:
    """Hands a session's events to a view, and moves it between them."""

    def __init__(self, session: tenuto.Session, view: View, *, after: Version) -> None:
        self._view = view
        self._version = after
        self._news = asyncio.Event()
        self._closed = False
        self._chores = [
            asyncio.create_task(self._watch(session)),
            asyncio.create_task(self._tick()),
        ]

    async def _watch(self, session: tenuto.Session) -> None:
        # Following ends with the event that ends the session; a few that belong to it come after.
        for follow in (True, False):
            async for stored in session.events(self._version, follow=follow):
                self._view.add(stored)
                self._version = stored.version
                self._news.set()

    async def _tick(self) -> None:
        while True:
            self._view.tick()
            await asyncio.sleep(TICK_S)

    async def reached(self, version: Version) -> None:
        """Return when the view has the event of that version."""
        while self._version < version:
            for chore in self._chores:
                if chore.done():
                    chore.result()
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for chore in self._chores:
            chore.cancel()
        self._view.close()


async def until_idle(runtime: tenuto.Runtime, session: tenuto.Session) -> SessionState:
    """Return the session's state once it has ended, is paused, or only a person or a signal helps.

    While it waits for a clock, or for a session that goes on, this waits with it."""
    definition = await session.definition()
    while True:
        await session.wait_until_idle()
        state = await session.state()
        if state.phase in TERMINAL or state.phase == "paused":
            return state
        waits = () if is_active(state) else why_waiting(state, definition)
        clocks = [wait.until_ms for wait in waits if wait.by == "clock" and wait.until_ms]
        children = [wait.child for wait in waits if wait.by == "session" and wait.child]
        if waits and not clocks and not await any_moving(runtime, children):
            return state
        # Without waits it has moved on since it was idle: that shows soon.
        timeout = None if clocks and not children else _FAMILY_S
        if clocks:
            until_due = max(0.0, min(clocks) / 1000 - time.time()) + _FAMILY_S
            timeout = min(timeout or until_due, until_due)
        if not await has_news(session, after=state.version, timeout=timeout) and clocks:
            # A far deadline is nobody's who did not ask for all sessions of the database.
            await runtime.deliver(session.id, lambda now: Wake(at_ms=now))


async def any_moving(runtime: tenuto.Runtime, sessions: list[SessionId]) -> bool:
    """Return whether one of these sessions, or one below them, goes on by itself."""
    for session in sessions:
        state = await runtime.session(session).state()
        if state.phase in TERMINAL or is_active(state):
            return True
        waits: tuple[Wait, ...] = why_waiting(state)
        if any(wait.by == "clock" for wait in waits):
            return True
        children = [wait.child for wait in waits if wait.by == "session" and wait.child]
        if await any_moving(runtime, children):
            return True
    return False


async def has_news(session: tenuto.Session, *, after: int, timeout: float | None) -> bool:
    """Return whether an event beyond version `after` came within `timeout` seconds."""
    events = session.events(after=after)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            async for _ in events:
                return True
    return False
