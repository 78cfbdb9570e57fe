"""What PostgreSQL's catalogs tell."""

from collections.abc import Iterator

import psycopg
import pytest

from tenuto.teams.migration.databases.describing.postgresql import describe
from tenuto.teams.migration.schema import Check, Schema, Sequence, Type
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.asked import Asked

pytestmark = needs_postgres

SHOP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN amount AS numeric(10,2) NOT NULL DEFAULT 1 CHECK (VALUE > 0);
CREATE TABLE buyer (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  old serial,
  feels mood,
  tags text[],
  owes amount,
  twice numeric GENERATED ALWAYS AS (owes * 2) STORED,
  since timestamptz DEFAULT now(),
  code character varying(7) COLLATE "C" UNIQUE,
  net inet,
  CONSTRAINT polite CHECK (code <> 'x')
);
COMMENT ON COLUMN buyer.code IS 'as printed';
CREATE TABLE bill (buyer integer, code varchar(7) REFERENCES buyer (code) ON DELETE CASCADE,
  FOREIGN KEY (buyer) REFERENCES buyer DEFERRABLE);
CREATE UNIQUE INDEX one ON bill (lower(code), buyer) WHERE buyer > 3;
CREATE INDEX odd ON buyer USING gin (tags);
CREATE SEQUENCE numbers START 5 INCREMENT 5;
SELECT nextval('numbers');
INSERT INTO buyer (owes) VALUES (1), (2);
CREATE VIEW owing AS SELECT id, owes FROM buyer;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM buyer;
CREATE TABLE cut (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE cut_1 PARTITION OF cut FOR VALUES FROM (0) TO (9);
INSERT INTO cut VALUES (1, 1);
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER hush BEFORE INSERT ON bill FOR EACH ROW EXECUTE FUNCTION quiet();
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Schema]:
    with fresh_database() as url, psycopg.connect(url) as connection:
        connection.execute(SHOP.encode())
        yield describe(Asked(connection, "postgresql"))


def test_an_enumeration_is_text_with_its_values(shop: Schema) -> None:
    assert shop.table("buyer").column("feels").type == Type(
        declared="mood", kind="text", values=("sad", "ok")
    )


def test_a_domain_is_what_it_stands_on_with_its_default_and_its_checks(shop: Schema) -> None:
    owes = shop.table("buyer").column("owes")

    assert owes.type == Type(declared="numeric(10,2)", kind="decimal", precision=10, scale=2)
    assert not owes.nullable
    assert owes.default == "1"
    assert shop.table("buyer").checks == (
        Check(name="polite", condition="((code)::text <> 'x'::text)"),
        Check(name="buyer_owes_domain_1", condition='("owes" > (0)::numeric)'),
    )


def test_arrays_are_json_and_what_has_no_kind_is_text(shop: Schema) -> None:
    assert shop.table("buyer").column("tags").type.kind == "json"
    assert shop.table("buyer").column("net").type.kind == "text"


def test_identity_and_serial_number_themselves_and_tell_what_comes_next(shop: Schema) -> None:
    counting = [column.name for column in shop.table("buyer").columns if column.counts]

    assert counting == ["id", "old"]
    assert Sequence(name="buyer_id_seq", next=3, table="buyer", column="id") in shop.sequences
    assert Sequence(name="numbers", next=10) in shop.sequences


def test_generated_columns_collations_and_comments_are_told(shop: Schema) -> None:
    buyer = shop.table("buyer")

    assert "owes" in str(buyer.column("twice").generated)
    assert buyer.column("code").collation == "C"
    assert buyer.column("code").comment == "as printed"
    assert buyer.column("since").default == "now()"


def test_keys_and_indexes_are_told_and_those_of_other_methods_left_out(shop: Schema) -> None:
    by_columns = {key.columns: key for key in shop.table("bill").foreign_keys}
    (one,) = shop.table("bill").indexes

    assert by_columns["code",].on_delete == "CASCADE"
    assert by_columns["buyer",].named == ("id",)
    assert one.parts == ("(lower(code::text))", "buyer")
    assert one.where == "(buyer > 3)"
    assert "gin" in shop.left_out["odd"]


def test_views_are_told_and_those_kept_as_rows_are_said_to_be_so(shop: Schema) -> None:
    assert [view.name for view in shop.views] == ["kept", "owing"]
    assert "MATERIALIZED" in shop.left_out["kept"]


def test_a_table_in_parts_is_one_table(shop: Schema) -> None:
    assert [table.name for table in shop.tables] == ["bill", "buyer", "cut"]
    assert shop.table("cut").rows == 1


def test_a_trigger_comes_with_its_program(shop: Schema) -> None:
    (trigger,) = shop.triggers

    assert trigger.table == "bill"
    assert "quiet" in trigger.program
