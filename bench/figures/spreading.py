"""A map over many trivial tasks, then a join."""

import asyncio
import resource
import sys
import time
from pathlib import Path
from typing import Final

import tenuto
from bench import flows, machine, peer
from bench.lab import Lab, Measured, median
from bench.table import Row, at_most, number

WINDOW: Final = 1_000
PEER_ITEMS: Final = 3_000


def map_and_join(folder: Path, *, items: int) -> Measured:
    """Return the seconds from start to result, and the peak of resident memory of the process."""

    idle_bytes: list[float] = []

    async def main() -> float:
        async with tenuto.open(f"sqlite:///{folder}/ours.db", concurrency=WINDOW) as runtime:
            idle_bytes.append(peak_bytes())
            began_s = time.perf_counter()
            inputs = {"items": list(range(items))}
            session = await runtime.start(flows.fan_out(window=WINDOW), inputs)
            output = await session.result()
            spent_s = time.perf_counter() - began_s
        assert output == items * (items - 1), "every item was doubled"
        return spent_s

    spent_s = asyncio.run(main())
    return {
        "seconds": spent_s,
        "per_s": items / spent_s,
        "peak_bytes": peak_bytes(),
        "idle_bytes": idle_bytes[0],
    }


def peak_bytes() -> float:
    """Return the most memory that this process ever had resident."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) if sys.platform == "darwin" else peak * 1024.0


def spreading(lab: Lab) -> list[Row]:
    """Measure figure 5."""
    items, theirs = lab.count(100_000, least=200), lab.count(PEER_ITEMS, least=30)
    if machine.peer_is_here():
        ours, others = lab.in_turns(
            (map_and_join, {"items": items}), (peer.map_and_join, {"items": theirs})
        )
        beside = f"LangGraph, Send of {theirs:,}: {number(median(others, 'seconds'), 's')}"
        times = f"{median(ours, 'per_s') / median(others, 'per_s'):.1f} x its tasks/s"
    else:
        (ours,) = lab.in_turns((map_and_join, {"items": items}))
        smaller = lab.run(map_and_join, items=max(20, items // 10))
        beside = f"a tenth of the items: {number(smaller['seconds'], 's')}"
        times = f"{median(ours, 'per_s') / smaller['per_s']:.2f} x its tasks/s"
    seconds, peak = median(ours, "seconds"), median(ours, "peak_bytes") / 1e6
    idle = median(ours, "idle_bytes") / 1e6
    verdict = at_most(seconds, bar=15, aim=5)
    return [
        Row(
            figure=f"map over {items:,} trivial tasks, then join",
            ours=number(seconds, "s"),
            beside=beside,
            ratio=times,
            bar="completes, <= 15 s",
            aim="5 s",
            verdict=verdict,
        ),
        Row(
            figure="... peak of resident memory",
            ours=number(peak, "MB"),
            beside=f"the same process before the start: {number(idle, 'MB')}",
            ratio=f"{peak / idle:.1f} x",
            bar="<= 300 MB",
            aim="",
            verdict="passes" if peak <= 300 else "FAILS",
        ),
    ]
