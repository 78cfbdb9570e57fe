"""Waits until a session and those below it rest: nothing in them goes on by itself any more.

Loads no more than the rules: the command line imports it before anybody asked for a runtime."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.effects import is_active
from tenuto.core.session.inputs import Wake
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import SessionId
from tenuto.views.waiting import Wait, why_waiting

if TYPE_CHECKING:
    from tenuto.sdk.runtime import Runtime
    from tenuto.sdk.session import Session

_FAMILY_S: Final = 0.25
"""How often the sessions below one that waits for them are looked at."""


async def until_resting(runtime: Runtime, session: Session) -> SessionState:
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


async def any_moving(runtime: Runtime, sessions: list[SessionId]) -> bool:
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


async def has_news(session: Session, *, after: int, timeout: float | None) -> bool:
    """Return whether an event beyond version `after` came within `timeout` seconds."""
    events = session.events(after=after)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            async for _ in events:
                return True
    return False
