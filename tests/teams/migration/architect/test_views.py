"""Views of a source in the SQL of PostgreSQL; each one that is translated is made there."""

import sqlite3
from contextlib import closing

import psycopg
import pytest

from tenuto.teams.migration import ddl
from tenuto.teams.migration.architect import Options, make_plan
from tenuto.teams.migration.plan import Plan, ViewPlan
from tenuto.teams.migration.scout import survey
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.asked import Asked
from tests.teams.migration.samples import needs_samples, northwind

TABLES = """
CREATE TABLE Buyer (Id INTEGER PRIMARY KEY, Name TEXT, Paid CHAR(1), Active TINYINT(1),
  Since DATETIME, Born TEXT, Total REAL, Note TEXT);
CREATE TABLE Bill (Id INTEGER PRIMARY KEY, BuyerId INT REFERENCES Buyer(Id), Amount NUMERIC);
"""


def planned(*views: str, options: Options | None = None) -> Plan:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        connection.executemany(
            "INSERT INTO Buyer (Name, Paid, Active, Since, Born, Total) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (f"n{n}", "YN"[n % 2], n % 2, "2021-01-01 10:00:00", f"{n % 9 + 10}.01.1990", n / 4)
                for n in range(40)
            ],
        )
        for number, view in enumerate(views):
            connection.execute(f"CREATE VIEW v{number} AS {view}")
        annotated = survey(Asked(connection))
    return make_plan(
        annotated,
        target_system="postgresql",
        source="a",
        target="b",
        options=options or Options(),
    )


def build(plan: Plan) -> None:
    with fresh_database() as url, psycopg.connect(url) as connection:
        for statement in ddl.prepare(plan) + ddl.finish(plan):
            connection.execute(statement.sql.encode())


def view(plan: Plan, name: str = "v0") -> ViewPlan:
    return {view.name: view for view in plan.views}[name]


@needs_postgres
@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("SELECT id, NAME FROM buyer", '"buyer"."Id" AS "Id"'),
        ("SELECT * FROM Buyer b WHERE b.Paid = 'Y'", '"b"."Paid" = TRUE'),
        ("SELECT Name FROM Buyer WHERE Active = 1 AND Paid IN ('N')", '"Active" = TRUE'),
        ("SELECT Name FROM Buyer WHERE Name LIKE 'n1%'", "ILIKE 'n1%'"),
        ("SELECT strftime('%Y', Since) y, count(*) FROM Buyer GROUP BY 1", "TO_CHAR"),
        ("SELECT Name FROM Buyer WHERE Since > DATETIME('2021-01-01')", "'2021-01-01 00:00:00'"),
        ("SELECT Name FROM Buyer WHERE Since <= '2021-01-01'", "\"Since\" < '2021-01-01'"),
        ("SELECT Name FROM Buyer WHERE '2021-01-01' < Since", "'2021-01-01' <= \"buyer\""),
        (
            "SELECT Name FROM Buyer WHERE Since BETWEEN '2021-01-01' AND '2021-01-01 10:00:00.000'",
            '"Since" >= \'2021-01-01\' AND "buyer"."Since" <= \'2021-01-01 10:00:00.000\'',
        ),
        ("SELECT BuyerId b, sum(Amount) / 2 s FROM Bill GROUP BY BuyerId ORDER BY s", '"b"'),
        ("SELECT Name FROM Buyer UNION SELECT Note FROM Buyer ORDER BY Name", 'ORDER BY "Name"'),
        ("SELECT max(Born) FROM Buyer", "MAX"),
        ("WITH x AS (SELECT Id FROM Buyer) SELECT x.Id FROM x JOIN Bill ON BuyerId = x.Id", "WITH"),
        ("SELECT Name || ' ' || ifnull(Note, '') AS full FROM Buyer", "COALESCE"),
    ],
)
def test_a_view_is_said_in_the_words_of_the_target(query: str, part: str) -> None:
    plan = planned(query)

    made = view(plan)
    assert made.query is not None, made.note
    assert part in made.query
    build(plan)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT julianday(Since) FROM Buyer", "julianday may mean something else"),
        ("SELECT Name FROM Buyer WHERE Born = '11.01.1990'", "It computes with 'Born'"),
        ("SELECT Name + 1 FROM Buyer", "It computes with 'Name', which is of text"),
        ("SELECT sum(Active) FROM Buyer", "It computes with 'Active'"),
        ("SELECT group_concat(Name) FROM Buyer", "GROUPCONCAT may mean something else"),
        ("SELECT Name FROM Buyer WHERE Id = 'x'", "It compares 'Id', of integer, with 'x'"),
        ("SELECT Name FROM Buyer WHERE Since = '2021-01-01'", "not written alike"),
        ("SELECT round(Total, 1) FROM Buyer", "ROUND takes halves differently"),
        ("SELECT max(Id, Total) FROM Buyer", "GREATEST and LEAST take NULL differently"),
        ("SELECT substr(Name, -2) FROM Buyer", "SUBSTR counts from elsewhere"),
        ("SELECT name FROM sqlite_schema", "It names 'sqlite_schema', which is not moved"),
    ],
)
def test_what_may_mean_something_else_there_is_left_out_with_the_reason(
    query: str, why: str
) -> None:
    made = view(planned(query))

    assert made.query is None
    assert why in made.note


def test_what_shows_values_that_become_others_is_named_also_through_another_view() -> None:
    plan = planned("SELECT Name, Born b, Paid FROM Buyer", "SELECT b AS c, Name FROM v0")

    assert view(plan, "v0").changed == {"b": "Buyer.Born", "Paid": "Buyer.Paid"}
    assert view(plan, "v1").changed == {"c": "Buyer.Born"}


def test_a_view_comes_after_those_it_names_and_goes_with_them() -> None:
    plan = planned(
        "SELECT * FROM Buyer", "SELECT Name FROM v0", "SELECT julianday(Since) j FROM Buyer",
        "SELECT j FROM v2",
    )  # fmt: skip

    assert [one.name for one in plan.views] == ["v0", "v1", "v2", "v3"]
    assert view(plan, "v1").query is not None
    assert view(plan, "v3").note == "It names the view 'v2', which is left out."


@needs_postgres
def test_views_follow_the_names_of_tables_and_columns() -> None:
    plan = planned("SELECT BuyerId FROM Bill", options=Options(names="snake"))

    assert view(plan).query == ('SELECT "bill"."buyer_id" AS "BuyerId" FROM "bill" AS "bill"')
    build(plan)


@needs_samples
@needs_postgres
def test_nearly_all_views_of_northwind_are_made() -> None:
    with closing(northwind()) as connection:
        annotated = survey(Asked(connection))
    plan = make_plan(annotated, target_system="postgresql", source="a", target="b")

    build(plan)

    lost = {one.name: one.note for one in plan.views if one.query is None}
    assert len(plan.views) == 16
    assert sorted(lost) == ["Invoices"]
