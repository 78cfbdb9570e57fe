"""Pools over several processes: who carries calls out, and what becomes of them when one dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

import tenuto
from tenuto.ports.pools import Line
from tests.postgres import fresh_database, needs_own_postgres, needs_postgres, own_server
from tests.sharing import pooled

pytestmark = [needs_postgres, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
MODULE = "tests.sharing.pooled"


class Process:
    """`tenuto worker`, running."""

    def __init__(self, url: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tenuto.cli", "worker", *arguments, "--db", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.pid = self._process.pid
        self.greeting = self.says()

    def says(self) -> str:
        """Return the next line that it says."""
        assert self._process.stderr is not None
        return self._process.stderr.readline()

    def tell(self, what: signal.Signals) -> None:
        os.kill(self.pid, what)

    def ended(self) -> int:
        """Return its exit code once it has ended."""
        return self._process.wait(timeout=20)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()


@contextmanager
def processes(url: str, *several: tuple[str, ...]) -> Iterator[list[Process]]:
    made = [Process(url, *arguments) for arguments in several]
    try:
        yield made
    finally:
        for one in made:
            one.kill()


SERVING = ("--pool", "gpu", "--only-pools")
OWNING = (f"{MODULE}:holds", f"{MODULE}:pays", "--no-pools")

Test = Callable[[str], Awaitable[None]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pooled.FOLDER, str(tmp_path))


def go() -> None:
    (pooled.folder() / "go").touch()


async def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


def pids_of(name: str) -> list[int]:
    return [int(line.split()[2]) for line in pooled.left(name)]


async def until_pool(runtime: tenuto.Runtime, is_so: Callable[[Line], bool]) -> None:
    """Return when something is so of the pool."""
    async with asyncio.timeout(10):
        while not any(is_so(line) for line in await runtime.pools.lines()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def lengths(session: tenuto.Session) -> dict[str, int]:
    """Return how often each kind of event happened."""
    names = [type(event.event).__name__ async for event in session.events(follow=False)]
    return {name: names.count(name) for name in names}


def run(test: Test) -> None:
    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(test(url), 60))


def test_calls_of_a_pool_go_to_those_who_serve_it_and_to_nobody_else() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            with processes(url, SERVING, ("--pool", "other", "--only-pools")) as (gpu, _):
                assert "calls of pools: gpu" in gpu.greeting
                sessions = [await runtime.start(pooled.works) for _ in range(20)]
                found = [await session.result(10) for session in sessions]
                assert {one["pid"] for one in found if isinstance(one, dict)} == {gpu.pid}
                lines = {line.pool.name: line for line in await runtime.pools.lines()}
                assert (lines["gpu"].workers, lines["gpu"].waiting) == (1, 0)

    run(test)


def test_who_asks_is_told_that_no_worker_serves_the_pool() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            session = await runtime.start(pooled.works)
            await until_pool(runtime, lambda line: line.waiting == 1)
            (line,) = (await runtime.pools.waited_for(session.id)).values()
            assert (line.pool, line.workers) == (pooled.GPU, 0)
            said = await asyncio.to_thread(told, "show", session.id, "--db", url)
            assert "a worker of pool 'gpu', and none is there" in said
            assert "tenuto worker --pool gpu" in said
            said = await asyncio.to_thread(told, "pools", "--db", url)
            assert "3 at once" in said

    run(test)


def told(*arguments: str) -> str:
    """Return what a verb prints."""
    command = [sys.executable, "-m", "tenuto.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout


@needs_own_postgres
def test_when_the_server_is_killed_the_calls_are_made_all_the_same_and_none_waits() -> None:
    async def test(url: str) -> None:
        server = own_server()
        async with (
            tenuto.open(url, workflows=pooled.flows) as one,
            tenuto.open(url, workflows=pooled.flows),
        ):
            go()
            sessions = [await one.start(pooled.holds) for _ in range(20)]
            sessions += [await one.start(pooled.works) for _ in range(20)]
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            for session in sessions:
                assert isinstance(await session.result(30), dict)
                assert (await lengths(session))["TaskCompleted"] == 1
        with psycopg.connect(url) as connection:
            # That one was dropped may have been lost with the server; it is settled, and harmless.
            rows = connection.execute("SELECT 1 FROM tenuto.pool_calls_1 WHERE outcome IS NULL")
            assert rows.fetchall() == []

    with fresh_database(on=own_server()) as url:
        asyncio.run(asyncio.wait_for(test(url), 60))


def test_a_call_of_a_worker_that_is_killed_is_made_by_another() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            with processes(url, SERVING) as (first,):
                session = await runtime.start(pooled.holds)
                await until(lambda: pids_of("begun") == [first.pid])
                with processes(url, SERVING) as (second,):
                    first.kill()
                    go()
                    found = await session.result(10)
                    assert isinstance(found, dict) and found["pid"] == second.pid
        # It was one attempt, for all that its owner knows.
        assert [line.split()[1] for line in pooled.left("begun")] == ["1", "1"]
        assert pids_of("ended") == [second.pid]

    run(test)


def test_a_once_call_of_a_worker_that_is_killed_is_in_doubt_and_not_made_again() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            with processes(url, SERVING, SERVING) as made:
                session = await runtime.start(pooled.pays)
                await until(lambda: len(pids_of("begun")) == 1)
                next(one for one in made if one.pid == pids_of("begun")[0]).kill()
                go()
                head = await session.wait_until_idle(10)
                assert "to say whether 'pay' happened" in head.waiting_for
                await session.approve(data="it did")
                assert await session.result(10) == "it did"
        assert len(pids_of("begun")) == 1

    run(test)


def test_a_worker_that_is_stopped_loses_its_call_and_settles_nothing_when_it_wakes() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            with processes(url, SERVING) as (first,):
                session = await runtime.start(pooled.holds)
                await until(lambda: pids_of("begun") == [first.pid])
                with processes(url, SERVING) as (second,):
                    first.tell(signal.SIGSTOP)
                    await until(lambda: second.pid in pids_of("begun"))
                    # The first is to end it as well, and to say so.
                    first.tell(signal.SIGCONT)
                    go()
                    found = await session.result(10)
                    assert isinstance(found, dict) and found["pid"] == second.pid
                    assert (await lengths(session))["TaskCompleted"] == 1
                    # It takes part again.
                    second.kill()
                    other = await runtime.start(pooled.works)
                    again = await other.result(10)
                    assert isinstance(again, dict) and again["pid"] == first.pid

    run(test)


@pytest.mark.parametrize("flow", [pooled.holds, pooled.pays], ids=["again", "once"])
def test_when_an_owner_is_killed_the_next_one_finds_the_outcome_and_repeats_nothing(
    flow: tenuto.Workflow,
) -> None:
    async def test(url: str) -> None:
        # The last two share the sessions; whoever owns it is killed.
        with processes(url, SERVING, OWNING) as (worker, owner):
            async with tenuto.open(url, hold=True) as runtime:
                session = await runtime.start(flow)
                await until(lambda: pids_of("begun") == [worker.pid])
                owner.kill()
                # It ends while nobody owns its session.
                go()
                await until(lambda: pids_of("ended") == [worker.pid])
                with processes(url, OWNING):
                    found = await session.result(10)
                    pid = found["pid"] if isinstance(found, dict) else found
                    assert pid == worker.pid
        assert pids_of("begun") == [worker.pid]

    run(test)


@pytest.mark.parametrize("flow", [pooled.holds, pooled.pays], ids=["again", "once"])
def test_when_an_owner_is_killed_while_the_call_runs_the_next_one_waits_for_it(
    flow: tenuto.Workflow,
) -> None:
    async def test(url: str) -> None:
        with processes(url, SERVING, OWNING) as (worker, owner):
            async with tenuto.open(url, hold=True) as runtime:
                session = await runtime.start(flow)
                await until(lambda: pids_of("begun") == [worker.pid])
                owner.kill()
                with processes(url, OWNING):
                    go()
                    found = await session.result(10)
                    pid = found["pid"] if isinstance(found, dict) else found
                    assert pid == worker.pid
                names = await lengths(session)
                assert names["TaskCompleted"] == 1
        assert pids_of("begun") == [worker.pid]

    run(test)


def test_a_session_that_is_cancelled_takes_back_what_a_worker_has() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            with processes(url, SERVING) as (worker,):
                session = await runtime.start(pooled.holds)
                await until(lambda: pids_of("begun") == [worker.pid])
                await session.cancel("enough")
                await until_pool(runtime, lambda line: not line.running)
                go()
                other = await runtime.start(pooled.works)
                await other.result(10)
        assert len(pids_of("ended")) == 1

    run(test)


def test_calls_of_a_session_that_was_given_up_while_nobody_owned_it_are_not_made() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[], workflows=[pooled.holds]) as runtime:
            session = await runtime.start(pooled.holds)
            await until_pool(runtime, lambda line: line.waiting == 1)
        async with tenuto.open(url, hold=True) as runtime:
            with processes(url, OWNING) as (owner,):
                # What it drops stays, as it is killed before it can.
                await runtime.session(session.id).cancel("enough")
                owner.kill()
            with processes(url, SERVING):
                await until_pool(runtime, lambda line: not line.waiting)
        assert pids_of("begun") == []

    run(test)


def test_a_worker_that_is_asked_to_end_lets_its_call_end_first() -> None:
    async def test(url: str) -> None:
        async with tenuto.open(url, serves=[]) as runtime:
            with processes(url, SERVING) as (worker,):
                session = await runtime.start(pooled.pays)
                await until(lambda: pids_of("begun") == [worker.pid])
                worker.tell(signal.SIGTERM)
                assert "ends" in await asyncio.to_thread(worker.says)
                go()
                assert await session.result(10) == worker.pid
                assert await asyncio.to_thread(worker.ended) == 0

    run(test)
