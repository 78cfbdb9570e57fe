"""Queries give the same on both sides, or it is shown in which words they do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.kora.findings import Query
from tenuto.teams.migration.kora.workload.running import Workload
from tenuto.teams.migration.plan import Plan
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.kora.moved import moved, opened

SHOP = """
CREATE TABLE Customer (Id INTEGER PRIMARY KEY, Name TEXT, City TEXT, Active BOOLEAN, Born DATE);
CREATE TABLE Sale (
    Id INTEGER PRIMARY KEY, Customer INTEGER REFERENCES Customer, Amount INTEGER, Pieces INTEGER,
    Price NUMERIC(10,2), Note TEXT
);
INSERT INTO Customer VALUES
    (1, 'Anna', 'Graz', 1, '1980-05-06'), (2, 'bob', 'graz', 0, '1991-01-31'),
    (3, 'Zoe', NULL, 1, NULL), (4, 'Ärmel', 'Wien', 0, '2001-12-01');
INSERT INTO Sale VALUES
    (1, 1, 7, 2, 10.5, 'a'), (2, 1, 5, 0, 3, NULL), (3, 2, 9, 3, 0.25, ''), (4, 3, 1, 2, 8, 'b');
"""

SAME = [
    "SELECT * FROM Customer",
    "select c.*, s.amount from customer c join SALE s on s.customer = c.id order by s.id",
    "SELECT Name AS n FROM Customer WHERE City IS NULL",
    "SELECT City, count(*) AS many FROM Customer GROUP BY City ORDER BY many DESC, City",
    "WITH x AS (SELECT Id, Name FROM Customer) SELECT Name FROM x WHERE Id > 1 ORDER BY Id",
    "SELECT Id FROM Customer c WHERE EXISTS (SELECT 1 FROM Sale WHERE Customer = c.Id)",
    "SELECT coalesce(Note, 'none') FROM Sale ORDER BY Id",
    "SELECT Name FROM Customer UNION SELECT Note FROM Sale",
    "SELECT sum(Price), avg(Amount) FROM Sale",
    "SELECT Name FROM Customer WHERE Born >= '1990-01-01'",
    "SELECT City FROM Customer ORDER BY City",
    "SELECT Amount / 2 FROM Sale",
    "SELECT Amount / Pieces FROM Sale",
    'SELECT Customer.Name FROM "Customer"',
    "SELECT b.Name FROM (SELECT Name, Id FROM Customer) b JOIN Sale ON Sale.Customer = b.Id",
    "SELECT strftime('%Y', Born) FROM Customer WHERE Born IS NOT NULL",
]

DIALECT = {
    "SELECT Name FROM Customer WHERE Name LIKE 'a%'": "ILIKE",
    "SELECT count(*) FROM Customer WHERE Active = 1": "CAST",
    "SELECT sum(Active) FROM Customer": "CAST",
    "SELECT substr(Born, 1, 4) FROM Customer": "TEXT",
    "SELECT Name FROM Customer WHERE Born LIKE '1980%'": "TEXT",
    "SELECT Price / 4 FROM Sale WHERE Id = 2": "TRUNC",
    "SELECT Customer, Note FROM Sale WHERE Id <> 2 GROUP BY Customer": "MIN",
    'SELECT Id FROM Customer WHERE Name = "Anna"': "'Anna'",
    "SELECT Amount * 2 AS twice FROM Sale WHERE twice > 10": "> 10",
    "SELECT Name FROM Customer ORDER BY Id LIMIT -1": "ORDER BY",
}

SKIPPED = {
    "SELECT nextval('x')": "does more than read",
    "SELECT FROM": "not understood",
    "SELECT nothing FROM Customer": "The source does not answer it",
}

Asking = tuple[Database, Database, Plan]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    file = tmp_path_factory.mktemp("shop") / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SHOP)
    with fresh_database() as url:
        plan = moved(f"sqlite:///{file}", url)
        with opened(f"sqlite:///{file}", url) as (source, target):
            yield source, target, plan


def asked(shop: Asking, sql: str) -> Query:
    source, target, plan = shop
    _, queries = Workload(source, target, plan, source.describe()).run([sql])
    return queries[0]


@needs_postgres
@pytest.mark.parametrize("sql", SAME)
def test_a_query_gives_the_same(shop: Asking, sql: str) -> None:
    answer = asked(shop, sql)

    assert (answer.answer, answer.reason) == ("same", "")


@needs_postgres
@pytest.mark.parametrize("sql", DIALECT)
def test_a_query_gives_the_same_in_other_words(shop: Asking, sql: str) -> None:
    answer = asked(shop, sql)

    assert answer.answer == "dialect", answer
    assert answer.reason
    assert DIALECT[sql] in answer.rewritten


@needs_postgres
@pytest.mark.parametrize("sql", SKIPPED)
def test_a_query_that_cannot_be_asked_says_why(shop: Asking, sql: str) -> None:
    answer = asked(shop, sql)

    assert answer.answer == "skipped"
    assert SKIPPED[sql] in answer.reason


@needs_postgres
def test_what_no_words_explain_is_a_defect(shop: Asking, tmp_path: Path) -> None:
    source, target, plan = shop
    with target.writing() as writing:
        writing.execute("""UPDATE "Sale" SET "Amount" = 8 WHERE "Id" = 1""")
    try:
        check, queries = Workload(source, target, plan, source.describe()).run(
            ["SELECT Id, Amount FROM Sale WHERE Id < 3"]
        )
    finally:
        with target.writing() as writing:
            writing.execute("""UPDATE "Sale" SET "Amount" = 7 WHERE "Id" = 1""")

    assert queries[0].answer == "defect"
    first = check.differences[0]
    assert (first.column, first.source, first.target) == ("Amount", 7, 8)
