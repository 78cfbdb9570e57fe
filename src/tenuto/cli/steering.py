"""Hands a person's word to a session, whichever process works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.finding import find_session
from tenuto.cli.outcome import tell_waits
from tenuto.cli.printing import say, status_text
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.vocabulary import Json
from tenuto.views.waiting import why_waiting

if TYPE_CHECKING:
    from tenuto.bootstrap.delivering import Verb


async def steer(text: str, verb: Verb, arguments: dict[str, Json], *, db: str | None) -> int:
    """Return the exit code once the session has recorded what `verb` asks; say how it stands."""
    from tenuto.bootstrap import deliver

    async with tenuto.open(db, readonly=True) as runtime:
        session_id = await find_session(runtime, text)
    await deliver(db, session_id, verb, arguments)
    async with tenuto.open(db, readonly=True) as runtime:
        session = runtime.session(session_id)
        state = await session.state()
        definition = await session.definition()
    say(f"{_DONE[verb]}: {session_id}")
    if state.phase in TERMINAL:
        say(f"it has {status_text(state.phase)}")
        return exit_codes.COMPLETED
    waits = why_waiting(state, definition)
    if waits:
        tell_waits(waits)
    else:
        say(f"If no process works on it: tenuto resume {session_id}")
    return exit_codes.COMPLETED


_DONE: dict[Verb, str] = {
    "signal": "signalled",
    "pause": "pausing",
    "resume": "resumed",
    "cancel": "cancelled",
    "approve": "approved",
    "deny": "denied",
}
