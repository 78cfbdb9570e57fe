"""What the API costs: a start with its answer, simple questions, and the way to a ready server."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from litestar import Litestar, get

import tenuto
from bench.figures.starting import start
from bench.lab import ROOT, Lab, Measured, Rival, environment, median, ratio
from bench.table import Row, at_least, at_most, number
from tenuto.bootstrap.finding import LoadedWorkflow
from tenuto.bootstrap.serving import open_service
from tenuto.core.limiting.limits import Limits
from tenuto.core.limiting.rules import Bucket, Window
from tenuto.server.app import create_app
from tenuto.server.fences import Fencing
from tenuto.server.listening import listening, serve_app

CONNECTIONS: Final = 16
"""As in the measurements behind the choice of the framework."""

SIMPLE: Final = (
    "/api/v1/sessions/{id}",
    "/api/v1/workflows",
    "/api/v1/workflows/echo",
    "/api/v1/models",
    "/api/v1/tools",
    "/api/v1/agents",
)
"""What pages ask for again and again; `{id}` is the id of a session that has ended."""


@get("/", sync_to_thread=False)
def _nothing() -> dict[str, str]:
    return {}


async def _echo(ctx: tenuto.Context, text: str) -> str:
    return text


def _flow() -> tenuto.Workflow:
    flow = tenuto.Workflow("echo", version="1")
    flow.node("echo", function=_echo, inputs={"text": "inputs.text"})
    return flow


def empty_route(folder: Path, *, seconds: int) -> Measured:
    """Return requests a second on a route of the same framework that does nothing."""

    async def measured() -> Measured:
        with listening("127.0.0.1", 0) as listener:
            app = Litestar([_nothing], openapi_config=None, logging_config=None)
            server = asyncio.create_task(serve_app(app, listener))
            try:
                return await _asked(listener, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", seconds)
            finally:
                server.cancel()
                await asyncio.wait({server})

    return asyncio.run(measured())


def simple_get(folder: Path, *, path: str, seconds: int) -> Measured:
    """Return requests a second on a route of the API, with an API key; `{id}` is a session's."""
    return asyncio.run(_on_api(folder, f"GET {path}", b"", seconds, CONNECTIONS))


PLENTY: Final = 1_000_000_000
FENCING: Final = Fencing(
    limits=Limits(
        user=(Bucket(PLENTY, PLENTY), Window(PLENTY, 60)),
        organisation=(Bucket(PLENTY, PLENTY), Window(PLENTY, 60)),
    )
)
"""As many rules as `tenuto serve` has by itself, each so wide that nothing is refused."""


def started_and_answered(folder: Path, *, seconds: int) -> Measured:
    """Return how long a start of a trivial workflow takes whose answer is waited for, in seconds:
    one after the other, on a server with nothing else to do."""
    body = json.dumps({"inputs": {"text": "x"}}).encode()
    return asyncio.run(
        _on_api(folder, "POST /api/v1/workflows/echo/start?wait=10", body, seconds, 1)
    )


async def _on_api(folder: Path, line: str, body: bytes, seconds: int, connections: int) -> Measured:
    flow = _flow()
    loaded = LoadedWorkflow(
        name="echo", workflow=flow, definition=flow.definition(), source="bench"
    )
    with listening("127.0.0.1", 0) as listener:
        async with open_service(f"sqlite:///{folder}/api.db", [loaded], fencing=FENCING) as service:
            made = await service.accounts.organisations.found_home()
            assert made is not None, "the first start makes a key"
            session = await service.runtime.start(flow, {"text": "x"})
            await session.result(timeout=10)
            server = asyncio.create_task(
                serve_app(create_app(service), listener, api=True, stopping=service.hub.stop)
            )
            request = (
                f"{line.replace('{id}', session.id)} HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {made.key_text}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            try:
                return await _asked(listener, request.encode() + body, seconds, connections)
            finally:
                server.cancel()
                await asyncio.wait({server})


async def _asked(
    listener: socket.socket, request: bytes, seconds: int, connections: int = CONNECTIONS
) -> Measured:
    port = listener.getsockname()[1]
    client = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "bench.http_clients", str(port), str(seconds), str(connections)],
        cwd=ROOT,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await client.communicate(request)
    measured: Measured = json.loads(answer)
    return measured


def cold_start(folder: Path) -> Measured:
    """Return the seconds from the command to the first good answer of /readyz, on a new file."""
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    began_s = time.perf_counter()
    command = [sys.executable, "-m", "tenuto.cli", "serve", "--port", str(port), "--db", "new.db"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE) as server:
        try:
            while not _is_ready(port):
                time.sleep(0.005)
            return {"seconds": time.perf_counter() - began_s}
        finally:
            server.terminate()


def _is_ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.recv(16).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def serving(lab: Lab) -> list[Row]:
    """Measure the API."""
    seconds = lab.count(1)
    gets: list[Rival] = [(simple_get, {"path": path, "seconds": seconds}) for path in SIMPLE]
    # Short and often: what else the machine does then falls on all of them alike.
    rounds = lab.count(5) * lab.rounds
    empty, *asked = lab.in_turns((empty_route, {"seconds": seconds}), *gets, rounds=rounds)
    (answered,) = lab.in_turns((started_and_answered, {"seconds": lab.count(5)}))
    cold, bare = lab.in_turns((cold_start, {}), (start, {"code": "pass"}))
    rows = [
        Row(
            figure=f"`GET {path}` with an API key, {CONNECTIONS} connections, requests a second",
            ours=number(median(runs, "per_s"), "/s"),
            beside=f"an empty route of the framework: {number(median(empty, 'per_s'), '/s')}",
            ratio=f"{ratio(runs, empty, 'per_s'):.2f} x",
            bar=">= 0.6 x",
            aim="0.8 x",
            verdict=at_least(ratio(runs, empty, "per_s"), bar=0.6, aim=0.8),
        )
        for path, runs in zip(SIMPLE, asked, strict=True)
    ]
    for part, name, bar, aim in (("median_s", "p50", 30, 15), ("p99_s", "p99", 100, 50)):
        taken_ms = median(answered, part) * 1000
        least_ms = median(empty, part) * 1000
        rows.append(
            Row(
                figure=f"start of a trivial workflow with its answer, idle server, {name}",
                ours=number(taken_ms, "ms"),
                beside=f"an empty route, busy: {number(least_ms, 'ms')}",
                ratio=f"{taken_ms / least_ms:.2f} x",
                bar=f"<= {bar} ms",
                aim=f"{aim} ms",
                verdict=at_most(taken_ms, bar=bar, aim=aim),
            )
        )
    ready_s = median(cold, "seconds")
    rows.append(
        Row(
            figure="`tenuto serve` on a new file, from the command to `/readyz`",
            ours=number(ready_s, "s"),
            beside=f"`python -c pass`: {number(median(bare, 'seconds'), 's')}",
            ratio=f"{ratio(cold, bare, 'seconds'):.1f} x",
            bar="<= 2.5 s",
            aim="1.5 s",
            verdict=at_most(ready_s, bar=2.5, aim=1.5),
        )
    )
    return rows
