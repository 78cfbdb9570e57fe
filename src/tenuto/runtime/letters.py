"""Inputs from other processes, by way of the database's mailbox: how they are written, and how the
owner of a session answers them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Protocol, get_args

import msgspec

from tenuto.core import errors
from tenuto.core.errors import Fenced, Stale, StoreUnavailable, TenutoError
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, SessionId, Version
from tenuto.ports.clock import Clock
from tenuto.ports.membership import Mail, Signals, Topic
from tenuto.runtime.holdings import Moved

LOOK_EVERY_S: Final = 0.05
LOOK_SHARED_S: Final = 1.0
"""Where those who post say so."""
ANSWER_S_MAX: Final = 30.0

_TAKEN_AGAIN: Final = (Moved, Fenced, Stale, StoreUnavailable)
"""What says that nothing came of a letter: its session is another process's by now, or the database
is away."""

_log: Final = logging.getLogger("tenuto")

_INPUTS: Final = {kind.__name__: kind for kind in get_args(i.SessionInput)}


class Letter(msgspec.Struct, kw_only=True):
    """What somebody asks of a session: an input's class, and its fields by name."""

    kind: str
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

    def put_back(self, id: int) -> None:
        """Have one taken again."""
        ...


def input_of(letter: Letter, at_ms: int) -> i.SessionInput:
    """Return the input that a letter asks for, as of `at_ms`.

    Raises:
        ValueError: there is no such input. msgspec.ValidationError: its arguments do not fit.
    """
    kind = _INPUTS.get(letter.kind)
    if kind is None:
        raise ValueError(f"There is no input {letter.kind!r}.")
    cause: i.SessionInput = msgspec.convert({**letter.arguments, "at_ms": at_ms}, kind)
    return cause


def letter_of(cause: i.SessionInput, *, key: str) -> Letter:
    """Return the letter that asks for an input.

    `key` is a name of its own for a signal that has none: a letter is taken again when a process
    has recorded it and died before it answered."""
    if isinstance(cause, i.SendSignal) and not cause.key:
        cause = msgspec.structs.replace(cause, key=key)
    arguments: dict[str, Json] = msgspec.to_builtins(cause)
    return Letter(kind=type(cause).__name__, arguments=arguments)


class Postman:
    """Takes the letters to sessions of this process, and answers them. Those to one session are
    taken up in their order."""

    def __init__(
        self,
        inbox: Inbox,
        submit: Callable[[SessionId, i.SessionInput], Awaitable[Version]],
        clock: Clock,
        signals: Signals | None = None,
    ) -> None:
        """
        Args:
            submit: gives an input to a session of this process; raises `Moved` where it is none.
        """
        self._inbox, self._submit, self._clock, self._signals = inbox, submit, clock, signals
        self._news = asyncio.Event()
        self._last: dict[SessionId, asyncio.Task[None]] = {}
        if signals is not None:
            signals.listen(self._heard)

    async def run(self) -> None:
        """Take letters as they come, for as long as this task lives."""
        while True:
            try:
                for letter in await self._inbox.take():
                    self._take(*letter)
            except StoreUnavailable as error:
                _log.warning("The mailbox cannot be read now: %s", error)
            await self._pause()

    async def _pause(self) -> None:
        if self._signals is None:
            await asyncio.sleep(LOOK_EVERY_S)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SHARED_S):
                await self._news.wait()
        self._news.clear()

    def _take(self, number: int, session: SessionId, payload: bytes) -> None:
        before = self._last.get(session)
        task = asyncio.create_task(self._deliver(number, session, payload, before))
        self._last[session] = task
        task.add_done_callback(lambda done: self._done(session, done))

    def _done(self, session: SessionId, task: "asyncio.Task[None]") -> None:
        if self._last.get(session) is task:
            del self._last[session]

    async def _deliver(
        self,
        number: int,
        session: SessionId,
        payload: bytes,
        before: "asyncio.Task[None] | None",
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            answer = await self._answer(session, payload)
            await self._inbox.settle(number, msgspec.json.encode(answer))
        except _TAKEN_AGAIN:
            self._inbox.put_back(number)
        else:
            if self._signals is not None:
                self._signals.tell("answers")

    async def _answer(self, session: SessionId, payload: bytes) -> Answer:
        try:
            letter = msgspec.json.decode(payload, type=Letter)
            cause = input_of(letter, self._clock.now_ms())
            return Answer(version=await self._submit(session, cause))
        except _TAKEN_AGAIN:
            raise
        except (TenutoError, msgspec.DecodeError, ValueError) as error:
            return Answer(refusal=str(error), kind=type(error).__name__)

    def _heard(self, topic: Topic, text: str) -> None:
        # After a look, letters to others may be to this process.
        if topic in ("mail", "look"):
            self._news.set()


class Correspondence:
    """Asks the processes that have sessions, and waits for what they answer."""

    def __init__(self, mail: Mail, signals: Signals, *, name: Callable[[], str]) -> None:
        """`name` gives a text that it never gave before."""
        self._mail, self._signals, self._name = mail, signals, name
        self._open: dict[int, asyncio.Future[Answer]] = {}
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        signals.listen(self._heard)

    async def submit(self, session: SessionId, cause: i.SessionInput) -> Version:
        """Return the session's version once its process has committed the input.

        Raises:
            Rejected: as the session refused it.
            StoreUnavailable: nobody answered in time; the letter is kept.
        """
        number = await self._mail.post(
            session, msgspec.json.encode(letter_of(cause, key=self._name()))
        )
        answered = self._open[number] = asyncio.get_running_loop().create_future()
        self._signals.tell("mail")
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                answer = await answered
        except TimeoutError:
            raise StoreUnavailable(
                f"The process that has session {session!r} has not answered within "
                f"{ANSWER_S_MAX:.0f} s, or there is none that knows its workflow; what was asked "
                "is kept for it."
            ) from None
        finally:
            del self._open[number]
        if answer.refusal:
            raise refused(answer)
        return Version(answer.version)

    def close(self) -> None:
        """Wait for answers no more."""
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SHARED_S):
                    await self._news.wait()
            self._news.clear()
            if not self._open:
                continue
            try:
                answers = await self._mail.answers(tuple(self._open))
            except StoreUnavailable as error:
                _log.warning("Answers of other processes cannot be read now: %s", error)
                continue
            for number, payload in answers.items():
                answered = self._open.get(number)
                if answered is not None and not answered.done():
                    answered.set_result(msgspec.json.decode(payload, type=Answer))

    def _heard(self, topic: Topic, text: str) -> None:
        if topic == "answers":
            self._news.set()


def refused(answer: Answer) -> TenutoError:
    """Return the error that an answer tells of, of the class that it had."""
    kind = getattr(errors, answer.kind, errors.Rejected)
    if not (isinstance(kind, type) and issubclass(kind, TenutoError)):
        kind = errors.Rejected
    error: TenutoError = kind.__new__(kind)
    Exception.__init__(error, answer.refusal)
    return error
