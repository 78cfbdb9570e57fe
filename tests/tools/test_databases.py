"""SQL: reading rows, changing rows where that is allowed, and nothing else."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tenuto import Fatal, Rejected, Tool, Transient
from tenuto.tools import databases, sql

MISTAKE: Any = {"wriet": True}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop #1?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER);"
            "INSERT INTO orders VALUES (1, 'Ada', 100), (2, 'Bob', 250), (3, 'Ada', 5);"
            "CREATE VIRTUAL TABLE notes USING fts5(text);"
            "INSERT INTO notes VALUES ('the boat is red'), ('the car is blue');"
        )
        connection.commit()
    return path


def run(tool: Tool, statement: str, parameters: Any = None) -> Any:
    given: dict[str, Any] = {"statement": statement}
    return tool(**tool.bind(given if parameters is None else {**given, "parameters": parameters}))


def refused(tool: Tool, statement: str, parameters: Any = None) -> str:
    with pytest.raises(Fatal) as caught:
        run(tool, statement, parameters)
    return str(caught.value)


def rows_of(database: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT * FROM orders ORDER BY id").fetchall()


def test_rows_come_back_with_their_columns(database: Path) -> None:
    told = run(sql(database), "SELECT customer, sum(cents) AS total FROM orders GROUP BY 1")

    assert told == {"columns": ["customer", "total"], "rows": [["Ada", 105], ["Bob", 250]]}


def test_values_are_handed_in_beside_the_statement(database: Path) -> None:
    tool = sql(f"sqlite:///{database}")

    by_place = run(tool, "SELECT id FROM orders WHERE customer = ?", ["Ada"])
    by_name = run(tool, "SELECT id FROM orders WHERE cents > :least", {"least": 99})

    assert by_place["rows"] == [[1], [3]]
    assert by_name["rows"] == [[1], [2]]
    assert run(tool, "SELECT id FROM orders WHERE customer = ?", ["' OR 1=1 --"])["rows"] == []


def test_the_tables_can_be_found_out_and_searched(database: Path) -> None:
    tool = sql(database)

    schema = run(tool, "SELECT name FROM sqlite_master WHERE name = 'orders'")
    found = run(tool, "SELECT text FROM notes WHERE notes MATCH 'boat'")
    counted = run(
        tool,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) "
        "SELECT max(i) FROM n",
    )

    assert schema["rows"] == [["orders"]]
    assert found["rows"] == [["the boat is red"]]
    assert counted["rows"] == [[3]]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM orders",
        "UPDATE orders SET cents = 0",
        "INSERT INTO orders VALUES (9, 'Eve', 1)",
        "DROP TABLE orders",
        "CREATE TABLE more (x)",
        "CREATE TEMP TABLE more (x)",
        "ATTACH '/tmp/tenuto-other.db' AS other",
        "ATTACH ':memory:' AS other",
        "VACUUM INTO '/tmp/tenuto-copy.db'",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT readfile('/etc/passwd')",
        "SELECT fts3_tokenizer('x')",
        "REINDEX",
        "INSERT INTO notes VALUES ('more')",
        "UPDATE sqlite_master SET sql = ''",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        "ANALYZE",
        "SELECT 1; DELETE FROM orders",
        "",
        "no SQL",
        "SELECT * FROM nothing",
        "SELECT 'a\0b'",
    ],
)
def test_all_but_reading_is_refused(database: Path, statement: str) -> None:
    before = database.read_bytes()

    if statement:
        assert refused(sql(database), statement)
    else:
        assert run(sql(database), statement) == {"changed": 0}

    assert database.read_bytes() == before
    assert not list(Path("/tmp").glob("tenuto-*.db"))


def test_what_is_not_allowed_is_told_in_words(database: Path) -> None:
    assert "only SELECT are" in refused(sql(database), "DELETE FROM orders")
    assert "no such table: nowhere" in refused(sql(database), "SELECT * FROM nowhere")
    assert "parameter" in refused(sql(database), "SELECT ?", [[1]])


def test_rows_can_be_changed_where_that_is_said(database: Path) -> None:
    tool = sql(database, write=True)

    changed = run(tool, "UPDATE orders SET cents = ? WHERE customer = 'Ada'", [7])
    added = run(tool, "INSERT INTO orders (customer, cents) VALUES ('Eve', 1) RETURNING id")
    run(tool, "DELETE FROM orders WHERE id = 2")

    assert (changed, added["rows"]) == ({"changed": 2}, [[4]])
    assert rows_of(database) == [(1, "Ada", 7), (3, "Ada", 7), (4, "Eve", 1)]
    for statement in ("DROP TABLE orders", "ATTACH ':memory:' AS x", "PRAGMA foreign_keys = OFF"):
        assert "not allowed" in refused(tool, statement), statement
    assert (tool.once, tool.safe, tool.permission) == (True, False, "sql:write")


def test_reading_is_safe(database: Path) -> None:
    tool = sql(database)

    assert (tool.once, tool.safe, tool.permission) == (False, True, "sql:read")
    assert tool.labels == ("untrusted",)


COUNTING = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {end}) SELECT {what} FROM n"
)


def test_many_rows_are_cut(database: Path) -> None:
    told = run(sql(database), COUNTING.format(end="LIMIT 100000", what="i"))

    assert (len(told["rows"]), told["truncated"]) == (databases.ROWS_MAX, True)


def test_large_rows_are_cut(database: Path) -> None:
    told = run(sql(database), COUNTING.format(end="LIMIT 100", what="printf('%.*c', 100000, 'x')"))

    assert (len(told["rows"]), told["truncated"]) == (2, True)


def test_a_value_that_would_fill_the_memory_is_refused(database: Path) -> None:
    assert "too big" in refused(sql(database), "SELECT zeroblob(1000000000)")
    assert "too big" in refused(sql(database), "SELECT hex(zeroblob(900000))")
    told = run(sql(database), "SELECT printf('%.*c', 1000000000, 'x')")
    assert len(str(told)) < 100


def test_a_statement_without_end_is_stopped(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "SECONDS_MAX", 0.2)

    said = refused(sql(database), COUNTING.format(end="", what="count(*)"))

    assert "took longer than 0.2 seconds" in said


def test_what_json_cannot_hold_comes_back_as_text(database: Path) -> None:
    told = run(sql(database), "SELECT x'00ff', 9e999, CAST(x'ff61' AS TEXT), NULL, 1.5")

    assert told["rows"] == [["(2 bytes)", "inf", "�a", None, 1.5]]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for write in (False, True):
        assert "unable to open" in refused(sql(tmp_path / "none.db", write=write), "SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello " * 1_000)

    assert "not a database" in refused(sql(tmp_path / "x.db"), "SELECT * FROM a")


def test_a_database_that_somebody_writes_to_may_be_free_later(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "SECONDS_MAX", 0.1)
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Transient, match="in use"):
            run(sql(database, write=True), "DELETE FROM orders")


@pytest.mark.parametrize(
    "make",
    [
        lambda: sql(""),
        lambda: sql("postgresql://x"),
        lambda: sql(":memory:"),
        lambda: sql("sqlite:///:memory:"),
        lambda: sql("a.db", **MISTAKE),
    ],
)
def test_a_tool_that_cannot_be_made_says_why(make: Callable[[], object]) -> None:
    with pytest.raises(Rejected):
        make()
