"""Queries give as many rows as are asked for, and do not fetch the others."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import Rows
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.systems import on_each_system, target_of


@on_each_system
def test_the_first_rows_of_a_query_come_with_their_columns(system: str, tmp_path: Path) -> None:
    with (
        target_of(system, tmp_path) as url,
        closing(open_database(url, writing=True)) as database,
    ):
        three = "SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS t"

        assert database.query(f"{three} ORDER BY n", limit=2) == Rows(("n",), [(1,), (2,)])
        assert database.query(f"{three} WHERE n > 7", limit=2) == Rows(("n",), [])
        # The connection is as good as before.
        assert len(database.query(three).rows) == 3


@needs_postgres
def test_rows_past_the_limit_are_not_fetched_from_postgresql() -> None:
    # Given a query whose last row cannot be computed
    query = "SELECT 1 / (10000000 - n) FROM generate_series(1, 10000000) AS t(n)"
    with fresh_database() as url, closing(open_database(url)) as database:
        # When its first rows are asked for, then they come: nobody waits for the last
        assert len(database.query(query, limit=3).rows) == 3
        assert database.query("SELECT 1").rows == [(1,)]
