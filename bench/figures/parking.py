"""Sessions that wait for a signal: what each keeps in memory, and how quickly one is awake."""

import asyncio
import gc
import statistics
import time
from pathlib import Path
from typing import Final

import tenuto
from bench import flows
from bench.lab import Lab, Measured, median
from bench.table import Row, at_most, number

AT_ONCE: Final = 500
WAKES: Final = 200


def parked_sessions(folder: Path, *, sessions: int, wakes: int, url: str = "") -> Measured:
    """Return resident bytes per parked session, and the time from signal to result: the median, and
    the 99th percentile. Without `url` they are in a file."""

    async def main() -> Measured:
        flow = flows.parked()
        at = url or f"sqlite:///{folder}/ours.db"
        async with tenuto.open(at, durability="wal") as runtime:
            await _park(runtime, flow, AT_ONCE)
            before = _resident_bytes()
            ids = await _park(runtime, flow, sessions)
            after = _resident_bytes()
            woken_s = []
            for id in ids[:: max(1, len(ids) // wakes)]:
                session = runtime.session(id)
                began_s = time.perf_counter()
                await session.signal("reply", {"text": "yes"})
                await session.result()
                woken_s.append(time.perf_counter() - began_s)
        return {
            "bytes": max(0.0, after - before) / sessions,
            "wake_s": statistics.median(woken_s),
            "wake_p99_s": sorted(woken_s)[int(len(woken_s) * 0.99)],
        }

    return asyncio.run(main())


def waiting_tasks(folder: Path, *, sessions: int) -> Measured:
    """Return resident bytes per task of the event loop that waits for a future, by itself."""

    async def wait(name: str, answer: "asyncio.Future[None]") -> None:
        await answer

    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = _resident_bytes()
        futures = [loop.create_future() for _ in range(sessions)]
        tasks = [loop.create_task(wait(f"user-{n}", future)) for n, future in enumerate(futures)]
        await asyncio.sleep(0)
        after = _resident_bytes()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return max(0.0, after - before) / sessions

    return {"bytes": asyncio.run(main())}


async def _park(runtime: tenuto.Runtime, flow: tenuto.Workflow, sessions: int) -> list[str]:
    ids: list[str] = []
    while len(ids) < sessions:
        room = min(AT_ONCE, sessions - len(ids))
        names = [f"user-{len(ids) + n}" for n in range(room)]
        started = await asyncio.gather(*[runtime.start(flow, {"name": name}) for name in names])
        await asyncio.gather(*[session.wait_until_idle() for session in started])
        ids += [session.id for session in started]
    return ids


def _resident_bytes() -> float:
    """Return the memory that is resident now. Source: proc(5), /proc/pid/statm, in pages."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096.0


def parking(lab: Lab) -> list[Row]:
    """Measure figure 6."""
    sessions = lab.count(10_000, least=50)
    ours, tasks = lab.in_turns(
        (parked_sessions, {"sessions": sessions, "wakes": lab.count(WAKES, least=5)}),
        (waiting_tasks, {"sessions": sessions}),
    )
    each, bare = median(ours, "bytes") / 1024, median(tasks, "bytes") / 1024
    return [
        Row(
            figure=f"{sessions:,} parked sessions: resident memory per session",
            ours=number(each, "KB"),
            beside=f"a bare waiting asyncio task: {number(bare, 'KB')}",
            ratio=f"{each / bare:.2f} x" if bare else "-",
            bar="<= 10 KB",
            aim="0 (not loaded)",
            verdict=at_most(each, bar=10, aim=0.1),
        ),
        Row(
            figure="... waking one: from signal to its result, three commits",
            ours=number(median(ours, "wake_s") * 1000, "ms"),
            beside="",
            ratio="",
        ),
    ]
