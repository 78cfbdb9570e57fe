"""A model that answers what a test wrote down for it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.core.agent.messages import Delta, ModelAnswer, ModelRequest, ToolCall, Usage
from tenuto.core.vocabulary import Json

Answer: TypeAlias = (
    "str | dict[str, Any] | list[Any] | ModelAnswer | BaseException | Pause"
    " | Callable[[ModelRequest], Any]"
)
"""What one request gets: text, structured data, a whole `ModelAnswer` (see `calls`), an exception
that is raised, a `Pause` before any of these, or a function of the request that gives one."""

_USAGE: Final = Usage(input_tokens=10, output_tokens=5)


class Pause(msgspec.Struct, frozen=True):
    """An answer that takes `seconds` to come."""

    seconds: float
    answer: Any


class UnexpectedRequest(AssertionError):
    """The model was asked more often than the test wrote answers for."""


def calls(*wanted: tuple[str, dict[str, Json]], text: str = "") -> ModelAnswer:
    """Return an answer that wants tools called: `calls(("search", {"query": "x"}))`."""
    made = tuple(
        ToolCall(id=f"call_{n}", tool=name, arguments=arguments)
        for n, (name, arguments) in enumerate(wanted, start=1)
    )
    return ModelAnswer(text=text, calls=made, finish="tools", usage=_USAGE)


class MockLLM:
    """A `Model` with scripted answers, in order of the requests; per agent where given by name.

    It records every request in `requests`. A request beyond the script fails its task, and
    `assert_used_up` says so; what the script holds and nobody asked for is an error too.

    Example:
        model = MockLLM([calls(("search", {"query": "tenuto"})), "It means: held."])
        async with tenuto.open("memory://", models={"mock": model}) as runtime: ...
        model.assert_used_up()
    """

    def __init__(self, answers: Sequence[Answer] | Mapping[str, Sequence[Answer]] = ()) -> None:
        self._by_agent: dict[str, list[Any]] = {}
        self._in_order: list[Any] = []
        if isinstance(answers, Mapping):
            self._by_agent = {agent: list(script) for agent, script in answers.items()}
        else:
            self._in_order = list(answers)
        self.requests: list[ModelRequest] = []
        self._unexpected: list[str] = []

    def add(self, *answers: Answer, agent: str | None = None) -> None:
        """Add answers to the end of the script, or of that of `agent`."""
        script = self._in_order if agent is None else self._by_agent.setdefault(agent, [])
        script.extend(answers)

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """See `Model.answer`.

        Raises:
            UnexpectedRequest: the script has no answer left. Else what the script says.
        """
        self.requests.append(request)
        script = self._by_agent.get(request.agent, self._in_order)
        if not script:
            said = f"Agent {request.agent!r} asked for turn {request.turn}"
            self._unexpected.append(said)
            raise UnexpectedRequest(f"{said}, and no answer is left in the script.")
        return await _given(script.pop(0), request)

    async def stream(
        self, model: str, request: ModelRequest
    ) -> AsyncGenerator[Delta | ModelAnswer, None]:
        """Return the same answer, its text word by word. See `StreamingModel.stream`.

        Raises:
            UnexpectedRequest: as `answer`.
        """
        answer = await self.answer(model, request)
        for word in re.findall(r"\s*\S+|\s+$", answer.text):
            yield Delta(text=word)
        yield answer

    def assert_used_up(self) -> None:
        """Check that the script and the requests were equally long.

        Raises:
            AssertionError: an answer is left over, or a request found none.
        """
        assert not self._unexpected, f"No answer was left when {'; '.join(self._unexpected)}."
        left = [f"{answer!r:.80}" for answer in self._in_order]
        left += [f"{agent}: {a!r:.80}" for agent, script in self._by_agent.items() for a in script]
        assert not left, f"{len(left)} answers were never asked for: {', '.join(left)}"


async def _given(answer: Any, request: ModelRequest) -> ModelAnswer:
    while True:
        if isinstance(answer, Pause):
            await asyncio.sleep(answer.seconds)
            answer = answer.answer
        elif callable(answer) and not isinstance(answer, BaseException):
            answer = answer(request)
        else:
            break
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, ModelAnswer):
        return answer
    if isinstance(answer, str):
        return ModelAnswer(text=answer, usage=_USAGE)
    return ModelAnswer(data=answer, usage=_USAGE)
