"""What everything that members tell one another by must do. Subclass it and build two."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from tenuto.ports.membership import TOPICS, Signals, Topic

_Two: TypeAlias = tuple[Signals, Signals]
_Check: TypeAlias = Callable[[Signals, Signals], Awaitable[None]]

SECONDS_MAX = 10


class Ear:
    """Remembers what is heard."""

    def __init__(self, signals: Signals) -> None:
        self.heard: list[tuple[Topic, str]] = []
        self._news = asyncio.Event()
        signals.listen(self._hear)

    def _hear(self, topic: Topic, text: str) -> None:
        self.heard.append((topic, text))
        self._news.set()

    def names(self, topic: Topic) -> set[str]:
        """Return what was heard of one by one."""
        return {name for t, text in self.heard if t == topic for name in text.split()}

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return when what was heard is so."""
        async with asyncio.timeout(SECONDS_MAX):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def until_it_listens(self) -> None:
        """Return when what is told from now on is heard: who begins may have missed anything."""
        await self.until(lambda: set(TOPICS) <= {topic for topic, text in self.heard if not text})
        self.heard.clear()


class SignalsContract(ABC):
    """What one tells, the others hear; and who begins to listen looks at everything once."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[_Two]:
        """Return a context that gives those of two members."""
        ...

    def test_what_one_tells_the_other_hears_and_not_he_himself(self) -> None:
        async def check(one: Signals, two: Signals) -> None:
            here, there = Ear(one), Ear(two)
            await here.until_it_listens()
            await there.until_it_listens()

            one.tell("log", "ses_a")
            two.tell("log", "ses_b")

            await there.until(lambda: there.names("log") >= {"ses_a"})
            await here.until(lambda: here.names("log") >= {"ses_b"})
            assert "ses_a" not in here.names("log")

        self._run(check)

    def test_every_topic_is_heard_without_a_text_too(self) -> None:
        async def check(one: Signals, two: Signals) -> None:
            there = Ear(two)
            await there.until_it_listens()

            for topic in TOPICS:
                one.tell(topic)

            await there.until(lambda: {(topic, "") for topic in TOPICS} <= {*there.heard})

        self._run(check)

    def test_much_at_once_is_heard_one_by_one_or_as_anything(self) -> None:
        async def check(one: Signals, two: Signals) -> None:
            there = Ear(two)
            await there.until_it_listens()
            names = {f"ses_{number:030}" for number in range(2_000)}

            for name in sorted(names):
                one.tell("log", name)

            await there.until(lambda: ("log", "") in there.heard or there.names("log") == names)

        self._run(check)

    def test_all_who_listen_in_a_process_hear(self) -> None:
        async def check(one: Signals, two: Signals) -> None:
            first = Ear(two)
            await first.until_it_listens()
            second = Ear(two)

            one.tell("mail")

            await first.until(lambda: ("mail", "") in first.heard)
            await second.until(lambda: ("mail", "") in second.heard)

        self._run(check)

    def _run(self, check: _Check) -> None:
        async def main() -> None:
            async with self.opened() as (one, two):
                await check(one, two)

        asyncio.run(main())
