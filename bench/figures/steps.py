"""Durable steps per second: many sessions at once, and one by itself."""

import asyncio
import sqlite3
import time
from pathlib import Path

import tenuto
from bench import flows, machine, peer, raw
from bench.lab import Lab, Measured, median, ratio
from bench.table import Row, at_least, number


def many_sessions(folder: Path, *, sessions: int) -> Measured:
    """Return steps per second of `sessions` at once, of 5 to 10 steps each, until all ended."""

    return {"per_s": asyncio.run(steps_per_s(f"sqlite:///{folder}/ours.db", sessions))}


async def steps_per_s(url: str, sessions: int) -> float:
    """Return steps per second of sessions of 5 to 10 steps in a new database."""
    chains = [flows.chain(nodes) for nodes in range(5, 11)]

    async def carry_out(count: int) -> list[tenuto.Session]:
        started = await asyncio.gather(*[runtime.start(chains[n % 6]) for n in range(count)])
        await asyncio.gather(*[session.result() for session in started])
        return started

    async with tenuto.open(url, durability="sync") as runtime:
        await carry_out(min(sessions, flows.WARMING_SESSIONS))
        began_s = time.perf_counter()
        started = await carry_out(sessions)
        spent_s = time.perf_counter() - began_s
        state = await started[-1].state()
        assert state.values["count"] == 5 + (sessions - 1) % 6, "every step was done"
    return sum(5 + n % 6 for n in range(sessions)) / spent_s


def one_session(folder: Path, *, steps: int) -> Measured:
    """Return steps per second of one session, and the mean bytes of its commits."""

    async def main() -> float:
        async with tenuto.open(f"sqlite:///{folder}/ours.db", durability="sync") as runtime:
            began_s = time.perf_counter()
            session = await runtime.start(flows.counting_loop(steps))
            await session.result()
            spent_s = time.perf_counter() - began_s
            assert (await session.state()).values["count"] == steps, "every step was done"
        return steps / spent_s

    per_s = asyncio.run(main())
    log = sqlite3.connect(folder / "ours.db")
    ((mean_bytes,),) = log.execute("SELECT avg(length(payload)) FROM commits")
    log.close()
    return {"per_s": per_s, "payload_bytes": mean_bytes}


def many(lab: Lab) -> list[Row]:
    """Measure figure 1 of the issue's table."""
    sessions = lab.count(1_000, least=10)
    if not machine.peer_is_here():
        return []
    ours, theirs = lab.in_turns(
        (many_sessions, {"sessions": sessions}), (peer.many_sessions, {"sessions": sessions})
    )
    times = ratio(ours, theirs, "per_s")
    return [
        Row(
            figure=f"durable steps/s, {sessions:,} sessions of 5 to 10 steps at once, `sync`",
            ours=number(median(ours, "per_s")),
            beside=f"LangGraph AsyncSqliteSaver, same graph: {number(median(theirs, 'per_s'))}",
            ratio=f"{times:.1f} x",
            bar=">= 25 x",
            aim=">= 45 x",
            verdict=at_least(times, bar=25, aim=45),
        )
    ]


def one(lab: Lab) -> list[Row]:
    """Measure figure 2: the same number of steps and of raw commits of the same size."""
    steps = lab.count(2_000, least=20)
    size = round(lab.run(one_session, steps=steps)["payload_bytes"])
    ours, disk = lab.in_turns(
        (one_session, {"steps": steps}),
        (raw.commits, {"rows": steps, "payload_bytes": size}),
        rounds=2 * lab.rounds + 1,
    )
    share = ratio(ours, disk, "per_s")
    return [
        Row(
            figure=f"durable steps/s, one session, loop of {steps:,} steps, `sync`",
            ours=number(median(ours, "per_s")),
            beside=f"raw commits of one row of {size} bytes: {number(median(disk, 'per_s'))}",
            ratio=f"{share:.0%}",
            bar=">= 60 %",
            aim="90 %",
            verdict=at_least(share, bar=0.60, aim=0.90),
        )
    ]
