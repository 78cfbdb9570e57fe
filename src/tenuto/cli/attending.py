"""Stays with a session while it works: shows its events as they come, until nothing goes on."""

from __future__ import annotations

import asyncio
import sys
from typing import Final, Protocol

import tenuto
from tenuto.cli.outcome import tell_outcome
from tenuto.cli.printing import say
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Version
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.sdk.resting import until_resting
from tenuto.views.open_tasks import OpenTasks

TICK_S: Final = 0.1


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
    try:
        return await _attend(
            runtime, session, before or SessionState(), as_json=as_json, quiet=quiet
        )
    except asyncio.CancelledError:
        say("interrupted: what runs may end now (Ctrl-C again to leave at once)")
        say(f"Go on with: tenuto resume {session.id}")
        raise


async def _attend(
    runtime: tenuto.Runtime,
    session: tenuto.Session,
    before: SessionState,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    definition = await session.definition()
    view, after = view_of(before, definition, as_json=as_json, quiet=quiet)
    watcher = _Watcher(session, view, after=after)
    try:
        state = await until_resting(runtime, session)
        await watcher.reached(state.version)
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
