"""What every keeper of answers must do. Subclass it and build one."""

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

from tenuto.core.agent.messages import ModelAnswer, ToolCall, Usage
from tenuto.ports.responses import Response, Responses, Reused

_Check: TypeAlias = Callable[[Responses], Awaitable[None]]

ENTRIES_MAX = 1_000
_LOOKS_MAX = 100_000
EAST, NORTH = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
BETWEEN = (math.sqrt(0.5), math.sqrt(0.5), 0.0)
USAGE = Usage(input_tokens=10, output_tokens=5, cost_usd=0.25, cached_tokens=1)


class ResponsesContract(ABC):
    """Answers come back under their key and by their question, to nobody else, and not for ever."""

    @abstractmethod
    def opened(self, *, entries_max: int = ENTRIES_MAX) -> AbstractAsyncContextManager[Responses]:
        """Return a context that gives an empty keeper of so many answers."""
        ...

    def test_nothing_is_found_where_nothing_was_kept(self) -> None:
        async def check(responses: Responses) -> None:
            assert await responses.find("k", since_ms=0) is None
            assert await responses.nearest("s", EAST, since_ms=0) is None
            assert await responses.statistics() == ()
            assert await responses.forget() == 0

        self._run(check)

    def test_an_answer_comes_back_whole_under_its_key(self) -> None:
        call = ToolCall(id="c", tool="look", arguments={"at": ["π", 1.5, None]})
        answer = ModelAnswer(text="Ω", calls=(call,), data={"a": 1}, usage=USAGE, model="m:x")

        async def check(responses: Responses) -> None:
            responses.keep(_response("k", answer=answer))

            found = await _found(responses, "k")

            assert found == _response("k", answer=answer)
            assert await responses.find("other", since_ms=0) is None

        self._run(check)

    def test_what_is_older_than_asked_for_is_not_found(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("k", scope="s", vector=EAST, kept_ms=100))
            await _found(responses, "k")

            assert await responses.find("k", since_ms=100) is not None
            assert await responses.find("k", since_ms=101) is None
            assert await responses.nearest("s", EAST, since_ms=100) is not None
            assert await responses.nearest("s", EAST, since_ms=101) is None

        self._run(check)

    def test_a_newer_answer_takes_the_place_of_the_one_with_its_key(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("k", kept_ms=100, answer=ModelAnswer(text="old")))
            responses.keep(_response("k", kept_ms=200, answer=ModelAnswer(text="new")))

            found = await _found(responses, "k", since_ms=200)

            assert found.answer.text == "new"
            (sums,) = await responses.statistics()
            assert sums.answers == 1

        self._run(check)

    def test_the_nearest_question_of_the_scope_is_found_with_its_likeness(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("east", scope="s", vector=EAST))
            responses.keep(_response("north", scope="s", vector=NORTH))
            responses.keep(_response("elsewhere", scope="t", vector=BETWEEN))
            responses.keep(_response("alone"))
            await _found(responses, "alone")
            towards_east = (math.sqrt(0.75), 0.5, 0.0)

            near = await responses.nearest("s", towards_east, since_ms=0)

            assert near is not None
            assert near.response.key == "east"
            assert math.isclose(near.likeness, math.sqrt(0.75), rel_tol=1e-5)

        self._run(check)

    def test_of_two_that_are_as_near_the_newest_is_found(self) -> None:
        async def check(responses: Responses) -> None:
            for at, key in enumerate(("first", "second", "third")):
                responses.keep(_response(key, scope="s", vector=EAST, kept_ms=100 + at))
            await _found(responses, "third")

            near = await responses.nearest("s", EAST, since_ms=0)

            assert near is not None
            assert near.response.key == "third"

        self._run(check)

    def test_vectors_of_another_embedder_are_passed_over(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("k", scope="s", vector=EAST))
            await _found(responses, "k")

            assert await responses.nearest("s", (1.0, 0.0), since_ms=0) is None

        self._run(check)

    def test_no_scope_is_none_of_its_own(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("k", scope="", vector=()))
            await _found(responses, "k")

            assert await responses.nearest("", (), since_ms=0) is None

        self._run(check)

    def test_hits_are_counted_and_what_they_saved_is_summed_by_tenant_and_agent(self) -> None:
        answer = ModelAnswer(text="a", usage=USAGE)

        async def check(responses: Responses) -> None:
            responses.keep(_response("1", answer=answer))
            responses.keep(_response("2", answer=answer))
            responses.keep(_response("3", answer=answer, agent="other"))
            responses.keep(_response("4", answer=answer, tenant="theirs"))
            await _found(responses, "4")
            for key, how in (("1", "exact"), ("1", "exact"), ("2", "semantic"), ("4", "exact")):
                responses.count(key, how)  # type: ignore[arg-type]  # both are ways to find
            sums = await _counted(responses, 4)

            assert [(one.tenant, one.agent, one.answers) for one in sums] == [
                ("ours", "clerk", 2),
                ("ours", "other", 1),
                ("theirs", "clerk", 1),
            ]
            assert (sums[0].exact_hits, sums[0].semantic_hits) == (2, 1)
            assert (sums[0].input_tokens, sums[0].output_tokens, sums[0].usd) == (30, 15, 0.75)
            assert (sums[1].exact_hits, sums[1].usd) == (0, 0.0)
            assert await responses.statistics("theirs") == sums[2:]

        self._run(check)

    def test_a_tenant_s_answers_are_forgotten_and_nobody_else_s(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("1"))
            responses.keep(_response("2", tenant="theirs"))
            await _found(responses, "2")

            assert await responses.forget("ours") == 1

            assert await responses.find("1", since_ms=0) is None
            assert await responses.find("2", since_ms=0) is not None

        self._run(check)

    def test_old_answers_are_forgotten_and_newer_ones_stay(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("old", kept_ms=100))
            responses.keep(_response("new", kept_ms=200))
            await _found(responses, "new")

            assert await responses.forget(before_ms=200) == 1

            assert await responses.find("old", since_ms=0) is None
            assert await responses.find("new", since_ms=0) is not None
            assert await responses.forget() == 1

        self._run(check)

    def test_no_more_are_kept_than_there_may_be_and_the_oldest_go_first(self) -> None:
        async def check(responses: Responses) -> None:
            for number in range(8):
                responses.keep(_response(str(number), kept_ms=100 + number))
            await _found(responses, "7")

            kept = [n for n in range(8) if await responses.find(str(n), since_ms=0) is not None]

            assert kept == [5, 6, 7]

        self._run(check, entries_max=3)

    def test_what_has_expired_makes_room(self) -> None:
        async def check(responses: Responses) -> None:
            responses.keep(_response("old", kept_ms=100, expires_ms=150))
            responses.keep(_response("new", kept_ms=150))
            await _found(responses, "new")

            assert await responses.find("old", since_ms=0) is None

        self._run(check, entries_max=3)

    def _run(self, check: _Check, **options: Any) -> None:
        async def main() -> None:
            async with self.opened(**options) as responses:
                await check(responses)

        asyncio.run(main())


def _response(key: str, **parts: Any) -> Response:
    known: dict[str, Any] = {
        "tenant": "ours",
        "agent": "clerk",
        "answer": ModelAnswer(text="a"),
        "kept_ms": 100,
        "expires_ms": 10_000,
    }
    return Response(key=key, **{**known, **parts})


async def _found(responses: Responses, key: str, *, since_ms: int = 0) -> Response:
    """Return the answer of this key, once it is there: keeping waits for nobody."""
    for _ in range(_LOOKS_MAX):
        found = await responses.find(key, since_ms=since_ms)
        if found is not None:
            return found
        await asyncio.sleep(0)
    raise AssertionError(f"{key!r} was not kept")


async def _counted(responses: Responses, hits: int) -> tuple[Reused, ...]:
    """Return the statistics, once so many hits are counted."""
    for _ in range(_LOOKS_MAX):
        sums = await responses.statistics()
        if sum(one.exact_hits + one.semantic_hits for one in sums) >= hits:
            return sums
        await asyncio.sleep(0)
    raise AssertionError(f"{hits} hits were not counted")
