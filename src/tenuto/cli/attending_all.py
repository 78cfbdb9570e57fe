"""Stays with everything unfinished in a database until nothing goes on by itself."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.attending import attend
from tenuto.cli.outcome import exit_code_of, status_of, tell_outcome
from tenuto.cli.printing import say, status_text
from tenuto.core.errors import TenutoError
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.sdk.resting import any_moving, until_resting
from tenuto.views.moments import duration_text
from tenuto.views.waiting import why_waiting

_PAGE: Final = 1_000


class Unfinished(msgspec.Struct, frozen=True):
    """What a database holds that has not ended, before anybody goes on with it."""

    moving: tuple[Head, ...]
    """These go on by themselves as soon as a process works on the database."""
    parked: int
    """So many wait for a person or a signal."""


async def attend_all(
    runtime: tenuto.Runtime, unfinished: Unfinished, *, as_json: bool, quiet: bool
) -> int:
    """Return the worst exit code of the sessions that go on."""
    moving, parked = unfinished.moving, unfinished.parked
    if parked:
        wait = "waits" if parked == 1 else "wait"
        say(f"{parked:,} {wait} for somebody: tenuto sessions --status waiting --status paused")
    if not moving:
        say("nothing is left to go on with")
        return exit_codes.WAITING if parked else exit_codes.COMPLETED
    if len(moving) == 1:
        (head,) = moving
        say(f"session {head.session}  {head.workflow} {head.workflow_version}")
        session = runtime.session(head.session)
        before = await session.state(head.version)
        return await attend(runtime, session, before=before, as_json=as_json, quiet=quiet)
    say(f"going on with {len(moving):,} sessions")
    try:
        codes = await asyncio.gather(
            *(_finish(runtime, head, as_json=as_json, quiet=quiet) for head in moving)
        )
    except asyncio.CancelledError:
        say("interrupted: what runs may end now (Ctrl-C again to leave at once)")
        say("Go on with: tenuto resume")
        raise
    for code in (exit_codes.FAILED, exit_codes.CANCELLED, exit_codes.WAITING):
        if code in codes:
            return code
    return exit_codes.WAITING if parked else exit_codes.COMPLETED


async def find_unfinished(runtime: tenuto.Runtime) -> Unfinished:
    """Return what has not ended; `runtime` only reads."""
    found: list[Head] = []
    before: SessionId | None = None
    while page := await runtime.sessions(
        HeadQuery(statuses=("pending", "running", "waiting", "paused"), before=before, limit=_PAGE)
    ):
        found += page
        before = page[-1].session
    moving = [head for head in found if await _goes_on(runtime, head)]
    return Unfinished(tuple(moving), len(found) - len(moving))


async def _goes_on(runtime: tenuto.Runtime, head: Head) -> bool:
    """Return whether a session goes on by itself. A deadline alone may be that of an approval."""
    return head.active or (head.wake_ms is not None and await any_moving(runtime, [head.session]))


async def _finish(runtime: tenuto.Runtime, head: Head, *, as_json: bool, quiet: bool) -> int:
    """Return the exit code of one of many; a session that cannot go on does not stop the others."""
    session = runtime.session(head.session)
    try:
        state = await until_resting(runtime, session)
    except TenutoError as error:
        say(f"{head.session}  {head.workflow}  cannot go on: {error}")
        return exit_codes.FAILED
    definition = await session.definition()
    if as_json:
        return tell_outcome(state, definition, as_json=True)
    waits = why_waiting(state, definition)
    status = status_of(state, waits)
    if not quiet and head.parent is None:
        took = duration_text(state.updated_ms - state.started_ms)
        why = state.failure.message if state.failure else state.pause_reason
        why = waits[0].reason if waits else why
        say(f"{head.session}  {head.workflow}  {status_text(status)} after {took}  {why}".rstrip())
    return exit_code_of(status)
