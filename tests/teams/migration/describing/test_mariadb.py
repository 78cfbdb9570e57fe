"""What MariaDB's information_schema tells."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.schema import Check, Schema, Sequence, Type
from tests.mariadb import fresh_database, needs_mariadb

pytestmark = needs_mariadb

SHOP = """
    CREATE TABLE buyer (id int unsigned AUTO_INCREMENT PRIMARY KEY, big bigint unsigned, mood
      enum('sad','it''s ok'), marks set('p','q'), active tinyint(1) DEFAULT 1, notes json, made
      timestamp DEFAULT current_timestamp ON UPDATE current_timestamp, owes decimal(12,2) NOT
      NULL DEFAULT 0.00 CHECK (owes >= 0), name varchar(20) DEFAULT 'hey', twice decimal(14,2)
      GENERATED ALWAYS AS (owes * 2) STORED, born year, flag bit(1), code uuid, CONSTRAINT sane
      CHECK (big > 3 OR mood = 'sad'), UNIQUE KEY by_name (name), KEY pair (big, name)) COMMENT
      'who buys';
    CREATE TABLE bill (buyer int unsigned, FOREIGN KEY pays (buyer) REFERENCES buyer (id) ON
      DELETE CASCADE);
    CREATE VIEW active_ones AS SELECT id, mood FROM buyer WHERE active = 1;
    CREATE TRIGGER hush BEFORE INSERT ON bill FOR EACH ROW SET NEW.buyer = 1;
    CREATE SEQUENCE numbers START WITH 5;
    INSERT INTO buyer (name) VALUES ('a'), ('b');
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Schema]:
    with fresh_database() as url, closing(open_database(url, writing=True)) as database:
        for statement in filter(None, map(str.strip, SHOP.split(";"))):
            with database.writing() as writing:
                writing.execute(statement)
        yield database.describe()


def test_types_keep_their_words_and_kinds(shop: Schema) -> None:
    kinds = {column.name: column.type.kind for column in shop.table("buyer").columns}

    assert kinds["big"] == kinds["active"] == kinds["born"] == "integer"
    assert (kinds["made"], kinds["flag"], kinds["code"]) == ("timestamptz", "boolean", "uuid")
    assert shop.table("buyer").column("mood").type == Type(
        declared="enum('sad','it''s ok')", kind="text", values=("sad", "it's ok")
    )


def test_a_text_that_is_checked_to_be_json_is_json(shop: Schema) -> None:
    assert shop.table("buyer").column("notes").type == Type(declared="json", kind="json")


def test_defaults_generated_columns_and_what_counts_are_told(shop: Schema) -> None:
    buyer = shop.table("buyer")

    assert buyer.column("name").default == "'hey'"
    assert buyer.column("big").default is None
    assert buyer.column("twice").generated == "`owes` * 2"
    assert buyer.column("id").counts
    assert Sequence(name="buyer_id_seq", next=3, table="buyer", column="id") in shop.sequences
    assert Sequence(name="numbers", next=5) in shop.sequences


def test_checks_keys_and_indexes_are_told(shop: Schema) -> None:
    buyer = shop.table("buyer")

    assert Check(name="buyer_owes_check", condition="`owes` >= 0") in buyer.checks
    assert len(buyer.checks) == 2
    assert buyer.key == ("id",)
    assert {(index.name, index.parts, index.unique) for index in buyer.indexes} == {
        ("by_name", ("name",), True),
        ("pair", ("big", "name"), False),
    }
    (key,) = shop.table("bill").foreign_keys
    assert (key.columns, key.table, key.named, key.on_delete) == (
        ("buyer",), "buyer", ("id",), "CASCADE",
    )  # fmt: skip


def test_views_and_triggers_are_told_without_the_name_of_the_database(shop: Schema) -> None:
    (view,) = shop.views

    assert view.columns == ("id", "mood")
    assert "from `buyer`" in view.query
    assert [(trigger.name, trigger.table) for trigger in shop.triggers] == [("hush", "bill")]


def test_what_each_update_sets_anew_is_named(shop: Schema) -> None:
    assert "buyer.made ON UPDATE" in shop.left_out
