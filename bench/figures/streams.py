"""From a commit that is acknowledged to the clients who stream its session from a server."""

from __future__ import annotations

import array
import asyncio
import gc
import os
import random
import sys
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, Final

import tenuto
from bench.figures.live import percentile
from bench.lab import ROOT, Lab, Measured, Rival, environment, median
from bench.table import Row, at_most, number
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.serving import open_service
from tenuto.core.vocabulary import Position
from tenuto.ports.event_store import Commit
from tenuto.server.app import create_app
from tenuto.server.listening import listening, serve_app

TICK_S: Final = 0.1
"""A turn of the loop makes two events: so 20 a second."""


class Bell:
    """Notes when commits are acknowledged, and tells bare clients of them."""

    def __init__(self) -> None:
        self.rung_s: dict[tuple[str, int], float] = {}
        self.bare: dict[str, list[asyncio.WriteTransport]] = {}

    def hang_on(self, store: Any) -> None:
        """Ring at each commit of the store from now on."""
        append = store.append

        def ringing(commit: Commit) -> Awaitable[Position]:
            receipt = append(commit)
            settle = receipt.settle

            def ring_and_settle(answer: Position | Exception) -> None:
                self._ring(commit)
                settle(answer)

            receipt.settle = ring_and_settle
            return receipt  # type: ignore[no-any-return]  # a receipt

        store.append = ringing

    def _ring(self, commit: Commit) -> None:
        now_s = time.perf_counter()
        for version in range(commit.expected + 1, commit.expected + commit.count + 1):
            self.rung_s[commit.session, version] = now_s
        for transport in self.bare.get(commit.session, ()):
            for version in range(commit.expected + 1, commit.expected + commit.count + 1):
                transport.write(b"id: %d\ndata: %s\n\n" % (version, b"x" * 400))


class BareServer(asyncio.Protocol):
    """Streams what the bell tells it, and nothing else: what the sockets alone cost."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.WriteTransport), "TCP"
        session = data.split(b"/sessions/")[1].split(b"/")[0].decode()
        self._bell.bare.setdefault(session, []).append(self._transport)
        self._transport.write(b"HTTP/1.1 200 OK\r\n\r\n")


class Ticks:
    """A loop that makes 20 events a second in each session, once the gate is open."""

    def __init__(self, turns: int) -> None:
        self.gate = asyncio.Event()
        self.flow = tenuto.Workflow("ticking", version="1", steps=turns + 10)
        body = tenuto.body(function=self._tick)
        self.flow.node("tick", loop=True, do=body, max_iterations=turns)

    async def _tick(self, ctx: tenuto.Context) -> None:
        await self.gate.wait()
        # Sessions do not keep step with each other.
        await asyncio.sleep(TICK_S * random.uniform(0.5, 1.5))


def streamed(folder: Path, *, kind: str, clients: int, sessions: int, seconds: int) -> Measured:
    """Return the 99th and 50th percentile, in seconds, of events from commit to client, and what a
    client costs in bytes. `kind`: sse, ws, or bare (sockets without a server around them)."""
    return asyncio.run(_streamed(folder, kind, clients, sessions, seconds))


async def _streamed(folder: Path, kind: str, clients: int, sessions: int, seconds: int) -> Measured:
    bell, ticks = Bell(), Ticks(round(seconds / TICK_S))
    loaded = LoadedWorkflow(
        name="ticking", workflow=ticks.flow, definition=ticks.flow.definition(), source="bench"
    )
    database = f"sqlite:///{folder}/streams.db"
    with listening("127.0.0.1", 0) as listener, listening("127.0.0.1", 0) as bare_listener:
        async with open_service(database, [loaded], login=False) as service:
            bell.hang_on(service.runtime._engine.store)
            server = asyncio.create_task(
                serve_app(create_app(service), listener, api=True, stopping=service.hub.stop)
            )
            loop = asyncio.get_running_loop()
            bare = await loop.create_server(lambda: BareServer(bell), sock=bare_listener)
            started = [await service.runtime.start(ticks.flow) for _ in range(sessions)]
            chosen = [started[n % sessions].id for n in range(clients)]
            before_bytes = resident_bytes()
            port = (bare_listener if kind == "bare" else listener).getsockname()[1]
            client = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "bench.stream_clients", kind, str(port)],
                *[",".join(chosen), str(folder / "seen")],
                cwd=ROOT,
                env=environment(),
                stdout=asyncio.subprocess.PIPE,
            )
            assert client.stdout is not None, "it was asked for"
            assert await client.stdout.readline() == b"ready\n"
            idle_bytes = resident_bytes()
            ready_s = time.perf_counter()
            used_s = time.process_time()
            ticks.gate.set()
            await asyncio.gather(*[session.result() for session in started])
            share = (time.process_time() - used_s) / (time.perf_counter() - ready_s)
            for transport in [t for found in bell.bare.values() for t in found]:
                transport.close()
            assert await client.stdout.readline() == b"done\n"
            bare.close()
            server.cancel()
            await asyncio.wait({server})
    delays_s = delays(folder / "seen", chosen, bell, ready_s)
    return {
        "p99_s": percentile(delays_s, 0.99),
        "median_s": percentile(delays_s, 0.5),
        "events": len(delays_s),
        "per_s": len(delays_s) / seconds,
        "processor": share,
        "client_bytes": (idle_bytes - before_bytes) / clients,
    }


def delays(path: Path, sessions: Sequence[str], bell: Bell, since_s: float) -> list[float]:
    """Return how long after its commit each event was seen; each must have been, once."""
    seen: array.array[float] = array.array("d")
    seen.frombytes(path.read_bytes())
    found: dict[tuple[int, int], float] = {}
    for place in range(0, len(seen), 3):
        key = int(seen[place]), int(seen[place + 1])
        assert key not in found, f"seen twice: {key}"
        found[key] = seen[place + 2]
    live = {key: at_s for key, at_s in bell.rung_s.items() if at_s > since_s}
    for client, session in enumerate(sessions):
        missed = [v for s, v in live if s == session and (client, v) not in found]
        assert not missed, f"client {client} missed {missed}"
    return [
        at_s - live[sessions[client], version]
        for (client, version), at_s in found.items()
        if (sessions[client], version) in live
    ]


def resident_bytes() -> int:
    """Return how much memory this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def streams(lab: Lab) -> list[Row]:
    """Measure events and memory of clients that stream from a server."""
    load: dict[str, int | float | str | bool] = {
        "clients": lab.count(400, least=2),
        "sessions": lab.count(20),
        "seconds": lab.count(10),
    }
    kinds = ("sse", "ws", "bare")
    rivals: list[Rival] = [(streamed, {"kind": kind, **load}) for kind in kinds]
    runs = dict(zip(kinds, lab.in_turns(*rivals), strict=True))
    bare_ms = median(runs["bare"], "p99_s") * 1000
    bare_kb = median(runs["bare"], "client_bytes") / 1000
    rows: list[Row] = []
    for kind, name in (("sse", "server-sent events"), ("ws", "WebSockets")):
        delay_ms = median(runs[kind], "p99_s") * 1000
        rows.append(
            Row(
                figure=f"committed event to client over {name}, p99 (400 clients x 20 events/s)",
                ours=number(delay_ms, "ms"),
                beside=f"bare sockets told of the same commits, p99: {number(bare_ms, 'ms')}",
                ratio=f"{delay_ms / bare_ms:.2f} x",
                bar="<= 40 ms",
                aim="20 ms",
                verdict=at_most(delay_ms, bar=40, aim=20),
            )
        )
    for kind, name in (("sse", "server-sent events"), ("ws", "WebSockets")):
        size_kb = median(runs[kind], "client_bytes") / 1000
        rows.append(
            Row(
                figure=f"memory of the server per client over {name}",
                ours=number(size_kb, "KB"),
                beside=f"a bare socket: {number(bare_kb, 'KB')}",
                ratio=f"{size_kb / bare_kb:.2f} x" if bare_kb > 0 else "",
                bar="<= 60 KB",
                aim="20 KB",
                verdict=at_most(size_kb, bar=60, aim=20),
            )
        )
    return rows
