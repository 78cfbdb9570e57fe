"""From a commit that is acknowledged to the subscribers who follow its session in the process."""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path

import tenuto
from bench import flows
from bench.lab import Lab, Measured, median
from bench.table import Row, at_most, number
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.bootstrap.opening import OpenRuntime
from tenuto.bootstrap.places import Place
from tenuto.core.vocabulary import Position, SessionId
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import Commit, EventStore


class Bell:
    """Notes when commits are acknowledged, and hands that moment to plain queues as well."""

    def __init__(self) -> None:
        self.rung_s: dict[tuple[SessionId, int], float] = {}
        self.queues: dict[SessionId, list[asyncio.Queue[float]]] = {}

    def ring(self, commit: Commit) -> None:
        now_s = time.perf_counter()
        for version in range(commit.expected + 1, commit.expected + commit.count + 1):
            self.rung_s[commit.session, version] = now_s
        for queue in self.queues.get(commit.session, ()):
            queue.put_nowait(now_s)


class RingingStore(SqliteEventStore):
    """The store, telling a bell of each commit at the moment when its answer is given."""

    bell: Bell

    def append(self, commit: Commit) -> Awaitable[Position]:  # type: ignore[override]  # the port's type
        receipt = super().append(commit)
        settle = receipt.settle

        def ring_and_settle(answer: Position | Exception) -> None:
            self.bell.ring(commit)
            settle(answer)

        receipt.settle = ring_and_settle  # type: ignore[method-assign]  # for this receipt only
        return receipt


class RingingRuntime(OpenRuntime):
    """Opens a runtime on such a store."""

    bell: Bell

    async def _open_store(self, place: Place) -> tuple[EventStore, Artifacts]:
        store = await RingingStore.open(place.path)
        assert isinstance(store, RingingStore), "open makes one of the class it is called on"
        store.bell = self.bell
        return store, store.artifacts


def fan_out(folder: Path, *, sessions: int, subscribers: int, steps: int) -> Measured:
    """Return the 99th percentiles, in seconds, of events to subscribers and of bare queues.

    `sessions` are busy at once, each with steps one after the other; `subscribers` follow one each
    (the first ones), and as many tasks wait on a plain queue for the same commits."""
    bell = Bell()
    opening = RingingRuntime(f"sqlite:///{folder}/ours.db", {})
    opening.bell = bell
    delays_s: list[float] = []
    bare_s: list[float] = []
    followed_s = float("inf")

    async def follow(session: tenuto.Session) -> None:
        async for stored in session.events():
            now_s = time.perf_counter()
            rung_s = bell.rung_s.get((stored.session, stored.version))
            # What was committed before anyone followed is read from the log, not live.
            if rung_s is not None and rung_s > followed_s:
                delays_s.append(now_s - rung_s)

    async def listen(queue: "asyncio.Queue[float]") -> None:
        while True:
            rung_s = await queue.get()
            bare_s.append(time.perf_counter() - rung_s)

    async def main() -> None:
        nonlocal followed_s
        async with opening as runtime:
            flow = flows.counting_loop(steps)
            started = await asyncio.gather(*[runtime.start(flow) for _ in range(sessions)])
            chosen = [started[n % sessions] for n in range(subscribers)]
            followers = [asyncio.create_task(follow(session)) for session in chosen]
            await asyncio.sleep(0.05)
            followed_s = time.perf_counter()
            listeners = []
            for session in chosen:
                queue: asyncio.Queue[float] = asyncio.Queue()
                bell.queues.setdefault(session.id, []).append(queue)
                listeners.append(asyncio.create_task(listen(queue)))
            await asyncio.gather(*[session.result() for session in started])
            await asyncio.gather(*followers)
            for listener in listeners:
                listener.cancel()

    asyncio.run(main())
    return {
        "p99_s": percentile(delays_s, 0.99),
        "median_s": percentile(delays_s, 0.5),
        "bare_p99_s": percentile(bare_s, 0.99),
        "events": len(delays_s),
    }


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of `values` do not exceed; there must be one."""
    assert values, "nothing was measured"
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def live(lab: Lab) -> list[Row]:
    """Measure figure 10."""
    steps = lab.count(500, least=40)
    settings = {"sessions": 50, "subscribers": 10, "steps": steps}
    (runs,) = lab.in_turns((fan_out, settings))
    delay, bare = median(runs, "p99_s") * 1000, median(runs, "bare_p99_s") * 1000
    return [
        Row(
            figure="committed event to live subscriber, p99 (50 busy sessions, 10 subscribers)",
            ours=number(delay, "ms"),
            beside=f"a bare asyncio.Queue fed by the same commits, p99: {number(bare, 'ms')}",
            ratio=f"{delay / bare:.2f} x",
            bar="<= 10 ms",
            aim="2 ms",
            verdict=at_most(delay, bar=10, aim=2),
        )
    ]
