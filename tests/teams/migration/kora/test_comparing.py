"""Rows of both sides are compared by the digests of chunks, and what differs is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import psycopg

from tenuto.teams.migration.kora.comparing import compare
from tenuto.teams.migration.kora.findings import Check, Difference
from tenuto.teams.migration.plan import ColumnPlan, TablePlan
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.kora.readers import Reader, named_as_planned

PLAN = TablePlan(
    name="customer",
    source="Customers",
    key=("id",),
    columns=(
        ColumnPlan(name="id", source="Id", type="bigint", kind="integer"),
        ColumnPlan(name="name", source="Name", type="text", kind="text"),
        ColumnPlan(name="paid", source="Paid", type="numeric(12,2)", kind="decimal", scale=2),
        ColumnPlan(name="since", source="Since", type="date", kind="date"),
    ),
)

KEYLESS = msgspec.structs.replace(PLAN, key=())


def loaded(folder: Path, url: str, rows: int = 1000) -> tuple[Reader, Reader]:
    """Return a source of some customers, and a target that holds the same."""
    customers = [
        (number, f"name {number} ", number * 1.25, f"2024-01-{number % 28 + 1:02}")
        for number in range(rows)
    ]
    with sqlite3.connect(folder / "shop.db") as source:
        source.execute("CREATE TABLE Customers (Id INTEGER PRIMARY KEY, Name, Paid, Since)")
        source.executemany("INSERT INTO Customers VALUES (?, ?, ?, ?)", customers)
        source.execute("ALTER TABLE Customers ADD COLUMN Code")
        source.execute("UPDATE Customers SET Code = CAST(Id AS TEXT)")
    source.close()
    with psycopg.connect(url) as target:
        target.execute(
            "CREATE TABLE customer (id bigint, name text, paid numeric(12,2), since date)"
        )
        with target.cursor().copy("COPY customer FROM STDIN") as copy:
            for row in customers:
                copy.write_row(row)
    return Reader(folder / "shop.db"), Reader(url)


def damaged(url: str, statement: str) -> None:
    with psycopg.connect(url) as target:
        target.execute(statement)


def compared(folder: Path, *damages: str, plan: TablePlan = PLAN) -> Check:
    with fresh_database() as url:
        source, target = loaded(folder, url)
        for damage in damages:
            damaged(url, damage)
        return compare(source, target, plan, change=named_as_planned, chunk=100)


@needs_postgres
class TestInOrder:
    def test_equal_tables_have_no_difference(self, tmp_path: Path) -> None:
        check = compared(tmp_path)

        assert (check.compared, check.target_count, check.defects) == (1000, 1000, 0)

    def test_a_changed_cell_is_named_by_its_row_and_column(self, tmp_path: Path) -> None:
        check = compared(tmp_path, "UPDATE customer SET name = 'name 517' WHERE id = 517")

        assert check.differences == (
            Difference(
                what="changed",
                table="customer",
                key={"id": 517},
                column="name",
                source="name 517 ",
                target="name 517",
                place="customer.name [id=517]",
            ),
        )

    def test_missing_extra_and_doubled_rows_are_told_apart(self, tmp_path: Path) -> None:
        check = compared(
            tmp_path,
            "DELETE FROM customer WHERE id IN (99, 100, 640)",
            "INSERT INTO customer VALUES (-7, 'x', 0, NULL), (5000, 'y', 0, NULL)",
            "INSERT INTO customer SELECT * FROM customer WHERE id IN (199, 300)",
        )

        assert [(d.what, d.key["id"]) for d in check.differences] == [
            ("extra", -7),
            ("missing", 99),
            ("missing", 100),
            ("doubled", 199),
            ("doubled", 300),
            ("missing", 640),
            ("extra", 5000),
        ]
        assert check.defects == 7

    def test_an_empty_target_misses_each_row(self, tmp_path: Path) -> None:
        check = compared(tmp_path, "DELETE FROM customer")

        assert check.defects == 1000
        assert len(check.differences) == 20
        assert {d.what for d in check.differences} == {"missing"}

    def test_swapped_values_of_a_whole_column_are_counted(self, tmp_path: Path) -> None:
        check = compared(tmp_path, "UPDATE customer SET paid = paid + 1")

        assert check.defects == 1000
        assert {d.column for d in check.differences} == {"paid"}


@needs_postgres
class TestWithoutOrder:
    def test_equal_tables_without_a_key_have_no_difference(self, tmp_path: Path) -> None:
        check = compared(tmp_path, plan=KEYLESS)

        assert (check.compared, check.target_count, check.defects) == (1000, 1000, 0)

    def test_a_changed_cell_is_named_by_the_whole_row(self, tmp_path: Path) -> None:
        check = compared(
            tmp_path, "UPDATE customer SET name = 'name 517' WHERE id = 517", plan=KEYLESS
        )

        (difference,) = check.differences
        assert (difference.what, difference.column) == ("changed", "name")
        assert (difference.source, difference.target) == ("name 517 ", "name 517")
        assert difference.key["id"] == 517

    def test_missing_extra_and_doubled_rows_are_told_apart(self, tmp_path: Path) -> None:
        check = compared(
            tmp_path,
            "DELETE FROM customer WHERE id IN (99, 640)",
            "INSERT INTO customer VALUES (-7, 'x', 0.77, NULL)",
            "INSERT INTO customer SELECT * FROM customer WHERE id = 300",
            plan=KEYLESS,
        )

        assert sorted((d.what, d.key["id"]) for d in check.differences) == [
            ("doubled", 300),
            ("extra", -7),
            ("missing", 99),
            ("missing", 640),
        ]

    def test_a_key_that_sorts_otherwise_in_the_source_is_compared_all_the_same(
        self, tmp_path: Path
    ) -> None:
        id = ColumnPlan(name="id", source="Code", type="bigint", kind="integer")
        plan = msgspec.structs.replace(PLAN, columns=(id, *PLAN.columns[1:]))

        check = compared(
            tmp_path,
            "UPDATE customer SET paid = paid + 1 WHERE id = 5",
            "UPDATE customer SET id = 7000 WHERE id = 7",
            plan=plan,
        )

        assert sorted((d.what, d.key["id"], d.column) for d in check.differences) == [
            ("changed", 5, "paid"),
            ("extra", 7000, ""),
            ("missing", 7, ""),
        ]
