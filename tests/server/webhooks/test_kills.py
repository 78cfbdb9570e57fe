"""A server that is killed between an event and its delivery delivers it when it is back."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import httpx2
import pytest

from tests.server.webhooks.receiver import receiving

FLOW = """
workflow: waiting
version: "1"
graph:
  nodes:
    wait: {wait: go}
"""

Served: TypeAlias = tuple[httpx2.AsyncClient, asyncio.subprocess.Process]

pytestmark = pytest.mark.slow


@contextlib.asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Served]:
    """Give `tenuto serve` as a process of its own, and a client; it is killed in the end."""
    (folder / "flow.yaml").write_text(FLOW)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tenuto.cli", "serve", "--dev", "--port", "0", "--db", "t.db"),
        *("--allow-private-webhooks", "flow.yaml"),
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            line = (await process.stderr.readline()).decode()
        assert line.startswith("serving at "), line
        async with httpx2.AsyncClient(base_url=line.split()[-1], timeout=20) as client:
            yield client, process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


def test_killed_while_it_delivers_a_server_delivers_again_under_the_same_id(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with receiving() as receiver:
            receiver.statuses = [0]
            async with server(tmp_path) as (client, process):
                hook = {"url": receiver.url, "events": ["session.started"]}
                made = (await client.post("/webhooks", json=hook)).json()
                session = (await client.post("/workflows/waiting/start", json={})).json()
                await receiver.until(lambda came: len(came) == 1)
                process.send_signal(signal.SIGKILL)
                await process.wait()

            async with server(tmp_path):
                first, second = await receiver.until(lambda came: len(came) == 2)

            assert first.id == second.id
            assert second.is_signed(made["secret"])
            assert second.told["data"]["session"] == session["id"]

    asyncio.run(main())


def test_killed_at_any_moment_a_server_tells_of_every_session_under_one_id(tmp_path: Path) -> None:
    async def main() -> None:
        async with receiving() as receiver:
            sessions = set[str]()
            async with server(tmp_path) as (client, _):
                hook = {"url": receiver.url, "events": ["session.started"]}
                await client.post("/webhooks", json=hook)
            for _ in range(3):
                async with server(tmp_path) as (client, process):
                    for _ in range(10):
                        answer = await client.post("/workflows/waiting/start", json={})
                        sessions.add(answer.json()["id"])
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
            async with server(tmp_path):
                came = await receiver.until(
                    lambda came: {one.told["data"]["session"] for one in came} >= sessions
                )

            assert len({one.id for one in came}) == len(sessions)

    asyncio.run(main())
