"""Letters to sessions: what is taken, answered, and taken again."""

import asyncio

import msgspec
import pytest

import tenuto
from tenuto.core.errors import Fenced, NotFound, Stale, StoreUnavailable
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId, Version
from tenuto.runtime.holdings import Moved
from tenuto.runtime.letters import Answer, Postman, letter_of, refused
from tenuto.testing import FakeClock

SESSION = SessionId("ses_1")
SENT = i.SendSignal(at_ms=1, name="go", data={"n": 1}, by="ann")
LETTER = msgspec.json.encode(letter_of(SENT, key="k1"))


class Inbox:
    """Holds one letter."""

    def __init__(self) -> None:
        self.letters = [(7, SESSION, LETTER)]
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.back = 0

    async def take(self) -> list[tuple[int, SessionId, bytes]]:
        letters, self.letters = self.letters, []
        return letters

    async def settle(self, id: int, answer: bytes) -> None:
        self.answered.set_result(msgspec.json.decode(answer, type=Answer))

    def put_back(self, id: int) -> None:
        self.back += 1
        self.letters.append((id, SESSION, LETTER))


@pytest.mark.parametrize(
    "error",
    [
        Moved(SESSION),
        Fenced(session=SESSION),
        Stale(session=SESSION, expected=Version(1), found=Version(2)),
        StoreUnavailable("away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_letter_of_which_nothing_came_is_taken_again_and_not_refused(error: Exception) -> None:
    async def main() -> None:
        inbox, asked = Inbox(), list[i.SessionInput]()

        async def submit(session: SessionId, cause: i.SessionInput) -> Version:
            asked.append(cause)
            if len(asked) == 1:
                raise error
            return Version(9)

        postman = asyncio.create_task(Postman(inbox, submit, FakeClock()).run())
        answer = await asyncio.wait_for(inbox.answered, 10)
        postman.cancel()
        # then: it was given twice, and answered once, as it was taken up
        assert (answer.version, answer.refusal, inbox.back) == (9, "", 1)
        assert [cause.data for cause in asked if isinstance(cause, i.SendSignal)] == [{"n": 1}] * 2

    asyncio.run(main())


def test_a_letter_that_was_recorded_and_not_answered_is_taken_again_and_recorded_once() -> None:
    async def main() -> None:
        flow = tenuto.Workflow("two").node("one", wait="go").node("other", wait="go")
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flow)
            for _ in range(2):
                inbox = Inbox()
                inbox.letters = [(7, session.id, LETTER)]
                postman = Postman(inbox, runtime._engine.submit, FakeClock())
                taking = asyncio.create_task(postman.run())
                answer = await asyncio.wait_for(inbox.answered, 10)
                taking.cancel()
                assert not answer.refusal
            await session.wait_until_idle(10)
            events = [one.event async for one in session.events(follow=False)]
            taken = [event for event in events if isinstance(event, e.SignalReceived)]
            assert [event.key for event in taken] == ["k1"]

    asyncio.run(main())


def test_a_letter_keeps_the_key_that_its_signal_has() -> None:
    letter = letter_of(msgspec.structs.replace(SENT, key="mine"), key="k1")
    assert letter.arguments["key"] == "mine"


def test_a_refusal_keeps_its_class_and_its_words_on_the_way() -> None:
    error = refused(Answer(refusal="No task 'x' was found.", kind="NotFound"))
    assert isinstance(error, NotFound)
    assert str(error) == "No task 'x' was found."
    assert not error.what.startswith("session")
