"""Gives an input to a session, whoever owns the database: this process, or by letter another
one."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.stores import mailbox_at
from tenuto.core import errors
from tenuto.core.budget import Budget
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, SessionId, TaskNo
from tenuto.runtime.letters import Answer, letter_of

Verb: TypeAlias = Literal["signal", "pause", "resume", "cancel", "approve", "deny"]

ANSWER_S_MAX: Final = 10.0
_ASK_EVERY_S: Final = 0.02


async def deliver(
    url: str | None, session: SessionId, verb: Verb, arguments: dict[str, Json]
) -> None:
    """Return when the session has recorded what `verb` asks.

    Where no process owns the database this one opens it for the moment; the session's work is left
    to whoever opens it next.

    Raises:
        NotFound: there is no such session.
        Rejected: the session refuses; nothing was changed.
        StoreUnavailable: the owner did not answer in time; the letter stays in its mailbox.
    """
    try:
        async with open_runtime(url, hold=True) as runtime:
            await runtime.deliver(session, lambda now: _asked(verb, arguments, now))
    except errors.StoreOwned:
        # Whoever takes it up says when that was.
        await _post(place_of(url), session, _asked(verb, arguments, 0))


def _asked(verb: Verb, known: Mapping[str, Any], at_ms: int) -> i.SessionInput:
    """Return the input that a person asks for."""
    by = str(known.get("by", ""))
    match verb:
        case "signal":
            name = str(known.get("name", ""))
            key = str(known.get("key", ""))
            return i.SendSignal(at_ms=at_ms, name=name, data=known.get("data"), by=by, key=key)
        case "pause":
            return i.PauseSession(at_ms=at_ms, by=by, reason=str(known.get("reason", "")))
        case "resume":
            return i.ResumeSession(
                at_ms=at_ms,
                by=by,
                steps=int(known.get("steps", 0)),
                budget=msgspec.convert(known.get("budget", {}), Budget),
            )
        case "cancel":
            return i.CancelSession(at_ms=at_ms, by=by, reason=str(known.get("reason", "")))
        case "approve" | "deny":
            return i.DecideApproval(
                at_ms=at_ms,
                approved=verb == "approve",
                task=TaskNo(int(known.get("task", 0))),
                by=by,
                note=str(known.get("note", "")),
                data=known.get("data"),
            )


async def _post(place: Place, session: SessionId, cause: i.SessionInput) -> None:
    mailbox = await asyncio.to_thread(mailbox_at, place)
    try:
        letter = letter_of(cause, key=f"letter:{secrets.token_hex(16)}")
        number = mailbox.post(session, msgspec.json.encode(letter))
        for _ in range(round(ANSWER_S_MAX / _ASK_EVERY_S)):
            payload = mailbox.answer(number)
            if payload is not None:
                _raise_refusal(msgspec.json.decode(payload, type=Answer))
                return
            await asyncio.sleep(_ASK_EVERY_S)
    finally:
        mailbox.close()
    raise errors.StoreUnavailable(
        f"The process that owns the database has not answered within {ANSWER_S_MAX:.0f} s; "
        "what was asked is kept for it."
    )


def _raise_refusal(answer: Answer) -> None:
    if answer.refusal:
        raise errors.Rejected(answer.refusal)
