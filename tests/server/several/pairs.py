"""Two servers on one PostgreSQL database, in one event loop, and sessions of the one or the other.

What concerns two processes and not their deaths shows here as well, and in a tenth of the time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, NamedTuple

import tenuto
from tests.server.api.served import Served, serving

SECONDS_MAX: Final = 40
KEY: Final = "a-key-of-tests-the-same-for-both-servers"


class Pair(NamedTuple):
    """The server that sessions are on, and the one that is asked about them."""

    home: Served
    other: Served


@contextlib.asynccontextmanager
async def two_servers(url: str, *flows: tenuto.Workflow, **settings: Any) -> AsyncIterator[Pair]:
    """Give two servers that have parted the sessions of the workflows between them."""
    settings.setdefault("durability", "wal")
    async with (
        serving(*flows, db=url, **settings) as first,
        serving(*flows, db=url, **settings) as second,
    ):
        for served in (first, second):
            sharing = served.service.runtime._engine.owning.sharing
            assert sharing is not None
            await until(lambda sharing=sharing: len(sharing.holdings.mine) == 32 * len(flows))
        yield Pair(first, second)


async def until(holds: Callable[[], Any]) -> None:
    """Return once it holds."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


async def started_at(served: Served, workflow: str, **asked: Any) -> str:
    """Return a session of the workflow that this server runs."""
    while True:
        path = f"/workflows/{workflow}/start"
        answer = await served.client.post(path, json=asked, timeout=20)
        assert answer.status_code in (200, 201, 202), answer.text
        session = str(answer.json()["id"])
        if served.service.runtime._engine.owning.runs(workflow, session):  # type: ignore[arg-type]
            return session


def run(work: Coroutine[Any, Any, None]) -> None:
    """Do it, and not for ever."""
    asyncio.run(asyncio.wait_for(work, SECONDS_MAX))
