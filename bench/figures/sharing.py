"""PostgreSQL in place of the file: the store by itself, and durable steps, on one server."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from bench import dbos_peer, machine, peer, store
from bench.figures.steps import steps_per_s
from bench.lab import Lab, Measured, median, ratio
from bench.table import Row, at_least, number
from scripts import postgres
from scripts.postgres_server import Server, database
from tenuto.cli.collecting import collecting_rarely

CONNECTIONS: Final = 16
"""Of the rival's pool; more did not make it quicker here."""


@contextlib.contextmanager
def address() -> Iterator[str]:
    """Give an empty database on a server of its own, which syncs as PostgreSQL does by default."""
    with Server() as server:
        server.start()
        with database(server.url, server.admin_url) as url:
            yield url


def raw_commits(folder: Path, *, rows: int, url: str) -> Measured:
    """Return single-row transactions per second of one connection, with a prepared statement."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
        connection.execute("DROP TABLE IF EXISTS raw")
        connection.execute("CREATE TABLE raw(id BIGSERIAL PRIMARY KEY, payload BYTEA)")

        def commit(count: int) -> None:
            for _ in range(count):
                connection.execute("INSERT INTO raw(payload) VALUES (%b)", (store.PAYLOAD,))

        commit(store.WARMING_COMMITS)
        began_s = time.perf_counter()
        commit(rows)
        return {"per_s": rows / (time.perf_counter() - began_s)}


def appends(folder: Path, *, sessions: int, each: int, url: str) -> Measured:
    """Return appends per second of many sessions at once, each waiting for its own."""
    return {"per_s": store.postgres_per_s(fresh(url), sessions=sessions, each=each)}


def ours(folder: Path, *, sessions: int, url: str) -> Measured:
    """Return durable steps per second of `sessions` at once, of 5 to 10 steps each, in a process
    that collects garbage as `tenuto worker` and `tenuto serve` do."""
    with collecting_rarely():
        return {"per_s": asyncio.run(steps_per_s(fresh(url), sessions))}


def theirs(folder: Path, *, sessions: int, url: str) -> Measured:
    """Return the same of LangGraph with its PostgreSQL saver on a pool of connections, in a process
    that collects garbage as ours does."""

    async def main() -> float:
        async with saver(url) as saved:
            return await peer.steps_per_s(saved, sessions)

    with collecting_rarely():
        return {"per_s": asyncio.run(main())}


def dbos(folder: Path, *, sessions: int, url: str) -> Measured:
    """Return the same of DBOS."""
    return {"per_s": dbos_peer.steps_per_s(url, sessions)}


@contextlib.asynccontextmanager
async def saver(url: str) -> AsyncIterator[Any]:
    """Give the rival's saver, its tables emptied."""
    rows = peer.module("psycopg.rows")
    pool = peer.module("psycopg_pool").AsyncConnectionPool(
        url,
        open=False,
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": rows.dict_row},
    )
    async with pool:
        made = peer.module("langgraph.checkpoint.postgres.aio").AsyncPostgresSaver(pool)
        await made.setup()
        async with pool.connection() as connection:
            await connection.execute("TRUNCATE checkpoints, checkpoint_blobs, checkpoint_writes")
        yield made


def fresh(url: str) -> str:
    """Return the address of a schema that nobody has used yet."""
    return f"{url}?schema=s{time.time_ns()}"


def sharing(lab: Lab) -> list[Row]:
    """Measure PostgreSQL, where there is one."""
    if postgres.fault():
        return []
    rows, sessions = lab.count(1_000, least=20), lab.count(1_000, least=10)
    with address() as url:
        one, raw = lab.in_turns(
            (appends, {"sessions": 1, "each": rows, "url": url}),
            (raw_commits, {"rows": rows, "url": url}),
            rounds=2 * lab.rounds + 1,
        )
        table = [
            Row(
                figure="PostgreSQL: appends/s of one session, `sync`",
                ours=number(median(one, "per_s")),
                beside=f"raw commits of one row: {number(median(raw, 'per_s'))}",
                ratio=f"{ratio(one, raw, 'per_s'):.0%}",
                bar=">= 50 %",
                verdict=at_least(ratio(one, raw, "per_s"), bar=0.5, aim=0.8),
            )
        ]
        if machine.postgres_peer_is_here():
            name = "LangGraph AsyncPostgresSaver, same graph"
            table.append(_beside(lab, theirs, name=name, bar=30, asked=(sessions, url)))
        if machine.dbos_is_here():
            name = "DBOS, same chains as workflows of steps"
            table.append(_beside(lab, dbos, name=name, bar=20, asked=(sessions, url)))
    return table


def _beside(
    lab: Lab, rival: Callable[..., Measured], *, name: str, bar: int, asked: tuple[int, str]
) -> Row:
    sessions, url = asked
    given: dict[str, int | float | str | bool] = {"sessions": sessions, "url": url}
    we, they = lab.in_turns((ours, given), (rival, given))
    times = ratio(we, they, "per_s")
    return Row(
        figure=f"... durable steps/s, {sessions:,} sessions of 5 to 10 steps at once",
        ours=number(median(we, "per_s")),
        beside=f"{name}: {number(median(they, 'per_s'))}",
        ratio=f"{times:.1f} x",
        bar=f">= {bar} x",
        verdict=at_least(times, bar=bar, aim=bar * 3 / 2),
    )
