"""Plans that fill tables which are there already."""

import sqlite3
from contextlib import closing

import pytest

from tenuto.teams.migration.architect import make_plan
from tenuto.teams.migration.matching import Matching, match, plan_onto
from tenuto.teams.migration.plan import Change, Plan
from tenuto.teams.migration.schema import Annotated, Schema
from tenuto.teams.migration.scout import survey
from tests.teams.migration.asked import Asked

OLD = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, birth_date TEXT,
  street TEXT, zip TEXT, city TEXT, active CHAR(1), shoe_size INT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customer(id),
  ordered DATETIME, total REAL);
"""
NEW = """
CREATE TABLE bestellung (bestell_nr INTEGER PRIMARY KEY, kunden_nr INT REFERENCES kunde(kunden_nr),
  bestelldatum DATETIME, gesamtbetrag DECIMAL(12,2), waehrung TEXT NOT NULL);
CREATE TABLE kunde (kunden_nr INTEGER PRIMARY KEY, name TEXT, geburtsdatum DATE, aktiv BOOLEAN);
CREATE TABLE anschrift (kunden_nr INTEGER PRIMARY KEY REFERENCES kunde(kunden_nr), strasse TEXT,
  plz TEXT, ort TEXT);
"""


def described(script: str) -> Schema:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        return Asked(connection).describe()


@pytest.fixture(scope="module")
def old() -> Annotated:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(OLD)
        for n in range(1, 41):
            connection.execute(
                "INSERT INTO customer VALUES (?, 'Ann', 'Lee', ?, 'Elm 1', '01067', 'Ulm', ?, 40)",
                (n, f"{n % 19 + 10}.01.1990", "YN"[n % 2]),
            )
            connection.execute(
                "INSERT INTO orders VALUES (?, ?, '2021-01-01 10:00:00', ?)", (n, n, n / 4)
            )
        return survey(Asked(connection))


@pytest.fixture(scope="module")
def found(old: Annotated) -> Matching:
    return match(old, described(NEW))


@pytest.fixture(scope="module")
def plan(old: Annotated, found: Matching) -> Plan:
    made = make_plan(old, target_system="sqlite", source="a", target="b")
    return plan_onto(made, found, described(NEW))


def test_a_table_that_was_cut_in_two_is_found_twice(found: Matching) -> None:
    assert found.tables["kunde"][0] == found.tables["anschrift"][0] == "customer"
    assert found.matches["anschrift.ort"].sources == ("customer.city",)


def test_parts_of_a_name_are_joined(found: Matching) -> None:
    name = found.matches["kunde.name"]

    assert name.sources == ("customer.first_name", "customer.last_name")
    assert name.changes == (Change(do="join", options={"separator": " "}),)


def test_a_whole_name_is_split() -> None:
    whole = described("CREATE TABLE person (id INTEGER PRIMARY KEY, full_name TEXT, email TEXT)")
    parts = described(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT)"
    )

    found = match(Annotated(schema=whole, columns={}), parts).matches

    assert found["people.first_name"].changes[0].options["part"] == 0
    assert found["people.last_name"].changes[0].options["part"] == -1


def test_values_are_read_as_the_survey_found_them(plan: Plan) -> None:
    columns = {column.name: column for column in plan.table("kunde").columns}

    assert [change.do for change in columns["geburtsdatum"].changes] == ["date"]
    assert [change.do for change in columns["aktiv"].changes] == ["boolean"]
    assert columns["name"].sources == ("first_name", "last_name")


def test_tables_come_in_the_order_of_the_target_and_are_not_dropped(plan: Plan) -> None:
    assert [table.name for table in plan.tables] == ["kunde", "anschrift", "bestellung"]
    assert {table.rollback for table in plan.tables} == {"delete"}


def test_what_goes_nowhere_and_what_nothing_is_found_for_is_named(plan: Plan) -> None:
    assert plan.left_out["customer.shoe_size"] == "The target has no column for it."
    assert "no row can be loaded" in plan.left_out["bestellung.waehrung"]


def test_values_tell_columns_apart_whose_names_say_nothing() -> None:
    def with_rows(names: tuple[str, str]) -> Annotated:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(f"CREATE TABLE t ({names[0]} TEXT, {names[1]} TEXT)")
            connection.executemany(
                "INSERT INTO t VALUES (?, ?)", [(f"a{n}@example.org", str(n)) for n in range(40)]
            )
            schema = Asked(connection).describe()
            return Annotated(schema=schema, columns=survey(Asked(connection)).columns)

    one = with_rows(("fa", "fb"))
    other = with_rows(("x1", "x2"))

    assert match(one, other).matches["t.x1"].sources == ("t.fa",)
