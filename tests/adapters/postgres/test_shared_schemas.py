"""What holds in every schema, and when one of several processes stops in the midst of something."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

import tenuto
from tenuto.adapters.postgres.connection import connect_to
from tenuto.ports.membership import LEASE_MS
from tests.postgres import fresh_database, needs_postgres

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def test_processes_share_schemas_of_any_name(url: str) -> None:
    async def two_on(schema: str) -> int:
        place = f"{url}?schema={schema}"
        async with tenuto.open(place) as one, tenuto.open(place) as two:
            for runtime in (one, two):
                assert runtime._engine.owning.sharing is not None
                await runtime._engine.owning.sharing.look()
            assert two._engine.owning.sharing is not None
            return len(two._engine.owning.sharing.seat.survey.members)

    with psycopg.connect(url) as connection:
        names = [f"s{n}" for n in range(20)]
        hashes = [
            connection.execute("SELECT hashtext('tenuto member ' || %s)", (name,)).fetchone()
            for name in names
        ]
    # Numbers of locks are told without a sign.
    negative = [name for name, found in zip(names, hashes, strict=True) if found and found[0] < 0]
    assert asyncio.run(two_on(negative[0])) == 2


def test_a_process_that_stops_within_a_transaction_keeps_nobody_waiting_for_longer_than_a_lease(
    url: str,
) -> None:
    flow = tenuto.Workflow("waiting")
    flow.node("wait", wait="go")

    async def main() -> None:
        async with tenuto.open(url, workflows=[flow]) as runtime:
            stopped = connect_to(url, durability="sync", readonly=False, idle_ms_max=200)
            usual = connect_to(url, durability="sync", readonly=False)
            try:
                stopped.execute("BEGIN")
                stopped.execute("SELECT position FROM log FOR UPDATE")
                async with asyncio.timeout(10):
                    await runtime.start(flow)
                name = "idle_in_transaction_session_timeout"
                ((idle,),) = usual.execute(
                    f"SELECT setting::INTEGER FROM pg_settings WHERE name = '{name}'"
                ).fetchall()
                assert 0 < idle < LEASE_MS
            finally:
                stopped.close()
                usual.close()

    asyncio.run(main())
