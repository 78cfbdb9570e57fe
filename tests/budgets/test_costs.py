"""What things cost, in units that no busy machine can change: modules, ticks, bytes, rows.

The times that follow from them are measured by `python -m bench`."""

import asyncio
import gc
import sqlite3
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import tenuto
from bench import flows
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.limits import SNAPSHOT_TAIL_BYTES_MIN
from tenuto.core.vocabulary import SessionId

TICKS_PER_STEP_MAX = 2
"""One in which the work runs and its outcome is decided, one in which the commit is written."""


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts what it is asked to call."""

    calls = 0

    def call_soon(self, *arguments: Any, **options: Any) -> asyncio.Handle:
        self.calls += 1
        return super().call_soon(*arguments, **options)


def run_counted(steps: int) -> int:
    """Return how many callbacks a session of `steps` steps takes in all."""

    async def main() -> int:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(flows.counting_loop(steps))
            await session.result()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        return loop.calls

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        return runner.run(main())


def loaded_by(code: str) -> set[str]:
    """Return the modules that a program which runs `code` has loaded at its end."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return set(done.stdout.decode().split())


def test_importing_the_face_loads_nothing_else() -> None:
    extra = loaded_by("import tenuto") - loaded_by("pass")

    assert {name.partition(".")[0] for name in extra} <= {"tenuto", "importlib", "warnings"}


def test_opening_a_database_does_without_the_terminal_and_yaml() -> None:
    modules = loaded_by("import tenuto; tenuto.open, tenuto.Workflow, tenuto.tool")

    assert not modules & {"rich", "click", "ruamel.yaml", "langgraph"}


def test_a_step_takes_two_ticks_of_the_loop() -> None:
    few, many = run_counted(20), run_counted(220)

    assert (many - few) / 200 <= TICKS_PER_STEP_MAX


def test_p6_a_conversation_takes_at_most_three_times_its_text_on_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"

    async def main() -> int:
        async with tenuto.open(url, durability="wal") as runtime:
            session = await runtime.start(flows.conversation(400))
            await session.result()
            history = (await session.state()).values["history"]
            assert isinstance(history, list)
            return sum(len(str(text).encode()) for text in history)

    text_bytes = asyncio.run(main())

    disk_bytes = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert disk_bytes <= 3 * text_bytes


def test_a_parked_session_keeps_next_to_nothing_in_memory(tmp_path: Path) -> None:
    async def park(runtime: tenuto.Runtime, sessions: int) -> None:
        flow = flows.parked()
        started = await asyncio.gather(
            *[runtime.start(flow, {"name": str(n)}) for n in range(sessions)]
        )
        await asyncio.gather(*[session.wait_until_idle() for session in started])

    async def main() -> float:
        async with tenuto.open(f"sqlite:///{tmp_path}/store.db", durability="wal") as runtime:
            await park(runtime, 300)
            gc.collect()
            tracemalloc.start()
            await park(runtime, 300)
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return kept / 300

    bytes_each = asyncio.run(main())

    assert bytes_each <= 2_048


def test_p5_reopening_a_long_session_reads_a_bounded_part_of_its_log(tmp_path: Path) -> None:
    async def main() -> tuple[int, int]:
        async with tenuto.open(f"sqlite:///{tmp_path}/store.db", durability="wal") as runtime:
            session = await runtime.start(
                flows.long_life(rounds=20, window=100), {"items": list(range(500))}
            )
            await session.wait_until_idle()
        store = await SqliteEventStore.open(tmp_path / "store.db", readonly=True)
        stored = await store.load(SessionId(session.id))
        await store.close()
        return stored.version, sum(len(commit.payload) for commit in stored.commits)

    version, tail_bytes = asyncio.run(main())

    assert version > 10_000
    assert tail_bytes <= 2 * SNAPSHOT_TAIL_BYTES_MIN


def test_a_fork_adds_one_row_whatever_it_forks(tmp_path: Path) -> None:
    file = tmp_path / "store.db"

    def rows() -> int:
        with sqlite3.connect(file) as log:
            ((count,),) = log.execute("SELECT count(*) FROM commits")
        log.close()
        return int(count)

    async def main() -> int:
        async with tenuto.open(f"sqlite:///{file}", durability="wal") as runtime:
            session = await runtime.start(
                flows.long_life(rounds=5, window=100), {"items": list(range(500))}
            )
            await session.wait_until_idle()
            before = rows()
            fork = await session.fork()
            await fork.wait_until_idle()
            return rows() - before

    assert asyncio.run(main()) == 1


@pytest.mark.slow
def test_a_map_keeps_its_results_and_little_more() -> None:
    items = 5_000

    async def main() -> int:
        async with tenuto.open("memory://") as runtime:
            flow = flows.fan_out(window=100)
            await (await runtime.start(flow, {"items": [1]})).result()
            gc.collect()
            tracemalloc.start()
            session = await runtime.start(flow, {"items": list(range(items))})
            assert await session.result() == items * (items - 1)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return peak

    assert asyncio.run(main()) <= items * 1_000
