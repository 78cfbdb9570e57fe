"""What Scout finds in real databases."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import msgspec
import psycopg
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.schema import Annotated, ColumnNotes
from tenuto.teams.migration.scout import diagram, markdown, survey
from tests.mariadb import fresh_database as fresh_mariadb
from tests.mariadb import needs_mariadb
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.asked import Asked
from tests.teams.migration.samples import chinook, needs_samples
from tests.teams.migration.ugly import ugly


@pytest.fixture(scope="module")
def found() -> Iterator[Annotated]:
    with closing(ugly()) as connection:
        yield survey(Asked(connection))


def of(found: Annotated, name: str) -> ColumnNotes:
    return found.columns[name]


@pytest.mark.parametrize(
    ("column", "semantic", "kind"),
    [
        ("customer.email", "email", None),
        ("customer.newsletter", "flag", "boolean"),
        ("customer.active", "flag", "boolean"),
        ("customer.birth_date", "birth_date", "date"),
        ("customer.balance", "money", "decimal"),
        ("customer.settings", "json", "json"),
        ("customer.guid", "uuid", "uuid"),
        ("customer.country", "country_code", None),
        ("customer.status", "status", None),
        ("customer.phone", "phone", None),
        ("customer.joined", "created_at", "timestamptz"),
        ("customer.credit", "money", "decimal"),
        ("customer.plz", "postal_code", None),
        ("customer.id", "id", None),
        ("orders.customer_id", "foreign_id", None),
        ("orders.shipped", "date", "date"),
        ("orders.total", "money", None),
        ("orders.ordered", "date", None),
        ("orders.note", "note", None),
    ],
)
def test_a_column_is_known_by_its_name_and_its_values(
    found: Annotated, column: str, semantic: str, kind: str | None
) -> None:
    meaning = of(found, column).meaning

    assert meaning.kind == kind, meaning.evidence
    if column not in ("customer.joined", "orders.shipped", "orders.ordered"):
        assert meaning.semantic == semantic
        assert meaning.confidence >= 0.75


def test_a_kind_in_truth_says_on_what_it_stands(found: Annotated) -> None:
    assert "60 of 60 values are dates." in of(found, "customer.birth_date").meaning.evidence


def test_rows_that_are_named_and_not_there_are_counted(found: Annotated) -> None:
    assert of(found, "orders.customer_id").profile.orphans == 1


def test_bytes_that_are_no_utf8_and_dates_of_zeros_are_counted(found: Annotated) -> None:
    assert of(found, "orders.note").profile.patterns["not_utf8"] == 1
    assert of(found, "orders.shipped").profile.patterns["zero_date"] == 1


def test_the_longest_text_is_told_whatever_the_declared_length(found: Annotated) -> None:
    assert of(found, "customer.name").profile.length_max == 44


def test_digits_of_amounts_are_told(found: Annotated) -> None:
    profile = of(found, "customer.balance").profile

    assert (profile.digits_before, profile.digits_after) == (4, 2)


def test_of_what_tells_of_a_person_no_value_is_kept(found: Annotated) -> None:
    notes = of(found, "customer.email")

    assert notes.meaning.personal
    assert "example.org" not in msgspec.json.encode(notes).decode()


def test_a_survey_survives_the_way_to_json_and_back(found: Annotated) -> None:
    text = msgspec.json.encode(found)

    assert msgspec.json.decode(text, type=Annotated) == found
    assert json.loads(text)["schema"]["system"] == "sqlite"


def test_of_a_large_table_a_part_is_looked_at_but_its_ends_are_of_all() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, s TEXT)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?)",
            [(n, n if n != 901 else "word", "x" * (n == 905)) for n in range(1, 1001)],
        )
        found = survey(Asked(connection), sample=100)

    profile = found.columns["t.n"].profile
    assert profile.rows == 100
    assert not profile.whole
    assert profile.stored == {"integer": 999, "text": 1}
    assert found.columns["t.s"].profile.length_max == 1
    assert found.columns["t.id"].profile.greatest == 1000


def test_tables_that_are_not_asked_for_are_only_described() -> None:
    with closing(ugly()) as connection:
        found = survey(Asked(connection), tables=["cust*"])

    assert {name.partition(".")[0] for name in found.columns} == {"customer"}
    assert len(found.schema.tables) == 2


@needs_postgres
def test_postgresql_is_looked_into_as_well() -> None:
    with fresh_database() as url, psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE p (id int PRIMARY KEY, born text, at timestamptz, j jsonb, b bytea,"
            " f boolean, n numeric, a int[], u uuid, t time)"
        )
        connection.execute(
            "INSERT INTO p SELECT n, '1990-01-' || lpad((n % 28 + 1)::text, 2, '0'),"
            " 'infinity', '{}', '\\x00', true, n / 4.0, '{1}', gen_random_uuid(), '10:00'"
            " FROM generate_series(1, 500) n"
        )
        found = survey(Asked(connection, "postgresql"))

    assert found.columns["p.born"].meaning.kind == "date"
    assert found.columns["p.at"].profile.greatest == "infinity"
    assert found.columns["p.n"].profile.digits_after == 2
    assert found.columns["p.id"].profile.greatest == "500"


@needs_mariadb
def test_mariadb_is_looked_into_as_well() -> None:
    rows = ", ".join(
        f"({n}, '199{n % 10}-01-02', 'YN', '10:00:00', 1, x'ff')" for n in range(1, 60)
    )
    with fresh_mariadb() as url, closing(open_database(url, writing=True)) as database:
        with database.writing() as writing:
            writing.execute(
                "CREATE TABLE p (id int PRIMARY KEY, born varchar(20), f set('Y','N') CHARACTER SET"
                " utf8mb4, t time, active tinyint(1), raw varbinary(9), d date, at datetime)"
            )
        with database.writing() as writing:
            writing.execute(
                f"INSERT INTO p (id, born, f, t, active, raw) VALUES {rows}".replace(
                    "'YN'", "'Y,N'"
                )
            )
        found = survey(database)

    assert found.columns["p.born"].meaning.kind == "date"
    assert found.columns["p.active"].meaning.semantic == "flag"
    assert found.columns["p.id"].profile.greatest == "59"
    assert found.columns["p.d"].profile.nulls == 59


@needs_samples
def test_the_page_and_the_diagram_show_every_table_and_key() -> None:
    with closing(chinook()) as connection:
        found = survey(Asked(connection))

    page = markdown(found)
    assert "## PlaylistTrack" in page
    assert "| Email | NVARCHAR(60) | email |" in page
    assert 'Artist ||--o{ Album : "ArtistId"' in diagram(found.schema)


def test_a_diagram_takes_names_of_any_letters() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE "größe ""x""" ("1 a" INT)')
        drawn = diagram(Asked(connection).describe())

    assert "gr__e" in drawn
    assert "integer _1_a" in drawn
