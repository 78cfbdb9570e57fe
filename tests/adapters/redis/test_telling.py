"""What one tells reaches everybody, by Redis or without it, whatever happens to the line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tenuto.adapters.redis import Line, RedisSignals
from tenuto.adapters.redis.line import packed
from tenuto.ports.membership import Heard, Topic
from tenuto.testing.contracts.signals import Ear
from tests.adapters.redis.test_counting import until
from tests.faulty_line import FaultyLine
from tests.redis_ground import fresh_redis, needs_own_redis, needs_redis, own_redis


class Notify:
    """The way without Redis: remembers what was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Topic, str]] = []
        self.heard: list[Heard] = []

    def listen(self, heard: Heard) -> None:
        self.heard.append(heard)

    def tell(self, topic: Topic, text: str = "") -> None:
        self.told.append((topic, text))


class Member:
    """A process among two."""

    def __init__(self, url: str, channel: str) -> None:
        self.line, self.notify = Line(url), Notify()
        self.signals = RedisSignals(
            self.line, channel=channel, notify=self.notify, members=lambda: 2, silent_s=0.1
        )
        self.ear = Ear(self.signals)


@asynccontextmanager
async def member(url: str, channel: str) -> AsyncIterator[Member]:
    made = Member(url, channel)
    await made.line.open()
    try:
        yield made
    finally:
        await made.signals.close()
        await made.line.close()


def ports_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


@needs_redis
def test_where_all_hear_it_by_redis_the_other_way_stays_silent() -> None:
    async def main() -> None:
        url = fresh_redis()
        async with member(url, url[-20:]) as one, member(url, url[-20:]) as two:
            await one.ear.until_it_listens()
            await two.ear.until_it_listens()
            for number in range(50):
                one.signals.tell("log", f"ses_{number}")
            await two.ear.until(lambda: len(two.ear.names("log")) == 50)
            assert one.notify.told == []

    asyncio.run(main())


@needs_redis
def test_who_does_not_listen_to_redis_is_told_the_other_way_too() -> None:
    async def main() -> None:
        url = fresh_redis()
        async with member(url, url[-20:]) as one:
            await one.ear.until_it_listens()
            one.signals.tell("log", "ses_a")
            await until(lambda: one.notify.told == [("log", "ses_a")])

    asyncio.run(main())


@needs_redis
def test_what_is_published_by_nobody_of_these_changes_nothing() -> None:
    async def main() -> None:
        url = fresh_redis()
        async with member(url, url[-20:]) as one, member(url, url[-20:]) as two:
            await one.ear.until_it_listens()
            await two.ear.until_it_listens()
            for payload in (b"", b" ", b"x", b"x y z", b"\xff\xfe log", b"1 look"):
                await one.line.ask(packed("PUBLISH", url[-20:], payload))
            one.signals.tell("log", "ses_a")
            await two.ear.until(lambda: "ses_a" in two.ear.names("log"))
            assert [text for topic, text in two.ear.heard if topic not in ("look", "log")] == []

    asyncio.run(main())


@needs_redis
def test_what_comes_the_other_way_is_heard() -> None:
    async def main() -> None:
        async with member(fresh_redis(), "it") as one:
            for heard in one.notify.heard:
                heard("mail", "")
            assert ("mail", "") in one.ear.heard

    asyncio.run(main())


@needs_own_redis
def test_while_the_server_is_dead_the_other_way_is_taken_and_then_all_is_looked_at() -> None:
    async def main() -> None:
        url = fresh_redis(on=own_redis())
        async with member(url, url[-20:]) as one, member(url, url[-20:]) as two:
            await two.ear.until_it_listens()

            own_redis().kill()

            for number in range(3):
                one.signals.tell("log", f"ses_{number}")
                await until(lambda n=number: len(one.notify.told) == n + 1)  # type: ignore[misc]
            assert [text for _, text in one.notify.told] == ["ses_0", "ses_1", "ses_2"]

            own_redis().start()

            await two.ear.until_it_listens()
            await until(lambda: one.line.is_here)
            one.signals.tell("answers", "5")
            await two.ear.until(lambda: ("answers", "5") in two.ear.heard)

    asyncio.run(main())


@needs_redis
def test_who_hears_nothing_on_a_line_that_swallows_all_notices_and_looks_at_all_later() -> None:
    async def main() -> None:
        url = fresh_redis()
        with FaultyLine(ports_of(url)) as line:
            async with member(url, url[-20:]) as one, member(line.leading(url), url[-20:]) as two:
                await two.ear.until_it_listens()
                line.black_hole()
                one.signals.tell("log", "ses_lost")
                await asyncio.to_thread(line.wait_held, to="client")
                # It asks for a word, gets none, and begins anew.
                await asyncio.to_thread(line.wait_held, to="server")
                await until(lambda: not two.signals.is_heard_from)
                line.cut()
                line.resume()
                await two.ear.until_it_listens()

    asyncio.run(main())


@needs_redis
def test_what_is_told_on_a_line_that_breaks_is_told_the_other_way() -> None:
    async def main() -> None:
        url = fresh_redis()
        with FaultyLine(ports_of(url)) as line:
            async with member(line.leading(url), url[-20:]) as one:
                await one.ear.until_it_listens()
                line.black_hole(to="client")
                one.signals.tell("log", "ses_a")
                await until(lambda: ("log", "ses_a") in one.notify.told)
                line.cut()

    asyncio.run(main())
