"""The whole team on the public face: an ugly shop into PostgreSQL, bad input, plans that people
look at."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import tenuto
from tenuto.teams.migration import team
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.shop import given, shop

pytestmark = [needs_postgres, pytest.mark.slow]


def migrated(**inputs: Any) -> dict[str, Any]:
    output = tenuto.run(team.workflow, inputs, db="memory://", timeout=120)
    assert isinstance(output, dict)
    return output


def refusal(**inputs: Any) -> tenuto.SessionFailedError:
    with pytest.raises(tenuto.SessionFailedError) as caught:
        tenuto.run(team.workflow, inputs, db="memory://", timeout=60)
    return caught.value


def tables_of(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return sorted(name for (name,) in rows)


def test_an_ugly_shop_is_moved_and_proven_and_what_does_not_fit_is_put_aside(
    tmp_path: Path,
) -> None:
    source = shop(tmp_path)
    with fresh_database() as target:
        output = migrated(**given(source, target))

        assert output["verified"], output
        rows = sum(table["rows"] + table["quarantined"] for table in output["moved"].values())
        with sqlite3.connect(source.removeprefix("sqlite:///")) as connection:
            counted = sum(
                connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_schema "
                    "WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                ).fetchall()
            )
        assert rows == counted
        with psycopg.connect(target) as connection:
            (aside,) = connection.execute("SELECT count(*) FROM tenuto_quarantine").fetchone() or ()
            (kept,) = connection.execute('SELECT count(*) FROM "order"').fetchone() or ()
        gone = {one["table"]: one["rows"] for one in output["built"]["gave_way"]}
        assert aside == sum(t["quarantined"] for t in output["moved"].values()) + sum(gone.values())
        assert kept == output["moved"]["order"]["rows"] - gone.get("order", 0)


def test_a_dry_run_gives_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    source = shop(tmp_path)
    with fresh_database() as target:
        output = migrated(**given(source, target, dry_run=True))

        assert "stock_moves" in output["yaml"]
        assert tables_of(target) == []


def test_a_target_that_is_not_empty_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = shop(tmp_path, moves=100)
    with fresh_database() as target:
        with psycopg.connect(target) as connection:
            connection.execute("CREATE TABLE mine (id int)")

        error = refusal(**given(source, target))

        assert error.failure.code == "target_not_empty"
        assert "'mine'" in error.failure.message and "Name an empty database" in str(error)
        assert tables_of(target) == ["mine"]


@pytest.mark.parametrize(
    ("address", "code", "says"),
    [
        ("sqlite:///nowhere.db", "cannot_connect", "nowhere.db"),
        ("postgresql://127.0.0.1:1/none", "cannot_connect", "127.0.0.1:1"),
        ("oracle://host/db", "unsupported", "sqlite://"),
        ("postgresql://tom:${NO_SUCH_VARIABLE}@127.0.0.1/x", "cannot_connect", "NO_SUCH_VARIABLE"),
    ],
)
def test_a_source_that_cannot_be_opened_is_told_at_once(
    address: str, code: str, says: str, tmp_path: Path
) -> None:
    error = refusal(**given(address, f"sqlite:///{tmp_path}/target.db"))

    assert error.failure.code == code
    assert says in error.failure.message


@pytest.mark.parametrize(
    "address",
    ["postgresql://tom:s3cr3t@host/db", "postgresql://host/db?user=tom&password=s3cr3t"],
)
def test_a_password_in_an_input_is_refused_and_stands_nowhere(address: str, tmp_path: Path) -> None:
    db = tmp_path / "sessions.db"
    inputs = {"source": address, "target": "sqlite:///x.db"}

    with pytest.raises(tenuto.TenutoError) as caught:
        tenuto.run(team.workflow, inputs, db=f"sqlite:///{db}", timeout=30)

    assert "s3cr3t" not in str(caught.value)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"s3cr3t" not in kept


def test_tables_that_are_not_there_are_told(tmp_path: Path) -> None:
    source = shop(tmp_path, moves=100)
    with fresh_database() as target:
        error = refusal(**given(source, target, tables=["no_such"]))

    assert "customers" in error.failure.message


Asked = Callable[[tenuto.Session], Awaitable[None]]


async def until_asked(session: tenuto.Session, node: str) -> int:
    """Return the number of the task that waits for a person, once it does."""
    async with asyncio.timeout(60):
        async for stored in session.events():
            event: Any = stored.event
            if type(event).__name__ == "TaskStarted" and event.node == node:
                return int(event.task)
    raise AssertionError("it ended without asking")


def test_a_plan_waits_until_somebody_has_approved_it(tmp_path: Path) -> None:
    async def main(target: str) -> None:
        inputs = given(shop(tmp_path, moves=100), target, approve=True)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, inputs)
            task = await until_asked(session, "ask")
            assert tables_of(target) == []
            await session.approve(task=task, by="ada")
            output = await session.result(60)
        assert isinstance(output, dict) and output["verified"]

    with fresh_database() as target:
        asyncio.run(main(target))


def test_a_plan_that_is_denied_writes_nothing(tmp_path: Path) -> None:
    async def main(target: str) -> None:
        inputs = given(shop(tmp_path, moves=100), target, approve=True)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, inputs)
            task = await until_asked(session, "ask")
            await session.deny(task=task, by="ada", note="not in May")
            with pytest.raises(tenuto.SessionFailedError, match="not approved: not in May"):
                await session.result(60)
        assert tables_of(target) == []

    with fresh_database() as target:
        asyncio.run(main(target))
