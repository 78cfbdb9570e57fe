"""What SQLite's PRAGMAs and the texts of its declarations tell."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tenuto.teams.migration.databases.describing.sqlite import describe
from tenuto.teams.migration.databases.describing.sqlite_types import type_of
from tenuto.teams.migration.schema import Check, ForeignKey, Schema, Sequence, Type
from tests.teams.migration.asked import Asked
from tests.teams.migration.samples import chinook, needs_samples

SHOP = """
CREATE TABLE "order" (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- counts, and (brackets
  buyer TEXT COLLATE NOCASE NOT NULL DEFAULT 'it''s me, (you)',
  price DECIMAL(10, 2) CHECK (price >= 0),
  paid BOOLEAN DEFAULT 0,
  total AS (price * 2) STORED,
  parent REFERENCES "ORDER",
  CONSTRAINT sane CHECK (length(buyer) < 40 OR buyer = ')')
);
CREATE TABLE part (a TEXT, b INT, v ANY, PRIMARY KEY (b, a)) STRICT, WITHOUT ROWID;
CREATE TABLE bare (x, y VARCHAR(40) UNIQUE);
CREATE UNIQUE INDEX first_buyer ON "order" (lower(buyer) DESC, price) WHERE paid = 1;
CREATE INDEX nocase ON bare (y COLLATE NOCASE);
CREATE VIEW paid_ones (who) AS SELECT buyer FROM "order" WHERE paid;
CREATE TRIGGER note AFTER INSERT ON bare BEGIN SELECT 1; END;
INSERT INTO "order" (buyer) VALUES ('a'), ('b'); DELETE FROM "order";
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Schema]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SHOP)
        yield describe(Asked(connection))


def test_a_column_keeps_the_words_it_is_declared_with(shop: Schema) -> None:
    price = shop.table("order").column("price")

    assert price.type == Type(declared="DECIMAL(10, 2)", kind="decimal", precision=10, scale=2)
    assert shop.table("bare").column("y").type == Type(
        declared="VARCHAR(40)", kind="text", length=40
    )


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("INT", "integer"),
        ("UNSIGNED BIG INT", "integer"),
        ("TINYINT(1)", "integer"),
        ("NVARCHAR(100)", "text"),
        ("clob", "text"),
        ("", "text"),
        ("STRING", "text"),
        ("BLOB", "bytes"),
        ("DOUBLE PRECISION", "float"),
        ("NUMERIC", "decimal"),
        ("money", "decimal"),
        ("DATE", "date"),
        ("DATETIME", "timestamp"),
        ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("TIME", "time"),
        ("BOOL", "boolean"),
        ("JSON TEXT", "json"),
        ("UUID", "uuid"),
        ("FLOATING POINT", "integer"),  # SQLite itself takes it for one: it holds INT.
    ],
)
def test_a_declared_type_is_read_by_its_words_and_else_as_sqlite_does(
    declared: str, kind: str
) -> None:
    assert type_of(declared).kind == kind


def test_a_column_that_is_the_rowid_numbers_itself(shop: Schema) -> None:
    assert [c.name for t in shop.tables for c in t.columns if c.counts] == ["id"]


def test_what_autoincrement_gives_next_is_told_though_its_rows_are_gone(shop: Schema) -> None:
    assert shop.sequences == (Sequence(name="order_id_seq", next=3, table="order", column="id"),)


def test_defaults_generated_columns_and_collations_are_told(shop: Schema) -> None:
    order = shop.table("order")

    assert order.column("buyer").default == "'it''s me, (you)'"
    assert order.column("buyer").collation == "NOCASE"
    assert order.column("total").generated == "price * 2"
    assert not order.column("buyer").nullable


def test_checks_are_told_with_their_conditions(shop: Schema) -> None:
    assert shop.table("order").checks == (
        Check(name="order_check_1", condition="price >= 0"),
        Check(name="sane", condition="length(buyer) < 40 OR buyer = ')'"),
    )


def test_a_foreign_key_without_columns_names_the_key_of_its_table(shop: Schema) -> None:
    assert shop.table("order").foreign_keys == (
        ForeignKey(name="order_parent_fkey", columns=("parent",), table="order", named=("id",)),
    )


def test_indexes_are_told_with_expressions_conditions_and_collations(shop: Schema) -> None:
    (index,) = shop.table("order").indexes
    assert index.parts == ("(lower(buyer))", "price")
    assert index.where == "paid = 1"
    assert index.unique

    by_name = {index.name: index for index in shop.table("bare").indexes}
    assert by_name["nocase"].collations == ("NOCASE",)
    assert by_name["bare_y_key"].unique


def test_a_table_without_rowid_has_its_key_in_the_order_of_the_key(shop: Schema) -> None:
    part = shop.table("part")

    assert part.without_rowid
    assert part.key == ("b", "a")
    assert not part.column("a").nullable


def test_views_and_triggers_are_told(shop: Schema) -> None:
    (view,) = shop.views
    assert view.columns == ("who",)
    assert view.query == 'SELECT buyer FROM "order" WHERE paid'
    assert [(trigger.name, trigger.table) for trigger in shop.triggers] == [("note", "bare")]


def test_a_virtual_table_is_named_among_what_is_left_out() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE found USING fts5(text)")
        schema = describe(Asked(connection))

    assert schema.tables == ()
    assert "found" in schema.left_out


@needs_samples
def test_chinook_has_its_eleven_tables_keys_and_rows() -> None:
    with closing(chinook()) as connection:
        schema = describe(Asked(connection))

    assert len(schema.tables) == 11
    assert schema.table("Track").rows == 3503
    assert sum(len(table.foreign_keys) for table in schema.tables) == 11
    assert schema.table("PlaylistTrack").key == ("PlaylistId", "TrackId")
