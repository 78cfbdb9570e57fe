"""What the API says of a session whose call waits for a worker of a pool."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

import tenuto
from tenuto.core.accounts.principal import HOME
from tenuto.server.principal import Principal
from tests.server.api.served import Served, serving

GPU: Final = tenuto.Pool("gpu", concurrency=1)


class ByHeader:
    """Believes who asks."""

    async def authenticate(self, connection: Any) -> Principal:
        town = connection.headers.get("x-town", HOME)
        return Principal(organisation=town, user="ada", roles=("admin",))


async def hang(ctx: tenuto.Context) -> None:
    """Run until it is interrupted."""
    await asyncio.get_running_loop().create_future()


def hanging() -> tenuto.Workflow:
    flow = tenuto.Workflow("hanging", version="1")
    return flow.node("hang", function=hang, pool=GPU)


async def waits(served: Served, session: tenuto.Session, town: str) -> list[dict[str, Any]]:
    answer = await served.client.get(f"/sessions/{session.id}", headers={"x-town": town})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["waits"]
    return found


async def until_in_pool(served: Served, *, running: int, waiting: int) -> None:
    """Return when so many calls are in the pool."""
    pools = served.service.runtime.pools
    while not any(  # noqa: ASYNC110  # nobody tells of it
        (line.running, line.waiting) == (running, waiting) for line in await pools.lines()
    ):
        await asyncio.sleep(0)


def test_a_session_tells_that_no_worker_of_its_pool_is_there_and_how_to_start_one() -> None:
    async def main() -> None:
        async with serving(hanging(), serves=[]) as served:
            session = await served.service.runtime.start(hanging())
            await until_in_pool(served, running=0, waiting=1)
            (wait,) = await waits(served, session, HOME)
            assert wait["reason"] == "a worker of pool 'gpu', and none is there"
            assert (wait["by"], wait["node"], wait["task"]) == ("worker", "hang", 1)
            assert wait["commands"] == ["tenuto worker --pool gpu"]

    asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize(
    ("town", "reason"),
    [
        (HOME, "its turn in pool 'gpu', where 1 wait and 1 run"),
        ("ash", "its turn in pool 'gpu'"),
    ],
)
def test_how_much_all_others_have_in_the_pool_is_told_to_the_first_organisation_only(
    town: str, reason: str
) -> None:
    async def main() -> None:
        async with serving(hanging(), authenticator=ByHeader()) as served:
            runtime = served.service.runtime
            runs = await runtime.start(hanging(), tenant=town)
            await until_in_pool(served, running=1, waiting=0)
            session = await runtime.start(hanging(), tenant=town)
            await until_in_pool(served, running=1, waiting=1)
            assert await waits(served, runs, town) == []
            assert [wait["reason"] for wait in await waits(served, session, town)] == [reason]

    asyncio.run(asyncio.wait_for(main(), 20))
