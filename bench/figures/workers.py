"""Several processes on one PostgreSQL database: what a second one brings, and how far work is from
who starts it."""

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import tenuto
from bench.figures.parking import parked_sessions
from bench.figures.sharing import address, fresh
from bench.lab import ROOT, Lab, Measured, median, ratio
from bench.table import Row, at_least, at_most, number
from scripts import postgres
from tenuto.ports.pools import PoolCall

CONCURRENCY: Final = 8
"""Calls at once in each worker: what the work waits for is the bound, not the processor."""
WAIT_S: Final = 0.01
READY_S_MAX: Final = 10.0


async def waits(ctx: tenuto.Context) -> dict[str, float]:
    """Wait, as for a service, and tell when it was."""
    began_s = time.time()
    await asyncio.sleep(WAIT_S)
    return {"began_s": began_s, "ended_s": time.time(), "worker": float(os.getpid())}


flow: Final = tenuto.Workflow("waits", output="outputs.wait")
flow.node("wait", function=waits)

pooled: Final = tenuto.Workflow("pooled", output="outputs.wait")
pooled.node("wait", function=waits, pool=tenuto.Pool("hops"))


@contextlib.contextmanager
def _workers(url: str, count: int, *what: str) -> Iterator[None]:
    """Have so many workers run, each with room for a few calls."""
    what = what or (f"{__name__}:flow", "--concurrency", str(CONCURRENCY))
    made = [
        subprocess.Popen(
            [sys.executable, "-m", "tenuto.cli", "worker", *what, "--db", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in range(count)
    ]
    try:
        for one in made:
            assert one.stderr is not None
            # It says when it works.
            one.stderr.readline()
        yield
    finally:
        for one in made:
            one.kill()
            one.communicate()


async def _outcomes(runtime: tenuto.Runtime, sessions: int) -> list[dict[str, Any]]:
    started = await asyncio.gather(*[runtime.start(flow) for _ in range(sessions)])
    found = await asyncio.gather(*[session.result(120) for session in started])
    return [one for one in found if isinstance(one, dict)]


async def _ready(runtime: tenuto.Runtime, count: int) -> None:
    """Return when all workers do their part."""
    async with asyncio.timeout(READY_S_MAX):
        while True:
            found = Counter(one["worker"] for one in await _outcomes(runtime, 16 * count))
            if len(found) == count and min(found.values()) * 3 > max(found.values()):
                return


def working(folder: Path, *, sessions: int, workers: int, url: str) -> Measured:
    """Return calls that waited per second in all of `workers`, and how many ran at once in one."""

    async def main(at: str) -> Measured:
        async with tenuto.open(at, hold=True) as runtime:
            await _ready(runtime, workers)
            outcomes = await _outcomes(runtime, sessions)
        spent_s = max(one["ended_s"] for one in outcomes) - min(one["began_s"] for one in outcomes)
        return {"per_s": sessions / spent_s, "at_once": float(_most_at_once(outcomes))}

    at = fresh(url)
    asyncio.run(_make(at))
    with _workers(at, workers):
        return asyncio.run(main(at))


def hops(folder: Path, *, sessions: int, url: str) -> Measured:
    """Return milliseconds from a session's start being asked for to its first call in another
    process: the median, and the 99th percentile."""

    async def main(at: str) -> Measured:
        async with tenuto.open(at, hold=True) as runtime:
            await _ready(runtime, 1)
            found: list[float] = []
            for _ in range(sessions):
                asked_s = time.time()
                session = await runtime.start(flow)
                outcome = await session.result(30)
                assert isinstance(outcome, dict), "it says when it began"
                found.append((float(str(outcome["began_s"])) - asked_s) * 1e3)
        found.sort()
        return {"p50_ms": statistics.median(found), "p99_ms": found[int(len(found) * 0.99)]}

    at = fresh(url)
    asyncio.run(_make(at))
    with _workers(at, 1):
        return asyncio.run(main(at))


def call_hops(folder: Path, *, calls: int, url: str) -> Measured:
    """Return milliseconds from a call being put in a pool to its beginning in a worker in another
    process: the median, and the 99th percentile."""

    async def main(at: str) -> Measured:
        put_s: list[float] = []
        found: list[float] = []
        async with tenuto.open(at, serves=[]) as runtime:
            sides = runtime._engine.pools
            assert sides is not None, "an open database has them"
            kept = sides.pooling._calls
            put = kept.put

            async def timed(calls: Sequence[PoolCall]) -> None:
                put_s.append(time.time())
                await put(calls)

            kept.put = timed  # type: ignore[method-assign]  # what is measured is said once
            for number in range(calls + 10):
                session = await runtime.start(pooled)
                outcome = await session.result(30)
                assert isinstance(outcome, dict), "it says when it began"
                if number >= 10:
                    found.append((float(str(outcome["began_s"])) - put_s[-1]) * 1e3)
        found.sort()
        return {"p50_ms": statistics.median(found), "p99_ms": found[int(len(found) * 0.99)]}

    at = fresh(url)
    asyncio.run(_make(at))
    with _workers(at, 1, "--pool", "hops", "--only-pools"):
        return asyncio.run(main(at))


async def _make(url: str) -> None:
    async with tenuto.open(url):
        pass


def _most_at_once(outcomes: Sequence[dict[str, Any]]) -> int:
    """Return how many calls one worker had at once."""
    most = 0
    for worker in {one["worker"] for one in outcomes}:
        mine = [one for one in outcomes if one["worker"] == worker]
        moments = sorted(
            [(one["began_s"], 1) for one in mine] + [(one["ended_s"], -1) for one in mine]
        )
        now = 0
        for _, change in moments:
            now += change
            most = max(most, now)
    return most


def workers(lab: Lab) -> list[Row]:
    """Measure what several processes do, where there is PostgreSQL."""
    if postgres.fault():
        return []
    sessions, parked_count = lab.count(1_000, least=20), lab.count(100_000, least=50)
    with address() as url:
        two, one = lab.in_turns(
            (working, {"sessions": sessions, "workers": 2, "url": url}),
            (working, {"sessions": sessions, "workers": 1, "url": url}),
        )
        hop = lab.run(hops, sessions=lab.count(300, least=10), url=url)
        call_hop = lab.run(call_hops, calls=lab.count(300, least=10), url=url)
        wakes = lab.count(200, least=5)
        rest = lab.run(parked_sessions, sessions=parked_count, wakes=wakes, url=fresh(url))
    times = ratio(two, one, "per_s")
    at_once = max(run["at_once"] for run in [*two, *one])
    return [
        Row(
            figure=f"two workers on {sessions:,} calls that wait 10 ms, {CONCURRENCY} at once each",
            ours=f"{number(median(two, 'per_s'))}/s",
            beside=f"one worker: {number(median(one, 'per_s'))}/s",
            ratio=f"{times:.2f} x",
            bar=">= 1.6 x",
            verdict=at_least(times, bar=1.6, aim=1.9),
        ),
        Row(
            figure="... calls at once in a worker, at most",
            ours=number(at_once),
            beside=f"its limit: {CONCURRENCY}",
            ratio=f"{at_once / CONCURRENCY:.2f} of it",
            bar="<= its limit",
            verdict=at_most(at_once, bar=CONCURRENCY, aim=CONCURRENCY),
        ),
        _within("from a start to its first call in another process, p50", hop["p50_ms"], 10, 5),
        _within("... p99", hop["p99_ms"], 50, 20),
        _within(
            "from a call put in a pool to a worker in another process, p50",
            call_hop["p50_ms"],
            10,
            5,
        ),
        _within("... p99", call_hop["p99_ms"], 50, 20),
        _within(
            f"{parked_count:,} sessions parked in PostgreSQL: resident memory of each",
            rest["bytes"] / 1024,
            0.1,
            0.1,
            unit="KB",
        ),
        _within("... waking one, p99", rest["wake_p99_s"] * 1e3, 50, 20),
    ]


def _within(figure: str, ours: float, bar: float, aim: float, *, unit: str = "ms") -> Row:
    """Return a figure that the issue bounds."""
    return Row(
        figure=figure,
        ours=number(ours, unit),
        beside="the bar of the issue",
        ratio=f"{ours / bar:.2f} of it",
        bar=f"<= {bar:g} {unit}",
        aim=f"{aim:g} {unit}",
        verdict=at_most(ours, bar=bar, aim=aim),
    )
