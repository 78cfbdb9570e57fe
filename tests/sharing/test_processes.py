"""Workers as processes: one that is stopped, one that comes back, one that is asked to end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tenuto
from tenuto.core.session import events as e
from tests.postgres import fresh_database, needs_postgres
from tests.sharing import flows

pytestmark = [needs_postgres, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


class Worker:
    """`tenuto worker`, running."""

    def __init__(self, url: str) -> None:
        names = ["tests.sharing.flows:tells", "tests.sharing.flows:counts"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tenuto.cli", "worker", *names, "--db", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        self.pid = self._process.pid

    def begun(self) -> None:
        """Return when it works."""
        first = self._line()
        assert first.startswith("worker "), first

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def tell(self, what: signal.Signals) -> None:
        os.kill(self.pid, what)

    async def said(self, text: str) -> None:
        """Return when it has said so."""
        while text not in (line := await asyncio.to_thread(self._line)):
            assert line, f"it ended, and never said {text!r}"

    def end(self) -> tuple[int, str]:
        """Ask it to end; return its exit code and what it said."""
        self._process.terminate()
        said, _ = self._process.communicate(timeout=20)
        return self._process.returncode, said

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def workers(url: str, count: int) -> Iterator[list[Worker]]:
    made = [Worker(url) for _ in range(count)]
    try:
        for one in made:
            one.begun()
        yield made
    finally:
        for one in made:
            one.kill()


async def pids_of(runtime: tenuto.Runtime, count: int = 24) -> set[int]:
    """Return the processes that do the work of new sessions."""
    sessions = [await runtime.start(flows.telling()) for _ in range(count)]
    found = await asyncio.gather(*(session.result(15) for session in sessions))
    return {pid for pid in found if isinstance(pid, int)}


def test_workers_do_the_work_of_a_process_that_only_starts_sessions() -> None:
    async def main(url: str, made: list[Worker]) -> None:
        async with tenuto.open(url, hold=True) as runtime:
            async with asyncio.timeout(15):
                while await pids_of(runtime) != {one.pid for one in made}:
                    pass
            # when: one is asked to end
            code, said = await asyncio.to_thread(made[0].end)
            # then: the other has it all, at once
            assert code == 0, said
            assert "ends" in said
            assert await pids_of(runtime) == {made[1].pid}

    with fresh_database() as url, workers(url, 2) as made:
        asyncio.run(main(url, made))


def test_one_that_was_stopped_is_taken_over_within_five_seconds_and_cannot_write_afterwards() -> (
    None
):
    async def main(url: str, made: list[Worker]) -> None:
        stopped, other = made
        async with tenuto.open(url, hold=True) as runtime:
            async with asyncio.timeout(15):
                while await pids_of(runtime) != {stopped.pid, other.pid}:
                    pass
            sessions = [await runtime.start(flows.counting(), {"to": 12}) for _ in range(12)]
            # when: one is stopped in the midst of it
            stopped.tell(signal.SIGSTOP)
            began_s = asyncio.get_running_loop().time()
            results = await asyncio.gather(*(session.result(20) for session in sessions))
            taken_s = asyncio.get_running_loop().time() - began_s
            # then: all have ended in the other, though twelve steps take more than half a second
            assert results == [12] * len(sessions)
            assert taken_s < 5 + 2
            # when: it wakes up in the belief that the sessions are its own
            lengths = [await length(session) for session in sessions]
            stopped.tell(signal.SIGCONT)
            await stopped.said("away for too long")
            # then: nothing was added, and it takes part again
            assert [await length(session) for session in sessions] == lengths
            async with asyncio.timeout(15):
                while await pids_of(runtime) != {stopped.pid, other.pid}:
                    pass

    async def length(session: tenuto.Session) -> int:
        events = [event async for event in session.events(follow=False)]
        assert sum(isinstance(event.event, e.SessionCompleted) for event in events) == 1
        return len(events)

    with fresh_database() as url, workers(url, 2) as made:
        asyncio.run(main(url, made))


def test_a_worker_needs_a_database_that_can_be_shared(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tenuto.cli", "worker", "--db", f"sqlite:///{tmp_path / 'a.db'}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert "share a PostgreSQL database" in done.stderr
