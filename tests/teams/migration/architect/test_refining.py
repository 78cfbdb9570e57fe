"""What the values of a source make of a plan."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tenuto.teams.migration import ddl
from tenuto.teams.migration.architect import Options, make_plan
from tenuto.teams.migration.architect.masking import BadMask
from tenuto.teams.migration.plan import Change, ColumnPlan, Plan
from tenuto.teams.migration.schema import System
from tenuto.teams.migration.scout import survey
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.asked import Asked
from tests.teams.migration.ugly import ugly


def planned(
    connection: sqlite3.Connection, options: Options | None = None, to: System = "postgresql"
) -> Plan:
    return make_plan(
        survey(Asked(connection)),
        target_system=to,
        source="sqlite:///old.db",
        target="there",
        options=options or Options(),
    )


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    with closing(ugly()) as connection:
        yield planned(connection)


def column(plan: Plan, name: str) -> ColumnPlan:
    table, _, of = name.partition(".")
    return {one.name: one for one in plan.table(table).columns}[of]


def one_column(declared: str, values: list[object], name: str = "v") -> ColumnPlan:
    """Return the plan for a column of these values."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {name} {declared})")
        connection.executemany(f"INSERT INTO t ({name}) VALUES (?)", [(one,) for one in values])
        return column(planned(connection), f"t.{name}")


@pytest.mark.parametrize(
    ("name", "type", "dos"),
    [
        ("customer.newsletter", "boolean", ["boolean"]),
        ("customer.active", "boolean", []),
        ("customer.birth_date", "date", ["date"]),
        ("customer.balance", "numeric(12,2)", ["decimal"]),
        ("customer.settings", "jsonb", []),
        ("customer.guid", "uuid", []),
        ("customer.joined", "timestamptz", ["epoch"]),
        ("customer.credit", "numeric(12,2)", []),
        ("orders.shipped", "date", ["null_if", "date"]),
        ("orders.note", "text", ["latin1"]),
    ],
)
def test_values_that_are_more_than_is_declared_become_it(
    plan: Plan, name: str, type: str, dos: list[str]
) -> None:
    found = column(plan, name)

    assert found.type == type
    assert [change.do for change in found.changes] == dos
    assert found.confidence >= 0.8
    assert found.reasons


def test_what_was_declared_stays_an_alternative(plan: Plan) -> None:
    (declared,) = column(plan, "customer.birth_date").alternatives

    assert declared.type == "text"
    assert declared.changes == ()


def test_five_ways_to_write_a_date_are_all_read(plan: Plan) -> None:
    (change,) = column(plan, "customer.birth_date").changes

    assert change.options["formats"] == [
        "%d %b %Y", "%d.%m.%Y", "%Y-%m-%d", "%b %d, %Y", "%Y/%m/%d",
    ]  # fmt: skip


def test_a_text_that_is_too_long_widens_the_column(plan: Plan) -> None:
    name = column(plan, "customer.name")

    assert name.type == "text"
    assert name.reasons == ("VARCHAR(20) is declared, but a text has 44 characters.",)


def test_a_number_with_more_digits_widens_the_column() -> None:
    found = one_column("DECIMAL(5,1)", [1.5, 12345.678, 2])

    assert (found.type, found.precision, found.scale) == ("numeric(8,3)", 8, 3)


def test_dates_that_can_be_read_both_ways_stay_text() -> None:
    found = one_column("TEXT", [f"0{n % 9 + 1}/0{n % 8 + 1}/2021" for n in range(40)])

    assert found.type == "text"
    assert [way.type for way in found.alternatives] == ["date", "date"]
    assert found.alternatives[0].confidence <= 0.5


def test_a_declared_date_that_can_be_read_both_ways_is_in_doubt() -> None:
    found = one_column("DATE", [f"0{n % 9 + 1}/0{n % 8 + 1}/2021" for n in range(40)])

    assert found.type == "date"
    assert found.confidence == 0.5
    assert found.alternatives[0].changes == (Change(do="date", options={"formats": ["%m/%d/%Y"]}),)


def test_one_day_beyond_the_twelfth_decides_the_order_for_all() -> None:
    found = one_column(
        "TEXT", [f"0{n % 9 + 1}/0{n % 8 + 1}/2021" for n in range(40)] + ["31/01/2021"]
    )

    assert found.changes == (Change(do="date", options={"formats": ["%d/%m/%Y"]}),)


def test_a_declared_date_in_seconds_since_1970_is_read_as_such() -> None:
    found = one_column("DATETIME", [1_600_000_000 + n * 1000 for n in range(40)])

    assert found.type == "timestamp"
    assert found.changes == (Change(do="epoch", options={"unit": "s"}),)


def test_a_declared_truth_value_of_words_is_read_by_them() -> None:
    found = one_column("BOOLEAN", ["ja", "nein"] * 10)

    assert found.changes == (Change(do="boolean", options={"true": ["ja"], "false": ["nein"]}),)


def test_words_in_a_column_of_numbers_lower_its_confidence_by_their_share() -> None:
    few = one_column("INTEGER", [*range(1000), "none"])
    many = one_column("INTEGER", [*range(10), *["none"] * 10])

    assert few.confidence == 0.9
    assert many.confidence == 0.5
    assert few.type == many.type == "bigint"


def test_codes_with_zeros_before_them_stay_text() -> None:
    assert one_column("TEXT", [f"00{n}" for n in range(100, 150)]).type == "text"


def test_numbers_in_text_whose_name_tells_nothing_stay_text() -> None:
    found = one_column("TEXT", [str(n) for n in range(100, 150)])

    assert found.type == "text"
    assert [way.type for way in found.alternatives] == ["bigint"]


def test_of_a_file_of_texts_alone_the_values_decide() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE f (nr TEXT, weight TEXT, zip TEXT, word TEXT, code TEXT)")
        connection.executemany(
            "INSERT INTO f VALUES (?, ?, ?, ?, ?)",
            [(str(n), f"{n}.5", str(10000 + n), f"w{n}", f"00{n}") for n in range(40)],
        )
        made = planned(connection)

    types = {one.name: one.type for one in made.table("f").columns}
    assert types == {
        "nr": "bigint", "weight": "numeric(12,2)", "zip": "text", "word": "text", "code": "text",
    }  # fmt: skip


def test_a_few_values_decide_nothing() -> None:
    assert one_column("TEXT", ["2021-01-01", "2021-01-02"]).type == "text"


def test_the_child_of_a_key_has_the_type_of_what_it_names() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY);"
            "CREATE TABLE b (a TEXT REFERENCES a(id));"
            "CREATE TABLE c (b VARCHAR(9) PRIMARY KEY REFERENCES a(id));"
        )
        plan = planned(connection)

    assert column(plan, "b.a").type == "bigint"
    assert column(plan, "c.b").kind == "integer"


@needs_postgres
def test_the_plan_of_an_ugly_database_can_be_built() -> None:
    with closing(ugly()) as connection:
        connection.executescript(
            "CREATE TABLE d (id INTEGER PRIMARY KEY, paid CHAR(1) DEFAULT 'Y' NOT NULL"
            " CHECK (paid IN ('Y', 'N')), born DATE DEFAULT '0000-00-00');"
        )
        connection.executemany("INSERT INTO d (paid) VALUES (?)", [("Y",), ("N",)] * 10)
        made = planned(connection)

    with fresh_database() as url, psycopg.connect(url) as there:
        for statement in ddl.prepare(made) + ddl.finish(made):
            there.execute(statement.sql.encode())
    assert column(made, "d.paid").default == "TRUE"
    assert sorted(made.left_out) == ["d.born DEFAULT", "d.d_check_1"]


def test_masks_are_put_in_place_of_what_tells_of_people() -> None:
    with closing(ugly()) as connection:
        made = planned(connection, Options(masks={"email": "hash", "personal": "partial"}))

    assert column(made, "customer.email").changes[-1] == Change(do="mask", options={"how": "hash"})
    assert column(made, "customer.email").type == "varchar(32)"
    assert column(made, "customer.phone").changes == (
        Change(do="mask", options={"how": "partial"}),
    )
    assert column(made, "customer.country").changes == ()


def test_a_mask_that_nobody_knows_is_refused() -> None:
    with closing(ugly()) as connection, pytest.raises(BadMask, match="there are: hash"):
        planned(connection, Options(masks={"email": "blur"}))
