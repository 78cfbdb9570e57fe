"""A few texts are read at once, a few more wait, and the others are told when to come again."""

import asyncio
import threading

import pytest

from tenuto.server.problems import ProblemError
from tenuto.server.registry.reading import Reading


class Slow:
    """A reader that reads until it is let go, and knows how many read."""

    def __init__(self) -> None:
        self.go, self.readers, self.most = threading.Event(), 0, 0
        self._lock = threading.Lock()

    def read(self, text: str) -> str:
        with self._lock:
            self.readers += 1
            self.most = max(self.most, self.readers)
        self.go.wait(10)
        with self._lock:
            self.readers -= 1
        return text.upper()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_no_more_than_so_many_read_and_wait() -> None:
    async def main() -> None:
        slow, reading = Slow(), Reading(at_once=2, waiting_max=3)
        asked = [asyncio.create_task(reading.run(slow.read, f"t{n}")) for n in range(5)]
        await settle()

        with pytest.raises(ProblemError) as refused:
            await reading.run(slow.read, "late")
        slow.go.set()

        assert await asyncio.gather(*asked) == ["T0", "T1", "T2", "T3", "T4"]
        assert slow.most <= 2
        assert (refused.value.code, refused.value.headers) == ("reading_busy", {"Retry-After": "5"})
        assert await reading.run(slow.read, "again") == "AGAIN"

    asyncio.run(main())


def test_who_goes_away_frees_the_place_when_the_thread_has_ended() -> None:
    async def main() -> None:
        slow, reading = Slow(), Reading(at_once=1, waiting_max=3)
        gone = asyncio.create_task(reading.run(slow.read, "gone"))
        await settle()
        gone.cancel()
        following = asyncio.create_task(reading.run(slow.read, "next"))
        await settle()
        assert not following.done()

        slow.go.set()

        assert await following == "NEXT"
        assert slow.most == 1

    asyncio.run(main())


def test_an_error_of_the_reader_is_the_caller_s() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        reading = Reading(at_once=1)
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await reading.run(fail)

    asyncio.run(main())
