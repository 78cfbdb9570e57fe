"""Queries are found in files of SQL and in logs, with the values that they were asked with."""

from __future__ import annotations

from pathlib import Path

from tenuto.teams.migration.kora.workload.given import Given, queries_in, workload_from


def test_a_script_gives_what_reads_and_leaves_out_what_writes() -> None:
    found = queries_in("SELECT ';' AS a; -- ; no\nDELETE FROM t;\nWITH x AS (SELECT 1) SELECT 2")

    assert [one.sql for one in found] == ["SELECT ';' AS a", "WITH x AS (SELECT 1) SELECT 2"]


def test_a_query_that_comes_again_is_counted() -> None:
    assert queries_in("SELECT 1;\nSELECT 1;") == (Given("SELECT 1", 2),)


def test_a_log_of_postgresql_gives_statements_over_lines_with_their_parameters() -> None:
    log = (
        "2026-01-02 03:04:05.678 UTC [42] LOG:  statement: SELECT a\n"
        "\tFROM t\n"
        "2026-01-02 03:04:06.678 UTC [42] LOG:  execute s1: SELECT b FROM t WHERE c = $1\n"
        "2026-01-02 03:04:06.678 UTC [42] DETAIL:  parameters: $1 = 'it''s'\n"
        "2026-01-02 03:04:07.678 UTC [42] LOG:  duration: 1.5 ms  statement: SELECT 3\n"
        "2026-01-02 03:04:08.678 UTC [42] LOG:  connection received\n"
    )

    assert [one.sql for one in queries_in(log)] == [
        "SELECT a\nFROM t",
        "SELECT b FROM t WHERE c = 'it''s'",
        "SELECT 3",
    ]


def test_a_csv_log_gives_its_statements(tmp_path: Path) -> None:
    row = ["x"] * 13 + ['"statement: SELECT ""a"", 1 FROM t"', '""'] + ["x"] * 8
    (tmp_path / "log.csv").write_text(",".join(row) + "\n")

    assert workload_from(str(tmp_path / "log.csv")) == (Given('SELECT "a", 1 FROM t'),)


def test_a_general_log_of_mariadb_gives_its_queries() -> None:
    log = "260102  3:04:05\t    8 Connect\tme@here\n\t\t    8 Query\tSELECT 1\nFROM t\n"
    log += "\t\t    8 Quit\t\n"

    assert [one.sql for one in queries_in(log)] == ["SELECT 1\nFROM t"]


def test_no_place_is_no_query() -> None:
    assert workload_from("") == ()
