"""Definitions are stored once, however many sessions begin with them at the same moment."""

import asyncio

import pytest

import tenuto
from tenuto.adapters.cel import CelExpressions
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import Digest
from tenuto.runtime.programs import Programs


class SlowArtifacts:
    """Artifacts that are stored when the test says so, or fail."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.may_go_on = asyncio.Event()
        self.fault: StoreUnavailable | None = None

    async def put(self, payload: bytes) -> Digest:
        self.payloads.append(payload)
        await self.may_go_on.wait()
        if self.fault is not None:
            raise self.fault
        return Digest("")

    def get(self, digest: Digest) -> bytes:
        raise NotImplementedError


def flow() -> tenuto.Workflow:
    made = tenuto.Workflow("waits", version="1")
    made.node("ask", wait="go")
    return made


def test_many_that_begin_at_once_store_a_definition_once() -> None:
    async def main() -> None:
        artifacts = SlowArtifacts()
        programs = Programs(CelExpressions(), artifacts)
        definition = flow().definition()
        adding = [asyncio.create_task(programs.add(definition, "acme")) for _ in range(5)]
        await asyncio.sleep(0)
        adding[0].cancel()
        await asyncio.sleep(0)
        assert not any(one.done() for one in adding[1:]), "it is not stored yet"

        artifacts.may_go_on.set()
        await asyncio.gather(*adding[1:])
        await programs.add(definition, "acme")

        assert len(artifacts.payloads) == 1

    asyncio.run(main())


def test_a_definition_that_could_not_be_stored_is_stored_by_whoever_comes_next() -> None:
    async def main() -> None:
        artifacts = SlowArtifacts()
        artifacts.may_go_on.set()
        artifacts.fault = StoreUnavailable("The disk is full.")
        programs = Programs(CelExpressions(), artifacts)
        definition = flow().definition()
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await programs.add(definition, "acme")

        artifacts.fault = None
        await programs.add(definition, "acme")

        assert len(artifacts.payloads) == 3

    asyncio.run(main())
