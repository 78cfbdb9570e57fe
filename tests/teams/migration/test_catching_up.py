"""A target that was filled is brought to where its source is now, whatever was done there."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

import tenuto
from tenuto.teams.migration import kora
from tenuto.teams.migration.catching_up import catch_up_workflow, counting_on
from tenuto.teams.migration.moving import kept
from tenuto.teams.migration.moving.following import Following, follow
from tenuto.teams.migration.recovery.building import build_all
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.dying import CATCHING_UP, run_to_death
from tests.teams.migration.existing_shop import made, old_shop, rows, run
from tests.teams.migration.kora.moved import moved, opened
from tests.teams.migration.shop import given
from tests.teams.migration.systems import on_each_system, target_of
from tests.teams.migration.test_onto import onto
from tests.teams.migration.test_team import migrated

CHANGES: Final = """
INSERT INTO orders VALUES (500, 1, '2025-01-01', 12.5), (501, 2, '2025-01-01', 13);
UPDATE orders SET total = 99 WHERE order_id = 5;
DELETE FROM orders WHERE order_id IN (7, 8);
UPDATE customer SET email = 'x' WHERE customer_id = 1;
UPDATE customer SET email = 'jo1@example.org' WHERE customer_id = 2;
UPDATE customer SET email = 'jo2@example.org' WHERE customer_id = 1;
INSERT INTO orders VALUES (502, 777, '2025-01-01', 1);
DELETE FROM orders WHERE customer_id = 9;
DELETE FROM customer WHERE customer_id = 9;
"""
"""Rows come, change and go; two customers swap what each has alone; an order names nobody."""


def changed(source: str, script: str = CHANGES) -> None:
    with contextlib.closing(sqlite3.connect(source.removeprefix("sqlite:///"))) as file, file:
        file.executescript(script)


def caught_up(source: str, target: str, **more: Any) -> dict[str, Any]:
    inputs = given(source, target, **more)
    del inputs["approve"]
    output = tenuto.run(catch_up_workflow(), inputs, db="memory://", timeout=120)
    assert isinstance(output, dict)
    return output


@pytest.mark.parametrize("by", ["marks", "comparison"])
@on_each_system
def test_what_was_done_to_the_source_is_done_to_the_target(
    system: str, by: str, tmp_path: Path
) -> None:
    source = old_shop(tmp_path, more="CREATE UNIQUE INDEX one ON customer (email)")
    with target_of(system, tmp_path) as target:
        migrated(**given(source, target, learn=False))
        changed(source)

        output = caught_up(source, target, by=by)
        again = caught_up(source, target, by="comparison")

        assert output["verified"] and output["gave_way"] == {"orders": 1}
        assert rows(target, "SELECT email FROM customer WHERE customer_id = 2") == [
            ("jo1@example.org",)
        ]
        assert again["verified"]
        assert sum(table["deleted"] for table in again["tables"].values()) == 0
        # The order that names nobody is tried again each time, and nothing else.
        assert {name: one["rows"] for name, one in again["tables"].items() if one["rows"]} == {
            "orders": 1
        }


@on_each_system
def test_a_target_that_had_its_schema_before_is_followed_as_well(
    system: str, tmp_path: Path
) -> None:
    source = old_shop(tmp_path)
    with target_of(system, tmp_path) as target:
        migrated(**onto(source, made(target)))
        changed(source)
        changed(source, "UPDATE employee SET full_name = 'Zoë Ek' WHERE employee_id = 3")

        output = caught_up(source, target)

        assert output["verified"] and output["gave_way"] == {"bestellung": 1}
        split = "SELECT vorname, nachname FROM mitarbeiter WHERE mitarbeiter_nr = 3"
        assert rows(target, split) == [("Zoë", "Ek")]
        assert rows(target, "SELECT count(*) FROM anschrift WHERE kunden_nr = 9") == [(0,)]


def dated(folder: Path) -> str:
    """Return the address of a table whose rows tell when they were changed."""
    url = f"sqlite:///{folder / 'dated.db'}"
    run(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, updated_at TIMESTAMP)")
    for number in range(1, 101):
        at = f"2024-01-01 {number % 10 + 10}:00:00"
        run(url, f"INSERT INTO t VALUES ({number}, 'n{number}', '{at}')")
    return url


def test_rows_that_tell_when_they_were_changed_are_followed_by_that(tmp_path: Path) -> None:
    source, target = dated(tmp_path), f"sqlite:///{tmp_path / 'target.db'}"
    migrated(**given(source, target, learn=False))
    changed(
        source,
        "UPDATE t SET name = 'new', updated_at = '2024-01-02 08:00:00' WHERE id = 5;"
        "INSERT INTO t VALUES (200, 'late', '2024-01-01 18:58:00');"
        "UPDATE t SET name = 'within', updated_at = '2024-01-01 18:56:00' WHERE id = 6;",
    )

    output = caught_up(source, target)

    table = output["tables"]["t"]
    assert output["verified"] and table["by"] == "marks"
    # Three changed, and ten are of the latest moment itself.
    assert table["rows"] == 13


def test_changes_that_no_mark_tells_are_found_by_comparison(tmp_path: Path) -> None:
    source, target = dated(tmp_path), f"sqlite:///{tmp_path / 'target.db'}"
    migrated(**given(source, target, learn=False))
    changed(source, "UPDATE t SET name = 'secret' WHERE id = 5; DELETE FROM t WHERE id = 6")

    output = caught_up(source, target)

    table = output["tables"]["t"]
    assert output["verified"] and table["by"] == "comparison" and table["deleted"] == 2


def test_a_target_that_keeps_no_plan_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    source, target = dated(tmp_path), f"sqlite:///{tmp_path / 'target.db'}"
    run(target, "CREATE TABLE t (id INTEGER PRIMARY KEY)")

    with pytest.raises(tenuto.SessionFailedError, match="--plan") as caught:
        caught_up(source, target)

    assert caught.value.failure.code == "no_plan"


def test_the_target_keeps_the_plan_that_was_carried_out_and_the_marks_of_its_beginning(
    tmp_path: Path,
) -> None:
    source, target = dated(tmp_path), f"sqlite:///{tmp_path / 'target.db'}"
    migrated(**given(source, target, learn=False))

    with opened(source, target) as (_, right):
        known = kept.kept(right)

    assert known is not None and [table.name for table in known.plan.tables] == ["t"]
    assert known.marks["t"] == kept.Mark(
        column="id", last=100, moment_column="updated_at", moment="2024-01-01 19:00:00"
    )


CHILDREN: Final = (
    "CREATE TABLE child (a TEXT NOT NULL, b INTEGER NOT NULL, of INTEGER REFERENCES parent (id), "
    "PRIMARY KEY (a, b))"
)
START: Final = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE, number INTEGER)",
    CHILDREN,
    "CREATE TABLE loose (word TEXT)",
    *(f"INSERT INTO parent VALUES ({n}, 'c{n}', {n * 10})" for n in range(1, 7)),
    *(f"INSERT INTO child VALUES ('é{n}', {n}, {n})" for n in range(1, 6)),
    "INSERT INTO loose VALUES ('a'), ('a'), (NULL)",
)
IDS = st.integers(1, 9)
CODES = st.sampled_from(["c1", "c2", "c3", "x", "y"])
STEPS = st.lists(
    st.one_of(
        st.builds("INSERT OR REPLACE INTO parent VALUES ({}, '{}', {})".format, IDS, CODES, IDS),
        st.builds("INSERT OR REPLACE INTO parent VALUES ({}, NULL, 'word')".format, IDS),
        st.builds("UPDATE OR IGNORE parent SET code = '{}' WHERE id = {}".format, CODES, IDS),
        st.builds("UPDATE OR IGNORE parent SET id = {} WHERE id = {}".format, IDS, IDS),
        st.builds("DELETE FROM parent WHERE id = {}".format, IDS),
        st.builds("INSERT OR REPLACE INTO child VALUES ('é{}', {}, {})".format, IDS, IDS, IDS),
        st.builds("UPDATE child SET of = {} WHERE b = {}".format, IDS, IDS),
        st.builds("DELETE FROM child WHERE b = {}".format, IDS),
        st.builds("INSERT INTO loose VALUES ('{}')".format, CODES),
        st.just("DELETE FROM loose WHERE rowid = (SELECT max(rowid) FROM loose)"),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given_any(rounds=st.lists(STEPS, min_size=1, max_size=2), by_marks=st.booleans())
def test_whatever_is_done_to_the_source_ends_in_a_verified_target(
    rounds: list[list[str]], by_marks: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"sqlite:///{folder}/a.db", f"sqlite:///{folder}/b.db"
        run(source, *START)
        plan = moved(source, target)
        for number, steps in enumerate(rounds):
            run(source, *steps)
            with opened(source, target) as (left, right):
                for table in plan.tables:
                    where = "id > 6" if by_marks and table.name == "parent" else None
                    for condition in (where, None):
                        one = Following(
                            migration=f"c{number}", plan=plan, table=table.name, where=condition
                        )
                        follow(left, right, one)
                plan = counting_on(plan, left.describe())
                build_all(right, plan, migration="c", on_error="quarantine", again=True)
                found = kora.verify(left, right, plan, made=False)
            assert found.verified, found.defects


@needs_postgres
@pytest.mark.slow
def test_it_is_killed_again_and_again_and_ends_as_if_it_never_was(tmp_path: Path) -> None:
    chance, kills = random.Random(5), 0
    source = old_shop(tmp_path)
    with fresh_database() as target:
        migrated(**given(source, target, learn=False))
        changed(source)
        inputs = given(source, target)
        del inputs["approve"]
        while True:
            db, commits = tmp_path / "tenuto.db", chance.randint(1, 3)
            ended = run_to_death(db, inputs, commits, team=CATCHING_UP)
            if ended.returncode != -signal.SIGKILL:
                break
            kills += 1
        assert ended.returncode == 0, ended.stderr
        output = json.loads(ended.stdout)

        assert kills >= 4
        assert output["verified"]
        keys = rows(target, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'")
        assert keys == [(3,)]
