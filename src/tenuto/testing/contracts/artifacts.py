"""What every store of artifacts must do, in the words of `tenuto.ports.artifacts`."""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from tenuto.core.errors import NotFound
from tenuto.core.limits import PAYLOAD_BYTES_INLINE_MAX
from tenuto.core.vocabulary import Digest
from tenuto.ports.artifacts import Artifacts

Scenario: TypeAlias = Callable[[Artifacts], Awaitable[None]]

SIZES: Final = (
    0,
    1,
    1_000,
    PAYLOAD_BYTES_INLINE_MAX,
    PAYLOAD_BYTES_INLINE_MAX + 1,
    3 * 1024 * 1024,
)


def payload_of(size: int) -> bytes:
    """Return bytes without a period that a wrong chunk would hit."""
    block = hashlib.sha256(str(size).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


class ArtifactsContract(ABC):
    """The whole suite. Subclass it and say how to open an empty store of artifacts."""

    @abstractmethod
    def open_artifacts(self) -> AbstractAsyncContextManager[Artifacts]:
        """Return a context in which an empty store is open."""

    def check(self, scenario: Scenario) -> None:
        """Run `scenario` on an empty store."""

        async def main() -> None:
            async with self.open_artifacts() as artifacts:
                await scenario(artifacts)

        asyncio.run(main())

    def test_a_payload_comes_back_by_its_sha_256(self) -> None:
        async def scenario(artifacts: Artifacts) -> None:
            for size in SIZES:
                payload = payload_of(size)

                digest = await artifacts.put(payload)

                assert digest == hashlib.sha256(payload).hexdigest()
                assert artifacts.get(digest) == payload

        self.check(scenario)

    def test_storing_a_payload_again_changes_nothing(self) -> None:
        async def scenario(artifacts: Artifacts) -> None:
            for size in SIZES:
                payload = payload_of(size)

                digests = {await artifacts.put(payload), await artifacts.put(payload)}

                assert len(digests) == 1
                assert artifacts.get(digests.pop()) == payload

        self.check(scenario)

    def test_one_payload_may_be_stored_many_times_at_once(self) -> None:
        async def scenario(artifacts: Artifacts) -> None:
            payload = payload_of(PAYLOAD_BYTES_INLINE_MAX * 2)

            digests = await asyncio.gather(*[artifacts.put(payload) for _ in range(20)])

            assert len(set(digests)) == 1
            assert artifacts.get(digests[0]) == payload

        self.check(scenario)

    def test_an_unknown_digest_is_not_found(self) -> None:
        async def scenario(artifacts: Artifacts) -> None:
            await artifacts.put(b"something")
            for name in ("0" * 64, "", "no digest", "../../etc/passwd", "A" * 64):
                try:
                    artifacts.get(Digest(name))
                except NotFound as error:
                    assert error.name == name
                else:
                    raise AssertionError(f"{name!r} was found")

        self.check(scenario)

    def test_any_thread_may_get(self) -> None:
        async def scenario(artifacts: Artifacts) -> None:
            payloads = [payload_of(size) for size in SIZES]
            digests = [await artifacts.put(payload) for payload in payloads]

            got = await asyncio.gather(
                *[asyncio.to_thread(artifacts.get, digest) for digest in digests * 5]
            )

            assert got == payloads * 5

        self.check(scenario)
