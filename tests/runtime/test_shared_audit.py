"""Checkpoints of a database that several processes share: one takes them, in one chain."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

import tenuto
from tenuto import Runtime
from tenuto.core.audit.checkpoints import ACTION
from tenuto.ports.ledger import Entry, EntryQuery
from tenuto.runtime.auditing import Audit, Checkpointer
from tenuto.testing.contracts.ledger.case import action
from tests.postgres import fresh_database, needs_postgres
from tests.runtime.places import run

pytestmark = needs_postgres

SETTINGS: Any = {"durability": "wal", "audit": Audit(entries=1, seconds=1_000.0)}


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Counter[Checkpointer]:
    """Return how many checkpoints each process took."""
    monkeypatch.setattr("tenuto.runtime.auditing.LOOK_S", 0.01)
    found, take = Counter[Checkpointer](), Checkpointer.take

    async def counted(maker: Checkpointer) -> Entry | None:
        entry = await take(maker)
        found[maker] += entry is not None
        return entry

    monkeypatch.setattr(Checkpointer, "take", counted)
    return found


async def enter(*runtimes: Runtime) -> None:
    """Have each of them enter something, and return once a checkpoint covers it."""
    for runtime in runtimes:
        assert runtime.ledger is not None
        (entry,) = await runtime.ledger.append([action()])
        async with asyncio.timeout(10):
            query = EntryQuery(actions=(ACTION,), after=entry.number, limit=1)
            while not await runtime.ledger.entries(query):
                pass


def test_one_process_takes_the_checkpoints_of_all_and_another_one_when_it_has_gone(
    url: str, taken: Counter[Checkpointer]
) -> None:
    async def main() -> None:
        async with AsyncExitStack() as rest, AsyncExitStack() as first:
            one = await first.enter_async_context(tenuto.open(url, **SETTINGS))
            two = await rest.enter_async_context(tenuto.open(url, **SETTINGS))
            await enter(one, two, one, two)
            assert len(taken) == 1
            before = dict(taken)

            await first.aclose()
            await enter(two)

            assert len(taken) == 2
            verified = await two.audit.verify()  # type: ignore[union-attr]
            assert not verified.faults
            assert verified.checkpoints == sum(taken.values()) > sum(before.values())

    run(main())


def test_two_who_both_mean_to_take_them_take_them_in_one_chain(
    url: str, taken: Counter[Checkpointer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.runtime.seat.Seat.leads", lambda seat, duty: True)

    async def main() -> None:
        async with tenuto.open(url, **SETTINGS) as one, tenuto.open(url, **SETTINGS) as two:
            await asyncio.gather(*[enter(one, two, one) for _ in range(3)])
            verified = await one.audit.verify()  # type: ignore[union-attr]
            assert not verified.faults
            assert verified.checkpoints >= 3

    run(main())
