"""Each damage done to a target behind its back is found, and its place is named."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tenuto.teams.migration.kora.verification import Verification, verify
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.kora.damages import (
    CELLS,
    DECLARATIONS,
    HARMLESS,
    ROWS,
    SALES,
    SHOP,
    Damage,
)
from tests.teams.migration.kora.moved import moved, opened


def shop(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
        connection.executescript(SHOP + "CREATE TABLE tag2 (id INTEGER PRIMARY KEY);")
        connection.executemany("INSERT INTO sale VALUES (?, ?, ?, ?, ?)", SALES)
    return f"sqlite:///{folder / 'shop.db'}"


def after(*damages: str) -> Verification:
    """Return what is found in a target to which something was done."""
    with TemporaryDirectory() as folder, fresh_database() as url:
        source = shop(Path(folder))
        plan = moved(source, url)
        with psycopg.connect(url) as connection:
            for damage in damages:
                for statement in damage.split(";"):
                    connection.execute(done(connection, statement).encode())
        with opened(source, url) as (left, right):
            return verify(left, right, plan, made=False)


def done(connection: psycopg.Connection, damage: str) -> str:
    """Return the SQL of a damage to a constraint, whose name is looked up."""
    kind, _, what = damage.partition(":")
    table, _, column = what.partition(".")
    if kind == "unique":
        rows = connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass "
            "AND indisunique AND NOT indisprimary",
            (table,),
        ).fetchall()
        return f"DROP INDEX {rows[0][0]}"
    if kind not in ("check", "foreign", "action"):
        return damage
    rows = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE "
        "conrelid = %s::regclass AND contype = %s",
        (table, "c" if kind == "check" else "f"),
    ).fetchall()
    name, words = next(row for row in rows if f"({column}" in row[1] or not column)
    dropped = f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'
    if kind != "action":
        return dropped
    words = re.sub(r"ON DELETE CASCADE", "ON DELETE SET NULL", words)
    return f'{dropped}, ADD CONSTRAINT "{name}" {words}'


@cache
def found_in(group: str) -> Verification:
    groups = {"cells": CELLS, "rows": ROWS, "declarations": DECLARATIONS}
    return after(*(damage.sql for damage in groups[group].values()))


def is_found(found: Verification, damage: Damage) -> bool:
    """Return whether a defect is named at the place of a damage."""
    return any(
        difference.verdict == "defect" and difference.place.startswith(damage.place)
        for check in found.checks
        if check.name == damage.check
        for difference in check.differences
    )


@needs_postgres
@pytest.mark.parametrize("name", CELLS)
def test_a_damage_to_a_value_is_found(name: str) -> None:
    assert is_found(found_in("cells"), CELLS[name])


@needs_postgres
@pytest.mark.parametrize("name", ROWS)
def test_a_damage_to_rows_is_found(name: str) -> None:
    assert is_found(found_in("rows"), ROWS[name])


@needs_postgres
@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_damage_to_a_declaration_is_found(name: str) -> None:
    assert is_found(found_in("declarations"), DECLARATIONS[name])


@needs_postgres
def test_nothing_else_is_found_than_what_was_done_to_values() -> None:
    damages = {damage.place for damage in CELLS.values()}
    # Swapping touches two cells.
    damages |= {"customer.email [id=2]", "item.weight [id=6]"}

    rows = [check for check in found_in("cells").checks if check.name == "rows"]

    assert {one.place for check in rows for one in check.differences} == damages


@needs_postgres
def test_what_does_no_harm_raises_no_alarm() -> None:
    found = after(*HARMLESS.values())

    assert found.defects == ()
    assert found.verified


@needs_postgres
def test_a_doubled_row_is_found_where_the_key_is_gone() -> None:
    found = after(
        "ALTER TABLE sale DROP CONSTRAINT sale_pkey",
        "unique:sale",
        "INSERT INTO sale SELECT * FROM sale WHERE id = 100",
    )

    told = [one for one in found.defects if one.what == "doubled"]
    assert [one.place for one in told] == ["sale [id=100]"]
