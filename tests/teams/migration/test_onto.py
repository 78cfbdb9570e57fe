"""Targets that have their schema already: redesigned shops, filled and proven."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import tenuto
from tenuto.teams.migration import planfile, team
from tenuto.teams.migration.plan import Change
from tests.teams.migration.existing_shop import (
    CUSTOMERS,
    NEW,
    ORDERS,
    STAFF,
    made,
    old_shop,
    rows,
    run,
)
from tests.teams.migration.shop import given
from tests.teams.migration.systems import on_each_system, target_of
from tests.teams.migration.test_team import migrated, refusal, until_asked


def onto(source: str, target: str, **more: Any) -> dict[str, Any]:
    return given(source, target, onto=True, learn=False, **more)


@on_each_system
def test_a_redesigned_shop_is_filled_and_proven(system: str, tmp_path: Path) -> None:
    source = old_shop(tmp_path)
    with target_of(system, tmp_path) as target:
        output = migrated(**onto(source, made(target)))

        assert output["verified"], output
        moved = {name: table["rows"] for name, table in output["moved"].items()}
        assert moved == {
            "bestellung": ORDERS, "kunde": CUSTOMERS, "anschrift": CUSTOMERS, "mitarbeiter": STAFF,
        }  # fmt: skip
        assert rows(target, "SELECT name FROM kunde WHERE kunden_nr = 3") == [("Jo3 Doe3",)]
        split = "SELECT vorname, nachname, vorgesetzter FROM mitarbeiter WHERE mitarbeiter_nr = 1"
        assert rows(target, split) == [("Ann", "Lee1", STAFF)]
        assert "customer.shoe\\_size" in output["report"]
        assert output["built"]["unbuilt"] == []


@on_each_system
def test_what_it_promised_it_promises_afterwards(system: str, tmp_path: Path) -> None:
    source = old_shop(tmp_path, more="INSERT INTO orders VALUES (999, 777, '2024-01-01', 1)")
    with target_of(system, tmp_path) as target:
        made(target, deferred="" if "mariadb" in target else " DEFERRABLE INITIALLY DEFERRED")
        before = promises(target)

        output = migrated(**onto(source, target))

        assert output["verified"], output
        assert promises(target) == before
        (gave_way,) = output["built"]["gave_way"]
        assert (gave_way["table"], gave_way["rows"]) == ("bestellung", 1)
        kept = rows(target, "SELECT table_name, original FROM tenuto_quarantine")
        assert [name for name, _ in kept] == ["bestellung"] and "777" in str(kept)


def promises(url: str) -> list[object]:
    """Return what a database declares of the tables of the shop, as it says it itself."""
    if "postgresql" in url:
        return list(
            rows(
                url,
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
                "FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
                "AND conrelid::regclass::text NOT LIKE 'tenuto%' ORDER BY 1, 2",
            )
        )
    names = ("bestellung", "kunde", "anschrift", "mitarbeiter")
    if "sqlite" in url:
        return [rows(url, f"SELECT sql FROM sqlite_schema WHERE name = '{name}'") for name in names]
    return [rows(url, f"SHOW CREATE TABLE {name}") for name in names]


def test_tables_with_rows_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    source, target = old_shop(tmp_path), made(f"sqlite:///{tmp_path / 'new.db'}")
    run(target, "INSERT INTO mitarbeiter VALUES (1, 'A', 'B', NULL, '2020-01-01')")

    error = refusal(**onto(source, target))

    assert "'mitarbeiter'" in error.failure.message
    assert tables_of(target) == {"bestellung", "kunde", "anschrift", "mitarbeiter"}


def tables_of(url: str) -> set[object]:
    return {name for (name,) in rows(url, "SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_tables_with_rows_that_are_excluded_stay_as_they_are(tmp_path: Path) -> None:
    source, target = old_shop(tmp_path), made(f"sqlite:///{tmp_path / 'new.db'}")
    staff = [f"({n}, 'A', 'B', NULL, '2020-01-01')" for n in range(1, STAFF + 1)]
    run(target, f"INSERT INTO mitarbeiter VALUES {', '.join(staff)}")

    output = migrated(**onto(source, target, exclude=["mitarbeiter"]))

    assert output["verified"], output
    assert "mitarbeiter" not in output["moved"]
    assert rows(target, "SELECT count(*), min(vorname) FROM mitarbeiter") == [(STAFF, "A")]


def test_a_target_without_tables_is_refused(tmp_path: Path) -> None:
    error = refusal(**onto(old_shop(tmp_path), f"sqlite:///{tmp_path / 'new.db'}"))

    assert error.failure.code == "target_empty"


def test_a_target_with_tables_is_refused_where_nobody_said_to_fill_it(tmp_path: Path) -> None:
    target = made(f"sqlite:///{tmp_path / 'new.db'}")

    error = refusal(**given(old_shop(tmp_path), target))

    assert error.failure.code == "target_not_empty" and "onto" in error.failure.message


NEEDED = NEW.replace("bestelldatum DATE NOT NULL,", "waehrung CHAR(3) NOT NULL, bestelldatum DATE,")


def test_a_column_that_needs_a_value_is_asked_about_and_the_answer_is_done(tmp_path: Path) -> None:
    async def main() -> dict[str, Any]:
        target = made(f"sqlite:///{tmp_path / 'new.db'}", NEEDED)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, onto(old_shop(tmp_path), target))
            task = await until_asked(session, "ask")
            (question,) = (await asked_plan(session))["questions"]
            assert question["id"] == "bestellung.waehrung"
            assert "takes no NULL" in question["text"]
            assert question["choices"][-2:] == ["always ''", "leave the table out"]
            answers = {"bestellung.waehrung": "leave the table out"}
            await session.approve(task=task, by="ada", data={"answers": answers})
            output = await session.result(60)
        assert isinstance(output, dict)
        return output

    output = asyncio.run(main())

    assert output["verified"] and set(output["moved"]) == {"kunde", "anschrift", "mitarbeiter"}


async def asked_plan(session: tenuto.Session) -> dict[str, Any]:
    state: Any = await session.state()
    plan: dict[str, Any] = state.values["plan"]
    return plan


def test_an_edited_plan_is_carried_out_and_proven(tmp_path: Path) -> None:
    source, target = old_shop(tmp_path), made(f"sqlite:///{tmp_path / 'new.db'}", NEEDED)
    text = migrated(**onto(source, target, dry_run=True))["yaml"]
    plan = planfile.load(text)
    assert planfile.dump(plan) == text
    constant = Change(do="default", options={"value": "EUR"})
    tables = tuple(
        replace(
            table,
            columns=tuple(
                replace(column, changes=(constant,), decided_by="person", confidence=1.0)
                if column.name == "waehrung"
                else column
                for column in table.columns
            ),
        )
        for table in plan.tables
    )
    edited = planfile.dump(replace(plan, tables=tables, questions=()))

    output = migrated(**onto(source, target, plan=edited))

    assert output["verified"], output
    assert rows(target, "SELECT DISTINCT waehrung FROM bestellung") == [("EUR",)]


def test_a_plan_that_does_not_fit_the_target_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    source, target = old_shop(tmp_path), made(f"sqlite:///{tmp_path / 'new.db'}")
    text = migrated(**onto(source, target, dry_run=True))["yaml"]

    error = refusal(**onto(source, target, plan=text.replace("name: ort", "name: ortt")))

    assert error.failure.code == "plan_wrong" and "'ortt'" in error.failure.message
    assert tables_of(target) == {"bestellung", "kunde", "anschrift", "mitarbeiter"}


def test_what_is_masked_stays_masked_where_it_becomes_a_part_of_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_MASK_KEY", "secret")
    source, target = old_shop(tmp_path), made(f"sqlite:///{tmp_path / 'new.db'}")

    output = migrated(**onto(source, target, mask={"first_name": "hash", "full_name": "hash"}))

    assert output["verified"], output
    assert rows(target, "SELECT count(*) FROM kunde WHERE name LIKE '%Jo%'") == [(0,)]
    assert rows(target, "SELECT count(*) FROM mitarbeiter WHERE vorname = 'Ann'") == [(0,)]
