"""Long sessions: opening their database again, and forking them."""

import asyncio
import statistics
import time
from pathlib import Path
from typing import Final

import tenuto
from bench import flows, raw
from bench.lab import Lab, Measured, median
from bench.table import Row, at_most, number
from tenuto.core.vocabulary import SessionId

ITEMS: Final = 1_000
FORKS: Final = 21


async def lived(runtime: tenuto.Runtime, *, events: int) -> SessionId:
    """Return a session that has at least `events` events, and waits."""
    items = min(ITEMS, events)
    flow = flows.long_life(rounds=max(1, round(events / (items * 1.006))), window=500)
    session = await runtime.start(flow, {"items": list(range(items))})
    await session.wait_until_idle()
    version = (await session.state()).version
    assert version >= events * 0.99, f"{version} events are too few"
    return session.id


def reopen(folder: Path, *, events: int, times: int) -> Measured:
    """Return the median time from opening the database to the session's state, in new runtimes."""
    url = f"sqlite:///{folder}/ours.db"

    async def build() -> SessionId:
        async with tenuto.open(url, durability="wal") as runtime:
            return await lived(runtime, events=events)

    async def look(session: SessionId) -> tuple[float, int]:
        began_s = time.perf_counter()
        async with tenuto.open(url) as runtime:
            state = await runtime.session(session).state()
            return time.perf_counter() - began_s, state.version

    session = asyncio.run(build())
    looks = [asyncio.run(look(session)) for _ in range(times)]
    return {
        "seconds": statistics.median(spent_s for spent_s, _ in looks),
        "events": looks[0][1],
    }


def fork(folder: Path, *, events: int) -> Measured:
    """Return median times of forking a session at its newest and at an early version."""

    async def main() -> Measured:
        async with tenuto.open(f"sqlite:///{folder}/ours.db") as runtime:
            session = runtime.session(await lived(runtime, events=events))
            version = (await session.state()).version
            newest_s, early_s = [], []
            for _ in range(FORKS):
                newest_s.append(await _timed_fork(session, version))
                early_s.append(await _timed_fork(session, version // 100))
        newest, early = statistics.median(newest_s), statistics.median(early_s)
        return {"newest_s": newest, "early_s": early, "events": version}

    return asyncio.run(main())


async def _timed_fork(session: tenuto.Session, version: int) -> float:
    began_s = time.perf_counter()
    other = await session.fork(at=version)
    spent_s = time.perf_counter() - began_s
    # Its own work must not run into the time of the next.
    await other.wait_until_idle()
    return spent_s


def long_logs(lab: Lab) -> list[Row]:
    """Measure figures 7 and 8."""
    events, few = lab.count(1_000_000, least=2_000), 1_000
    large = [lab.run(reopen, events=events, times=11)]
    small = [lab.run(reopen, events=few, times=11)]
    milliseconds = median(large, "seconds") * 1000
    times = milliseconds / (median(small, "seconds") * 1000)
    forked = lab.count(100_000, least=2_000)
    forks, disk = lab.in_turns(
        (fork, {"events": forked}), (raw.commits, {"rows": 200, "payload_bytes": 120})
    )
    commit_ms = 1000 / median(disk, "per_s")
    newest, early = median(forks, "newest_s") * 1000, median(forks, "early_s") * 1000
    return [
        Row(
            figure=f"reopen a session of {large[0]['events']:,.0f} events, and read its state",
            ours=number(milliseconds, "ms"),
            beside=f"one of {few:,} events: {number(median(small, 'seconds') * 1000, 'ms')}",
            ratio=f"{times:.2f} x",
            bar="<= 100 ms",
            aim="20 ms",
            verdict=at_most(milliseconds, bar=100, aim=20),
        ),
        Row(
            figure=f"fork a session of {forks[0]['events']:,.0f} events at its newest version",
            ours=number(newest, "ms"),
            beside=f"one raw commit: {number(commit_ms, 'ms')}",
            ratio=f"{newest / commit_ms:.1f} x",
            bar="<= 10 ms",
            aim="O(1), copy nothing",
            verdict=at_most(newest, bar=10, aim=10),
        ),
        Row(
            figure="... at a version a hundredth of the way",
            ours=number(early, "ms"),
            beside=f"one raw commit: {number(commit_ms, 'ms')}",
            ratio=f"{early / commit_ms:.1f} x",
            bar="<= 10 ms",
            aim="O(1), copy nothing",
            verdict=at_most(early, bar=10, aim=10),
        ),
    ]
