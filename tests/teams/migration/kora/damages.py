"""A shop with some of everything, and what can be done to it behind its back.

Damages of one group are done to one target, each at a place of its own: each has to be found there.
"""

from __future__ import annotations

from typing import NamedTuple

SHOP = """
CREATE TABLE customer (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email TEXT UNIQUE,
    city TEXT DEFAULT 'Wien', active BOOLEAN NOT NULL DEFAULT 1, born DATE, note TEXT,
    CHECK (length(name) > 0)
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY, code TEXT, price NUMERIC(10,2), weight REAL, photo BLOB,
    added TIMESTAMP, facts JSON, stock INTEGER
);
CREATE TABLE sale (
    id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer ON DELETE CASCADE,
    item INTEGER REFERENCES item, pieces INTEGER, at TIMESTAMP,
    UNIQUE (customer, item, at), CHECK (pieces > 0)
);
CREATE TABLE tag (word TEXT, item INTEGER);
CREATE INDEX sale_at ON sale (at);
CREATE VIEW sold AS SELECT c.name AS name, sum(s.pieces) AS pieces
    FROM customer c JOIN sale s ON s.customer = c.id GROUP BY c.name;
INSERT INTO customer VALUES
    (1, 'Anna', 'a@x.example', 'Graz', 1, '1980-05-06', 'likes tea  '),
    (2, 'Bob', 'b@x.example', 'Linz', 0, '1991-01-31', 'pays late'),
    (3, 'Zoe', NULL, NULL, 1, NULL, ''),
    (4, 'Müller', 'm@x.example', 'Wien', 0, '2001-12-01', NULL),
    (5, 'Åsa', 'å@x.example', 'Oslo', 1, '1975-03-09', 'one' || char(13, 10) || 'two'),
    (6, 'Eve', 'e@x.example', 'Bonn', 1, '1969-07-20', 'x');
INSERT INTO item VALUES
    (1, 'tea', 10.25, 0.1, x'00ff10', '2024-01-31 23:30:00', '{"a": 1, "b": [1, 2]}', 5),
    (2, 'cup', 3.75, 0.3, x'ab', '2024-02-29 00:00:00.250000', '{"a": 1}', NULL),
    (3, '007', -7.5, 1e300, x'', '2024-03-31 02:30:00', '{"c": null}', 0),
    (4, 'long code of a thing', 99.99, -0.5, NULL, NULL, NULL, -3),
    (5, 'pot', 20, 2.5, x'0102', '1999-12-31 23:59:59', '[]', 9007199254740993),
    (6, 'pan', 21.5, 3.5, x'0304', '1970-01-01 00:00:00', '{}', 7),
    (7, 'mug', 5.05, 1.5, x'05', '2030-01-01 12:00:00', '{"k": "v"}', 8);
INSERT INTO tag VALUES ('hot', 1), ('hot', 1), ('cold', 2), ('new', 3), ('old', NULL), ('red', 5);
"""

SALES = [
    (number, number % 6 + 1, number % 7 + 1, number % 3 + 1, f"2024-05-06 07:08:{number % 60:02}")
    for number in range(1, 201)
]


class Damage(NamedTuple):
    """What is done, and where it has to be found."""

    sql: str
    place: str
    """How the place of a difference begins."""
    check: str = "rows"


CELLS = {
    "a changed cell": Damage("UPDATE item SET code = 'tee' WHERE id = 1", "item.code [id=1]"),
    "two columns swapped": Damage(
        "UPDATE customer SET city = email, email = city WHERE id = 2", "customer.city [id=2]"
    ),
    "trailing blanks lost": Damage(
        "UPDATE customer SET note = rtrim(note) WHERE id = 1", "customer.note [id=1]"
    ),
    "a decimal rounded": Damage(
        "UPDATE item SET price = round(price) WHERE id = 2", "item.price [id=2]"
    ),
    "a cent too much": Damage(
        "UPDATE item SET price = price + 0.01 WHERE id = 4", "item.price [id=4]"
    ),
    "a sign lost": Damage("UPDATE item SET price = abs(price) WHERE id = 3", "item.price [id=3]"),
    "a float of four bytes": Damage(
        "UPDATE item SET weight = weight::real WHERE id = 1", "item.weight [id=1]"
    ),
    "a float next to it": Damage(
        "UPDATE item SET weight = 0.30000000000000004 WHERE id = 2", "item.weight [id=2]"
    ),
    "an integer by way of a float": Damage(
        "UPDATE item SET stock = stock::float8::int8 WHERE id = 5", "item.stock [id=5]"
    ),
    "null for zero": Damage("UPDATE item SET stock = NULL WHERE id = 3", "item.stock [id=3]"),
    "zero for null": Damage("UPDATE item SET stock = 0 WHERE id = 2", "item.stock [id=2]"),
    "null for an empty text": Damage(
        "UPDATE customer SET note = NULL WHERE id = 3", "customer.note [id=3]"
    ),
    "an empty text for null": Damage(
        "UPDATE customer SET note = '' WHERE id = 4", "customer.note [id=4]"
    ),
    "a text cut": Damage("UPDATE item SET code = left(code, 9) WHERE id = 4", "item.code [id=4]"),
    "leading zeros lost": Damage("UPDATE item SET code = '7' WHERE id = 3", "item.code [id=3]"),
    "case changed": Damage("UPDATE item SET code = upper(code) WHERE id = 2", "item.code [id=2]"),
    "Unicode decomposed": Damage(
        "UPDATE customer SET name = normalize(name, NFD) WHERE id = 5", "customer.name [id=5]"
    ),
    "bytes read as Latin-1": Damage(
        "UPDATE customer SET name = 'MÃ¼ller' WHERE id = 4", "customer.name [id=4]"
    ),
    "an accent lost": Damage(
        "UPDATE customer SET email = 'o' || substr(email, 2) WHERE id = 5", "customer.email [id=5]"
    ),
    "ends of lines changed": Damage(
        "UPDATE customer SET note = replace(note, chr(13), '') WHERE id = 5", "customer.note [id=5]"
    ),
    "a date off by one": Damage(
        "UPDATE customer SET born = born + 1 WHERE id = 1", "customer.born [id=1]"
    ),
    "day and month swapped": Damage(
        "UPDATE customer SET born = '1975-09-03' WHERE id = 5", "customer.born [id=5]"
    ),
    "a century lost": Damage(
        "UPDATE customer SET born = '2069-07-20' WHERE id = 6", "customer.born [id=6]"
    ),
    "a zone shifted": Damage(
        "UPDATE item SET added = added + interval '1 hour' WHERE id = 1", "item.added [id=1]"
    ),
    "fractions of seconds lost": Damage(
        "UPDATE item SET added = date_trunc('second', added) WHERE id = 2", "item.added [id=2]"
    ),
    "a boolean flipped": Damage(
        "UPDATE customer SET active = NOT active WHERE id = 6", "customer.active [id=6]"
    ),
    "a blob cut": Damage(
        "UPDATE item SET photo = substr(photo, 1, 2) WHERE id = 1", "item.photo [id=1]"
    ),
    "null for an empty blob": Damage(
        "UPDATE item SET photo = NULL WHERE id = 3", "item.photo [id=3]"
    ),
    "a value of JSON changed": Damage(
        """UPDATE item SET facts = '{"a": "1"}' WHERE id = 2""", "item.facts [id=2]"
    ),
    "values of two rows swapped": Damage(
        "UPDATE item SET weight = 6 - weight WHERE id IN (5, 6)", "item.weight [id=5]"
    ),
}

ROWS = {
    "a row lost": Damage("DELETE FROM sale WHERE id = 77", "sale [id=77]"),
    "the first row lost": Damage("DELETE FROM sale WHERE id = 1", "sale [id=1]"),
    "the last row lost": Damage("DELETE FROM sale WHERE id = 200", "sale [id=200]"),
    "a row too many": Damage("INSERT INTO sale VALUES (9999, 1, 1, 1, now())", "sale [id=9999]"),
    "a row under another key": Damage("UPDATE sale SET id = 1042 WHERE id = 42", "sale [id=1042]"),
    "a row lost that nothing names": Damage(
        "DELETE FROM tag WHERE word = 'cold'", "tag [word='cold', item=2]"
    ),
    "a row twice that nothing names": Damage(
        "INSERT INTO tag VALUES ('new', 3)", "tag [word='new', item=3]"
    ),
    "a cell of a row that nothing names": Damage(
        "UPDATE tag SET item = 6 WHERE word = 'red'", "tag.item [word='red', item=5]"
    ),
    "a sequence not advanced": Damage(
        "SELECT setval(pg_get_serial_sequence('customer', 'id'), 2)", "customer.id", "sequences"
    ),
    "a view that gives less": Damage(
        "CREATE OR REPLACE VIEW sold AS SELECT c.name AS name, sum(s.pieces) AS pieces "
        "FROM customer c JOIN sale s ON s.customer = c.id WHERE c.id <> 3 GROUP BY c.name",
        "view sold",
        "views",
    ),
}

DECLARATIONS = {
    "a primary key dropped": Damage("ALTER TABLE sale DROP CONSTRAINT sale_pkey", "sale", "schema"),
    "a check dropped": Damage("check:sale", "sale", "schema"),
    "a unique index lost": Damage("unique:customer", "customer.email", "schema"),
    "a foreign key dropped": Damage("foreign:sale.item", "sale.item", "schema"),
    "another action of a foreign key": Damage("action:sale.customer", "sale.customer", "schema"),
    "an index dropped": Damage("DROP INDEX sale_at", "sale.at", "schema"),
    "NOT NULL lost": Damage(
        "ALTER TABLE customer ALTER name DROP NOT NULL", "customer.name", "schema"
    ),
    "a default lost": Damage(
        "ALTER TABLE customer ALTER city DROP DEFAULT", "customer.city", "defaults"
    ),
    "another default": Damage(
        "ALTER TABLE customer ALTER active SET DEFAULT false", "customer.active", "defaults"
    ),
    "NOT NULL that nobody wants": Damage(
        "UPDATE item SET code = '' WHERE code IS NULL; ALTER TABLE item ALTER code SET NOT NULL",
        "item.code",
        "schema",
    ),
    "a type narrowed": Damage("ALTER TABLE tag ALTER word TYPE varchar(10)", "tag.word", "schema"),
    "a scale lost": Damage(
        "ALTER TABLE item ALTER price TYPE numeric(10,0)", "item.price", "schema"
    ),
    "another collation": Damage(
        'ALTER TABLE customer ALTER note TYPE text COLLATE "POSIX"', "customer.note", "schema"
    ),
    "a time zone gained": Damage(
        "ALTER TABLE item ALTER added TYPE timestamptz", "item.added", "schema"
    ),
    "a view dropped": Damage("DROP VIEW sold", "sold", "schema"),
    "a counter dropped": Damage(
        "ALTER TABLE customer ALTER id DROP IDENTITY", "customer.id", "schema"
    ),
    "a column dropped": Damage("ALTER TABLE item DROP COLUMN stock", "item.stock", "schema"),
    "a table dropped": Damage("DROP TABLE tag2", "tag2", "schema"),
    "what may be null is taken": Damage(
        "ALTER TABLE sale ALTER customer DROP NOT NULL", "sale.customer", "constraints"
    ),
}

HARMLESS = {
    "keys of JSON in another order": """UPDATE item SET facts = '{"b":[1,2],"a":1}' WHERE id = 1""",
    "rows written anew": "UPDATE sale SET pieces = pieces",
    "zeros at the end of a decimal": "ALTER TABLE item ALTER price TYPE numeric(10,2)",
    "a sequence that is further on": (
        "SELECT setval(pg_get_serial_sequence('customer', 'id'), 1000)"
    ),
    "a table of somebody else": "CREATE TABLE other (id int)",
}
