"""Asks the user of a client what a session waits for, and tells the session the answer.

The question stays in the inbox all the while: whoever answers first has answered. What goes on
asking outlives its call: people take longer than calls may."""

import asyncio
from typing import Final

import mcp_types as types
import msgspec
from mcp import MCPError
from pydantic import ValidationError

from tenuto.core.errors import Rejected, TenutoError
from tenuto.core.vocabulary import SessionId
from tenuto.sdk.resting import has_news
from tenuto.sdk.runtime import Runtime
from tenuto.server.mcp.client.lines import Line
from tenuto.server.mcp.client.questions import Question, family_of, questions_of

OPEN_MAX: Final = 100
"""So many questions are asked of all clients at once; the others stay in the inbox."""
AT_ONCE_MAX: Final = 5
"""So many are asked of one client at once."""
TRIES_MAX: Final = 3
"""So often a client is asked again whose answer does not fit the form."""
ANSWER_BYTES_MAX: Final = 64 * 1024
UNTRUSTED: Final = ("untrusted",)
"""Labels of all that clients answer."""
_DECLINED: Final = "declined in the client"


class Asking:
    """Knows what is being asked of whom."""

    def __init__(self, runtime: Runtime, *, user: str, by: str) -> None:
        self._runtime, self._user = runtime, user
        self._by = user or by
        self._open: dict[tuple[str, str], asyncio.Task[bool]] = {}
        """By client and question."""

    async def questions(self, session: SessionId) -> list[Question]:
        """Return what a session and those below it want of the user."""
        return [
            question
            for member in await family_of(self._runtime, session)
            for question in questions_of(member, self._user)
        ]

    async def moved(
        self, line: Line, session: SessionId, dismissed: set[str], end_s: float
    ) -> bool:
        """Ask what is to be asked; return whether the session may go on, at loop time `end_s` at
        the latest.

        False: nothing is asked, or nobody has answered in time. Keys of what the user would not
        answer go into `dismissed`, and are not asked again."""
        asked: dict[asyncio.Task[bool], str] = {}
        for question in await self.questions(session):
            if question.key in dismissed:
                continue
            task = self._open.get((line.client, question.key)) or self._begun(line, question)
            if task is not None:
                asked[task] = question.key
        if not asked:
            return False
        timeout = max(0.0, end_s - asyncio.get_running_loop().time())
        done, _ = await asyncio.wait(asked, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.cancelled() or not task.result():
                dismissed.add(asked[task])
        return bool(done)

    def _begun(self, line: Line, question: Question) -> "asyncio.Task[bool] | None":
        """Begin to ask; None where too much is asked already."""
        at_once = sum(client == line.client for client, _ in self._open)
        if at_once >= AT_ONCE_MAX or len(self._open) >= OPEN_MAX:
            return None
        place = (line.client, question.key)
        task = self._open[place] = asyncio.create_task(self._ask(line, question))
        task.add_done_callback(lambda _: self._open.pop(place, None))
        return task

    async def _ask(self, line: Line, question: Question) -> bool:
        """Return whether the question is settled, by the user or by somebody else."""
        settled = asyncio.create_task(self._until_settled(question))
        asking = asyncio.create_task(self._dialogue(line, question))
        try:
            await asyncio.wait({settled, asking}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else settled.result()
        except TenutoError:
            # The store is away, or the session is: there is nobody to tell an answer to.
            return False
        finally:
            settled.cancel()
            asking.cancel()

    async def _dialogue(self, line: Line, question: Question) -> bool:
        message = question.message
        for _ in range(TRIES_MAX):
            try:
                given = await line.elicit(message, question.schema)
            except (MCPError, ValidationError):
                # The client would not ask, or is gone: it stays in the inbox.
                return False
            try:
                return await self.tell(question, given)
            except Rejected as error:
                message = f"{question.message}\n{error}"
        return False

    async def _until_settled(self, question: Question) -> bool:
        session = self._runtime.session(question.session)
        while True:
            state = await session.state()
            if question.task not in state.tasks or not await self._is_open(question):
                return True
            await has_news(session, after=state.version, timeout=None)

    async def tell(self, question: Question, given: types.ElicitResult) -> bool:
        """Tell the session an answer; return whether the question is settled by that.

        Raises:
            Rejected: the answer does not fit the form; the question is still open.
        """
        session = self._runtime.session(question.session)
        content = given.content if question.has_form else None
        if given.action == "cancel" or (given.action == "decline" and question.kind == "signal"):
            return False
        if len(msgspec.json.encode(content)) > ANSWER_BYTES_MAX:
            raise Rejected(f"The answer has over {ANSWER_BYTES_MAX:,} bytes.")
        if not await self._is_open(question):
            return True
        try:
            if given.action == "decline":
                await session.deny(question.task, by=self._by, note=_DECLINED)
            elif question.kind == "approval":
                await session.approve(
                    question.task, by=self._by, data=content, labels=UNTRUSTED if content else ()
                )
            else:
                await session.signal(question.signal, content, by=self._by, labels=UNTRUSTED)
        except TenutoError as error:
            if isinstance(error, Rejected) and await self._is_open(question):
                raise
            # Somebody else was first.
        return True

    async def _is_open(self, question: Question) -> bool:
        return any(one.key == question.key for one in await self.questions(question.session))
