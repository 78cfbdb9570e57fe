"""Deadlines are kept, near and far, with and without a sweep of the store."""

import asyncio

from tenuto.core.vocabulary import SessionId
from tenuto.runtime.deadlines import Deadlines

HOUR_MS = 3_600_000


class StillClock:
    """A clock that stands at one moment."""

    def now_ms(self) -> int:
        return 1_000_000


async def nothing(moment_ms: int) -> list[tuple[int, SessionId]]:
    return []


def kept(deadlines: Deadlines) -> list[SessionId]:
    return [session for _, session in deadlines._heap]


def test_a_far_deadline_is_left_to_the_store_where_the_store_is_swept() -> None:
    async def main() -> list[SessionId]:
        deadlines = Deadlines(StillClock(), lambda session: None, nothing)
        await deadlines.start()
        deadlines.set(SessionId("far"), 1_000_000 + HOUR_MS)
        found = kept(deadlines)
        deadlines.stop()
        return found

    assert asyncio.run(main()) == []


def test_a_far_deadline_is_remembered_where_nothing_is_swept() -> None:
    async def main() -> list[SessionId]:
        deadlines = Deadlines(StillClock(), lambda session: None, nothing)
        deadlines.set(SessionId("far"), 1_000_000 + HOUR_MS)
        found = kept(deadlines)
        deadlines.stop()
        return found

    assert asyncio.run(main()) == ["far"]


def test_a_deadline_that_has_passed_wakes_at_once_and_only_once() -> None:
    async def main() -> list[SessionId]:
        woken: list[SessionId] = []
        deadlines = Deadlines(StillClock(), woken.append, nothing)
        deadlines.set(SessionId("due"), 1)
        deadlines.set(SessionId("due"), 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        deadlines.stop()
        return woken

    assert asyncio.run(main()) == ["due"]
