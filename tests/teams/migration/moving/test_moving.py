"""Rows of SQLite arrive in PostgreSQL, each once, or are put aside with the reason."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tenuto.teams.migration.moving import checkpoints, quarantine
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.moving.ground import column, made, moved, opened, plan_of, sqlite_file

pytestmark = needs_postgres

KINDS = plan_of(
    column("id", "integer", nullable=False),
    column("name", "text"),
    column("price", "decimal"),
    column("day", "date"),
    column("data", "bytes"),
)
TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC, day TEXT, data BLOB)"


@pytest.fixture
def target() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def test_a_table_arrives_with_a_checkpoint_for_each_batch(tmp_path: Path, target: str) -> None:
    rows = [(number, f"name {number}", number / 100, "2024-02-29", b"\0") for number in range(250)]
    url = sqlite_file(tmp_path / "a.db", TABLE, rows)

    with opened(url, target) as (source, there):
        made(there, KINDS)
        (result,) = moved(source, there, KINDS)
        found = there.query("SELECT * FROM t ORDER BY id").rows
        kept = checkpoints.of_range(there, "m", "t", 0)

    assert result.failure is None and (result.read, result.loaded) == (250, 250)
    assert found[7] == (7, "name 7", Decimal("0.07"), datetime.date(2024, 2, 29), b"\0")
    assert [row[0] for row in found] == list(range(250))
    assert sum(batch.read for batch in kept) == 250 and kept[-1].last
    assert kept[0].first_key == (0,)


def test_what_is_at_its_end_is_not_moved_again(tmp_path: Path, target: str) -> None:
    url = sqlite_file(tmp_path / "a.db", TABLE, [(1, "a", 1, None, None)])

    with opened(url, target) as (source, there):
        made(there, KINDS)
        first = moved(source, there, KINDS)
        again = moved(source, there, KINDS)
        count = there.query("SELECT count(*) FROM t").rows

    assert (first[0].loaded, again[0].loaded) == (1, 1)
    assert count == [(1,)]


def test_words_blobs_and_broken_texts_are_put_aside_as_they_were(
    tmp_path: Path, target: str
) -> None:
    rows: list[tuple[object, ...]] = [(number, "a", 1, None, None) for number in range(10)]
    rows += [
        (10, b"ab", 1, None, None),
        (11, "a\0b", 1, None, None),
        (12, "a", "12abc", None, None),
    ]
    rows += [(13, "a", 0.125, None, None), (14, "a", 1, "0000-00-00", None), (15, "a", 1, None, 5)]
    url = sqlite_file(tmp_path / "a.db", TABLE, rows)

    with opened(url, target) as (source, there):
        made(there, KINDS)
        (result,) = moved(source, there, KINDS)
        kept = quarantine.kept(there, "m", "t")

    assert result.failure is None
    assert (result.read, result.loaded, result.quarantined) == (16, 10, 6)
    assert [(row.key, row.column) for row in kept] == [
        ((10,), "name"), ((11,), "name"), ((12,), "price"), ((13,), "price"), ((14,), "day"),
        ((15,), "data"),
    ]  # fmt: skip
    assert [kept[0].original["name"], kept[2].original["price"]] == [
        ["blob", "6162"],
        ["text", "12abc"],
    ]
