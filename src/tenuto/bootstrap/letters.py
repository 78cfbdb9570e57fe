"""Inputs from other processes, by way of the file's mailbox: how they are written, and how the
owner answers them."""

import asyncio
import logging
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

from tenuto.core.budget import Budget
from tenuto.core.errors import StoreUnavailable, TenutoError
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, SessionId, TaskNo
from tenuto.runtime.engine import Engine

LOOK_EVERY_S: Final = 0.05

_log: Final = logging.getLogger("tenuto")

Verb: TypeAlias = Literal["signal", "pause", "resume", "cancel", "approve", "deny"]


class Letter(msgspec.Struct, kw_only=True):
    """What somebody asks of a session: the verb, and its arguments by name."""

    verb: Verb
    arguments: dict[str, Json] = {}


class Answer(msgspec.Struct, kw_only=True):
    """What came of a letter: the session's version, or why it was refused."""

    version: int = 0
    refusal: str = ""
    kind: str = ""
    """Name of the error's class."""


class Inbox(Protocol):
    """The owner's side of a mailbox."""

    async def take(self) -> list[tuple[int, SessionId, bytes]]:
        """Return the letters that came since the last call."""
        ...

    async def settle(self, id: int, answer: bytes) -> None:
        """Answer one."""
        ...


def input_of(letter: Letter, at_ms: int) -> i.SessionInput:
    """Return the input that a letter asks for."""
    known: dict[str, Any] = letter.arguments
    by = str(known.get("by", ""))
    match letter.verb:
        case "signal":
            name = str(known.get("name", ""))
            return i.SendSignal(at_ms=at_ms, name=name, data=known.get("data"), by=by)
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
                approved=letter.verb == "approve",
                task=TaskNo(int(known.get("task", 0))),
                by=by,
                note=str(known.get("note", "")),
                data=known.get("data"),
            )


async def keep_answering(inbox: Inbox, engine: Engine) -> None:
    """Take letters as they come, for as long as this task lives."""
    while True:
        try:
            for number, session, payload in await inbox.take():
                answer = await _answer(session, payload, engine)
                await inbox.settle(number, msgspec.json.encode(answer))
        except StoreUnavailable as error:
            _log.warning("The mailbox cannot be read now: %s", error)
        await asyncio.sleep(LOOK_EVERY_S)


async def _answer(session: SessionId, payload: bytes, engine: Engine) -> Answer:
    try:
        letter = msgspec.json.decode(payload, type=Letter)
        version = await engine.submit(session, input_of(letter, engine.clock.now_ms()))
        return Answer(version=version)
    except (TenutoError, msgspec.DecodeError, ValueError) as error:
        return Answer(refusal=str(error), kind=type(error).__name__)
