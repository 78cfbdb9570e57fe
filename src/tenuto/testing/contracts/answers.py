"""What everything that keeps answers to requests must do."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from tenuto.ports.answers import Answers, KeptAnswer


def answer(key: str, *, owner: str = "org/user:1", at_ms: int = 0, says: bytes = b"") -> KeptAnswer:
    """Return an answer that expires a second after it was kept."""
    return KeptAnswer(
        owner=owner,
        key=key,
        request="digest",
        content=says or key.encode(),
        kept_ms=at_ms,
        expires_ms=at_ms + 1_000,
    )


class AnswersContract(ABC):
    """Subclass it and build what is tested."""

    @abstractmethod
    def opened(self, *, per_owner_max: int = 1_000) -> AbstractAsyncContextManager[Answers]:
        """Give an empty keeper, and close it."""

    def test_an_answer_is_found_by_who_asked_under_the_key(self) -> None:
        async def main() -> None:
            async with self.opened() as answers:
                assert await answers.find("org/user:1", "k", now_ms=0) is None
                await answers.keep(answer("k"))

                assert await answers.find("org/user:1", "k", now_ms=999) == answer("k")
                assert await answers.find("org/user:2", "k", now_ms=0) is None
                assert await answers.find("org/user:1", "other", now_ms=0) is None

        asyncio.run(main())

    def test_an_expired_answer_is_not_found(self) -> None:
        async def main() -> None:
            async with self.opened() as answers:
                await answers.keep(answer("k"))
                assert await answers.find("org/user:1", "k", now_ms=1_000) is None

        asyncio.run(main())

    def test_a_later_answer_replaces_the_one_under_its_key(self) -> None:
        async def main() -> None:
            async with self.opened() as answers:
                await answers.keep(answer("k"))
                later = answer("k", at_ms=2_000, says=b"later")
                await answers.keep(later)
                assert await answers.find("org/user:1", "k", now_ms=2_000) == later

        asyncio.run(main())

    def test_of_one_owner_the_oldest_go_first_when_there_are_too_many(self) -> None:
        async def main() -> None:
            async with self.opened(per_owner_max=3) as answers:
                await answers.keep(answer("a", owner="other"))
                for key in "abcde":
                    await answers.keep(answer(key))

                found = [await answers.find("org/user:1", key, now_ms=0) for key in "abcde"]
                assert found == [None, None, answer("c"), answer("d"), answer("e")]
                assert await answers.find("other", "a", now_ms=0) is not None

        asyncio.run(main())
