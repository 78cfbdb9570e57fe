"""Gives an input to a session, whoever owns the database: this process, or by letter another
one."""

import asyncio
from typing import Final

import msgspec

from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.stores import mailbox_at
from tenuto.core import errors
from tenuto.core.vocabulary import Json, SessionId
from tenuto.runtime.letters import Answer, Letter, Verb, input_of

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
    letter = Letter(verb=verb, arguments=arguments)
    try:
        async with open_runtime(url, hold=True) as runtime:
            await runtime.deliver(session, lambda now: input_of(letter, now))
    except errors.StoreOwned:
        await _post(place_of(url), session, letter)


async def _post(place: Place, session: SessionId, letter: Letter) -> None:
    mailbox = await asyncio.to_thread(mailbox_at, place)
    try:
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
