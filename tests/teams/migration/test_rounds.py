"""The conductor hands out work in rounds: what is lopsided is evened out, times that people set are
kept, and what happens is on record."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

import tenuto
from tenuto.teams.migration import directing, planfile, team
from tenuto.teams.migration.databases.port import Read
from tenuto.teams.migration.databases.sqlite import Sqlite
from tenuto.teams.migration.limits import Window
from tenuto.teams.migration.plan import Plan
from tests.teams.migration.shop import given

ROWS = 12_000
DELAY_S = 0.01
"""What a slow source takes for each batch of 100 rows."""

pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A table whose keys lie at the end of their range, but for the first."""
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as made, made:
        made.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        keys = [1, *range(10_000_000, 10_000_000 + ROWS - 1)]
        made.executemany("INSERT INTO t VALUES (?, ?)", ((key, f"name {key}") for key in keys))
    return f"sqlite:///{tmp_path / 'old.db'}"


@pytest.fixture
def slow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have SQLite take its time for each batch, as a source far away does."""
    delay_s = getattr(request, "param", DELAY_S)
    read = Sqlite.read

    def slowly(self: Sqlite, what: Read) -> Iterator[pa.RecordBatch]:
        for batch in read(self, what):
            if len(what.columns) > 1:
                time.sleep(delay_s)
            yield batch

    monkeypatch.setattr(Sqlite, "read", slowly)


def planned(source: str, target: str, *, ranges: int = 4, parallel: int = 4) -> str:
    """Return a plan with so many ranges, in small batches."""
    inputs = given(source, target, dry_run=True, parallel=parallel)
    output: Any = tenuto.run(team.workflow, inputs, db="memory://", timeout=60)
    plan = msgspec.convert(output["plan"], Plan)
    tables = tuple(
        msgspec.structs.replace(table, ranges=ranges, batch_rows=100) for table in plan.tables
    )
    return planfile.dump(msgspec.structs.replace(plan, tables=tables))


Do = Callable[[tenuto.Runtime, tenuto.Session], Awaitable[None]]


async def nothing(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
    """Leave it alone."""


def moved(inputs: dict[str, Any], do: Do = nothing) -> tuple[Any, list[tuple[str, Any]]]:
    """Return the output of a migration, and what it put on record."""

    async def main() -> tuple[Any, list[tuple[str, Any]]]:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, {"learn": False, **inputs})
            await do(runtime, session)
            output = await session.result(120)
            notes = []
            async for stored in session.events():
                event: Any = stored.event
                if type(event).__name__ == "Noted":
                    notes.append((event.kind, event.data))
                if type(event).__name__ == "SessionCompleted":
                    break
            return output, notes

    return asyncio.run(main())


def rows_of(target: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(target.removeprefix("sqlite:///"))) as made:
        return made.execute("SELECT id FROM t ORDER BY id").fetchall()


# Longer, so that it is the source which is waited for on a busy machine too.
@pytest.mark.parametrize("slow", [4 * DELAY_S], indirect=True)
@pytest.mark.usefixtures("slow")
def test_what_is_left_of_a_long_range_is_moved_by_all_workers(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {}
    for name in ("as it is", "evened out"):
        target = f"sqlite:///{tmp_path / name}.db"
        with monkeypatch.context() as patch:
            if name == "as it is":
                patch.setattr(directing, "to_split", lambda standing, seconds: None)
            plan = planned(source, target)
            output, notes = moved(given(source, target, plan=plan, report_seconds=0.2))
        took[name] = sum(data["seconds"] for kind, data in notes if kind == "metrics")

        assert output["verified"]
        assert len(set(rows_of(target))) == len(rows_of(target)) == ROWS
        cuts = [data for kind, data in notes if kind == "answer_to_load" and "parts" in data]
        assert bool(cuts) == (name == "evened out")

    assert took["evened out"] < 0.7 * took["as it is"], took


@pytest.mark.usefixtures("slow")
def test_each_round_says_how_much_was_moved_and_what_it_waited_for(
    source: str, tmp_path: Path
) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    plan = planned(source, target, ranges=1, parallel=1)

    _, notes = moved(given(source, target, plan=plan, report_seconds=0.3))

    metrics = [data for kind, data in notes if kind == "metrics"]
    assert len(metrics) >= 2
    assert metrics[-1]["rows"] == ROWS and metrics[-1]["rows_left"] == 0
    assert all(one["rows_per_second"] > 0 for one in metrics)
    assert sum(one["source_seconds"] for one in metrics) >= ROWS / 100 * DELAY_S


@pytest.mark.usefixtures("slow")
def test_outside_of_its_window_a_migration_waits(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    plan = planned(source, target)
    opens = datetime.now(UTC) + timedelta(seconds=3)
    window = f"{opens:%H:%M:%S}-{opens + timedelta(hours=1):%H:%M:%S}"

    async def look(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
        async for stored in session.events():
            if type(stored.event).__name__ == "TimerSet":
                break
        assert rows_of(target) == []

    output, notes = moved(given(source, target, plan=plan, window=window), look)

    assert output["verified"]
    (resting,) = [data for kind, data in notes if kind == "resting"]
    assert resting["until_ms"] == int(opens.timestamp()) * 1000


@pytest.mark.usefixtures("slow")
def test_moving_ends_with_the_window_and_goes_on_with_the_next(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    plan = planned(source, target, ranges=1, parallel=1)
    began = time.time()

    def until(window: Window, now_ms: int) -> tuple[bool, int]:
        """A window that is open in each even third of a second."""
        third, past = divmod(now_ms - int(began * 1000), 300)
        return third % 2 == 0, now_ms - past + 300

    monkeypatch.setattr(Window, "until", until)

    window = "22:00-05:00 Europe/Madrid"
    output, notes = moved(given(source, target, plan=plan, window=window))

    assert output["verified"]
    assert len([kind for kind, _ in notes if kind == "resting"]) >= 1
    assert len(rows_of(target)) == ROWS


async def until_asked(session: tenuto.Session, node: str) -> int:
    async with asyncio.timeout(60):
        async for stored in session.events():
            event: Any = stored.event
            if type(event).__name__ == "TaskStarted" and event.node == node:
                return int(event.task)
    raise AssertionError("it ended without asking")


@pytest.mark.usefixtures("slow")
def test_a_deadline_that_will_be_missed_is_told_and_one_that_passes_is_asked_about(
    source: str, tmp_path: Path
) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    plan = planned(source, target, ranges=1, parallel=1)

    async def go_on(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
        task = await until_asked(session, "late")
        assert 0 < len(rows_of(target)) < ROWS
        await session.approve(task=task, by="ada", data={"deadline": "9h"})

    inputs = given(source, target, plan=plan, deadline="900ms", report_seconds=0.2)
    output, notes = moved(inputs, go_on)

    assert output["verified"]
    alerts = [data["kind"] for kind, data in notes if kind == "alert"]
    assert alerts[0] == "deadline_at_risk" and "deadline_passed" in alerts
    assert ("deadline", {"by": "ada", "deadline": "9h"}) in notes


@pytest.mark.usefixtures("slow")
def test_a_deadline_after_which_nobody_wants_to_go_on_takes_everything_back(
    source: str, tmp_path: Path
) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    plan = planned(source, target, ranges=1, parallel=1)

    async def stop(runtime: tenuto.Runtime, session: tenuto.Session) -> None:
        await session.deny(task=await until_asked(session, "late"), by="ada")

    inputs = given(source, target, plan=plan, deadline="600ms", on_failure="roll_back")
    with pytest.raises(tenuto.SessionFailedError, match="not to go on"):
        moved(inputs, stop)

    with contextlib.closing(sqlite3.connect(tmp_path / "new.db")) as there:
        query = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"
        assert there.execute(query).fetchall() == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("window", "night"), ("window", "22:00-05:00 Nowhere/X"), ("deadline", "soon")],
)
def test_a_limit_that_is_none_is_told_before_anything_is_written(
    option: str, value: str, source: str, tmp_path: Path
) -> None:
    with pytest.raises(tenuto.SessionFailedError) as caught:
        moved(given(source, f"sqlite:///{tmp_path / 'new.db'}", **{option: value}))

    assert caught.value.failure.code == "limit_wrong"
    assert "Write" in caught.value.failure.message
