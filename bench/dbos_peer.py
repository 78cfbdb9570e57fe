"""DBOS on PostgreSQL, doing what `bench.flows.chain` does.

As its documentation shows it: a workflow and its step are coroutines with its decorators, and
invocations are gathered. They are called, not queued: a queue adds writes and a poll of a second.
Its pool has the 20 connections of its default; 50 made it slower here. Nothing leaves the machine:
its tracing is off by default, and without a key it looks for no service.
"""

import asyncio
import time
from typing import Any, Final

from bench.flows import WARMING_SESSIONS
from bench.peer import module

POOL: Final = 20


def chain(dbos: Any) -> Any:
    """Return a workflow that takes as many steps as it is told."""

    @dbos.step()  # type: ignore[untyped-decorator]
    async def count(at: int) -> int:
        return at + 1

    @dbos.workflow()  # type: ignore[untyped-decorator]
    async def counting(nodes: int) -> int:
        found = 0
        for _ in range(nodes):
            found = await count(found)
        return found

    return counting


def steps_per_s(url: str, sessions: int) -> float:
    """Return steps per second of workflows at once, of 5 to 10 steps, in a schema of their own."""
    dbos = module("dbos").DBOS
    config = {
        "name": "bench",
        "system_database_url": url.replace("postgresql://", "postgresql+psycopg://", 1),
        "dbos_system_schema": f"dbos{time.time_ns()}",
        "sys_db_pool_size": POOL,
        "log_level": "ERROR",
        "enable_otlp": False,
    }
    dbos(config=config)
    workflow = chain(dbos)
    dbos.launch()
    try:
        return asyncio.run(_timed(workflow, sessions))
    finally:
        dbos.destroy(destroy_registry=True)


async def _timed(workflow: Any, sessions: int) -> float:
    warming = range(min(sessions, WARMING_SESSIONS))
    await asyncio.gather(*[workflow(5 + n % 6) for n in warming])
    began_s = time.perf_counter()
    done = await asyncio.gather(*[workflow(5 + n % 6) for n in range(sessions)])
    spent_s = time.perf_counter() - began_s
    steps: int = sum(done)
    assert steps == sum(5 + n % 6 for n in range(sessions)), "every step was done"
    return steps / spent_s
