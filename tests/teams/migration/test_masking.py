"""Values that are to be out of sight: each mask does what it is called, and what was masked is told
nowhere."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import tenuto
from tenuto.teams.migration import team

PEOPLE = [(n, f"ada{n}@example.org", f"+34 600 000 {n:03}") for n in range(40)]
QUERIES = """
SELECT email, count(*) FROM people GROUP BY email ORDER BY email;
SELECT max(phone) FROM people;
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TENUTO_MASK_KEY", "only for tests")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, phone TEXT)")
        old.executemany("INSERT INTO people VALUES (?, ?, ?)", PEOPLE)
        old.commit()
    return f"sqlite:///{tmp_path / 'old.db'}"


def masked(tmp_path: Path, column: str) -> list[str | None]:
    with closing(sqlite3.connect(tmp_path / "new.db")) as new:
        return [value for (value,) in new.execute(f"SELECT {column} FROM people ORDER BY id")]


def inputs(source: str, tmp_path: Path, **masks: str) -> dict[str, object]:
    return {
        "source": source,
        "target": f"sqlite:///{tmp_path / 'new.db'}",
        "approve": False,
        "learn": False,
        "mask": masks,
    }


@pytest.mark.parametrize(
    ("way", "first"),
    [("null", None), ("partial", "+*************0"), ("hash", None), ("shape", None)],
)
def test_a_mask_does_what_it_is_called(
    way: str, first: str | None, source: str, tmp_path: Path
) -> None:
    given = inputs(source, tmp_path, phone=way)

    output = tenuto.run(team.workflow, given, db="memory://", timeout=60)

    assert isinstance(output, dict) and output["verified"]
    values = masked(tmp_path, "phone")
    if way in ("null", "partial"):
        assert values[0] == first
    elif way == "hash":
        assert all(value and len(value) == 32 for value in values)
    else:
        assert all(value and value[0] == "+" and value.count(" ") == 3 for value in values)
    assert not {phone for _, _, phone in PEOPLE} & set(values)


def test_what_was_masked_stands_in_no_event_and_in_no_report(source: str, tmp_path: Path) -> None:
    # Given queries that read masked columns, whose answers cannot be the same
    workload = tmp_path / "queries.sql"
    workload.write_text(QUERIES, "utf-8")
    given = {**inputs(source, tmp_path, email="hash", phone="partial"), "workload": str(workload)}

    async def main() -> str:
        async with tenuto.open(f"sqlite:///{tmp_path / 'tenuto.db'}") as runtime:
            session = await runtime.start(team.workflow, given)
            output = await session.result(60)
            assert isinstance(output, dict) and output["verified"]
            logs = [
                [stored async for stored in runtime.session(head.session).events(follow=False)]
                for head in await runtime.sessions()
            ]
            assert len(logs) > 2, "who plans and who moves have sessions of their own"
            return f"{output['report']} {logs}"

    # When the database was moved and verified
    told = asyncio.run(main())

    # Then they are told of as expected, without what they gave
    assert "query 1" in told and "masked" in told
    assert "example.org" not in told and "600 000" not in told
