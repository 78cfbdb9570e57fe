"""What a call has asked its client, and what came of it.

A client of before 2026-07-28 is asked while its call goes on. A later one gets the questions as
the result of the call, and calls again with the answers: a round. What was asked goes along, sealed
by the server, so that a client answers only what it was asked."""

from collections.abc import Mapping
from typing import Any, Final

import mcp_types as types
import msgspec
from mcp import MCPError
from pydantic import ValidationError

from tenuto.core.errors import Rejected, TenutoError
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import SessionId
from tenuto.sdk.runtime import Runtime
from tenuto.server.mcp.client.asking import AT_ONCE_MAX, TRIES_MAX, Asking
from tenuto.server.mcp.client.lines import SAMPLE, Line, Lines, Sampled
from tenuto.server.mcp.client.questions import family_of
from tenuto.server.mcp.client.sampling import NO_CLIENT
from tenuto.views.excerpts import excerpt

_FAULT_CHARS_MAX: Final = 500


class Told(msgspec.Struct, kw_only=True):
    """What a call knows of the rounds before it."""

    session: SessionId
    asked: list[str] = []
    """Names of what the client was asked in the last round."""
    dismissed: set[str] = set()
    """Questions that the user would not answer; they are not asked again."""
    tries: dict[str, int] = {}
    """How often the answer to a question did not fit."""
    faults: dict[str, str] = {}
    """Why the last one did not."""


class Rounds:
    """Asks clients, in the way of their version."""

    def __init__(self, runtime: Runtime, lines: Lines, *, user: str, by: str) -> None:
        self._runtime, self._lines, self._by = runtime, lines, by
        self._asking = Asking(runtime, user=user, by=by)

    async def take(self, sealed: str, given: Mapping[str, Any]) -> Told:
        """Tell sessions what a client answers; return what goes on with the call.

        Raises:
            MCPError: the answers are none.
        """
        told = msgspec.json.decode(sealed, type=Told)
        questions = {one.key: one for one in await self._asking.questions(told.session)}
        for name in told.asked:
            answer = given.get(name)
            try:
                if name.startswith(SAMPLE):
                    if answer is not None:
                        self._lines.answer(name, _as(Sampled, answer))
                    continue
                question = questions.get(name)
                if question is None:
                    # Somebody else was first.
                    continue
                if answer is None or not await self._asking.tell(
                    question, _as(types.ElicitResult, answer)
                ):
                    told.dismissed.add(name)
            except ValidationError:
                raise MCPError(
                    code=types.INVALID_PARAMS,
                    message=f"inputResponses[{name!r}] is no answer to what was asked.",
                ) from None
            except Rejected as error:
                told.faults[name] = excerpt(str(error), _FAULT_CHARS_MAX)
                told.tries[name] = told.tries.get(name, 0) + 1
                if told.tries[name] >= TRIES_MAX:
                    told.dismissed.add(name)
        told.asked = []
        return told

    async def wanted(
        self, line: Line, told: Told, state: SessionState
    ) -> types.InputRequiredResult | None:
        """Return what a client is to answer before it calls again; None where nothing is."""
        if not line.is_modern:
            return None
        questions: dict[str, Any] = {}
        if line.elicits:
            for question in await self._asking.questions(state.session):
                if question.key not in told.dismissed and len(questions) < AT_ONCE_MAX:
                    fault = told.faults.get(question.key)
                    message = f"{question.message}\n{fault}" if fault else question.message
                    params = types.ElicitRequestFormParams(
                        message=message, requested_schema=question.schema
                    )
                    questions[question.key] = types.ElicitRequest(params=params)
        # Looked at last: an agent may have asked meanwhile, and nothing more is told after this.
        requests = {**line.wanted, **questions}
        if not requests:
            return None
        told.asked = list(requests)
        return types.InputRequiredResult(
            input_requests=requests, request_state=msgspec.json.encode(told).decode()
        )

    async def moved(self, line: Line, told: Told, state: SessionState, end_s: float) -> bool:
        """Ask what a client can be asked at once; return whether the session may go on."""
        if line.samples and await self._revived(state.session):
            return True
        if line.is_modern or not line.elicits:
            return False
        return await self._asking.moved(line, state.session, told.dismissed, end_s)

    async def _revived(self, session: SessionId) -> bool:
        """Try again what lacked a client whose model can be asked: now there is one."""
        found = False
        for member in await family_of(self._runtime, session):
            for task in member.state.tasks.values():
                lacks = task.failure is not None and task.failure.code == NO_CLIENT
                if lacks and task.waiting == "person" and task.ask is None:
                    try:
                        handle = self._runtime.session(member.state.session)
                        await handle.approve(task.no, by=self._by, note="a client is there")
                        found = True
                    except TenutoError:
                        continue
        return found


def _as(kind: Any, answer: Any) -> Any:
    """Return an answer as what it should be."""
    data = answer.model_dump(by_alias=True) if hasattr(answer, "model_dump") else answer
    return kind.model_validate(data, by_name=False)
