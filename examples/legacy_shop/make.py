"""Makes the database of a shop that has been in use for twenty years, and looks like it.

    python examples/legacy_shop/make.py legacy.db [--moves 1000000] [--seed 7]

The same seed makes the same rows. What is wrong in it is what is wrong in old databases: dates in
five formats and of the year zero, Y and N, money as text, keys that are there twice, orders of
customers who are gone, bytes of another encoding, text longer than its column, words of SQL as
names, tables that name each other, and a column that is clean for 900,000 rows.
"""

import argparse
import datetime
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOVES: Final = 1_000_000
SEED: Final = 7

TABLES: Final = """
CREATE TABLE departments (
    id INTEGER PRIMARY KEY,
    name VARCHAR(40) NOT NULL UNIQUE,
    head_id INTEGER REFERENCES employees (id)
);
CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    department_id INTEGER NOT NULL REFERENCES departments (id),
    hired TEXT,
    salary TEXT
);
CREATE TABLE customers (
    cust_no INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(40) NOT NULL,
    email TEXT,
    phone TEXT,
    birth_dt TEXT,
    active CHAR(1) DEFAULT 'Y' NOT NULL,
    credit_limit TEXT,
    remarks VARCHAR(30),
    country CHAR(2) DEFAULT 'DE'
);
CREATE INDEX customers_by_email ON customers (email);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    sku VARCHAR(12) NOT NULL,
    "desc" TEXT,
    price REAL CHECK (price >= 0),
    "group" TEXT,
    attributes TEXT,
    discontinued INTEGER DEFAULT 0
);
CREATE TABLE supplier_codes (code VARCHAR(8), product_id INTEGER, priority INTEGER);
CREATE TABLE "order" (
    id INTEGER PRIMARY KEY,
    cust_no INTEGER NOT NULL REFERENCES customers (cust_no),
    "date" TEXT NOT NULL,
    total TEXT,
    status VARCHAR(10) NOT NULL,
    paid CHAR(1)
);
CREATE INDEX order_by_customer ON "order" (cust_no, "date");
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES "order" (id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    product_id INTEGER REFERENCES products (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price REAL NOT NULL,
    PRIMARY KEY (order_id, line)
);
CREATE TABLE stock_moves (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL,
    moved_at TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    reason TEXT,
    unit_cost REAL,
    checked CHAR(1)
);
CREATE VIEW open_orders AS
    SELECT o.id, c.name, o."date", o.total FROM "order" AS o
    JOIN customers AS c ON c.cust_no = o.cust_no WHERE o.status = 'open';
CREATE VIEW stock AS
    SELECT product_id, SUM(quantity) AS pieces, COUNT(*) AS moves
    FROM stock_moves GROUP BY product_id;
CREATE TRIGGER order_is_paid AFTER UPDATE OF paid ON "order" WHEN NEW.paid = 'Y'
    BEGIN UPDATE "order" SET status = 'closed' WHERE id = NEW.id; END;
"""

DATES: Final = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y")
FIRST: Final = ("Ada", "Jürgen", "Zoë", "Marek", "Aïcha", "Søren", "Olga", "Wei", "Ines", "Tom")
LAST: Final = ("Müller", "Novák", "Smith", "Lefèvre", "Åberg", "Rossi", "Tanaka", "Okafor", "Diaz")
DEPARTMENTS: Final = ("Sales", "Warehouse", "Accounts", "Returns", "Board")
GROUPS: Final = ("tools", "paint", "garden", "lamps", None)
REASONS: Final = ("sale", "return", "count", "broken", None)
STATES: Final = ("open", "closed", "cancelled")
CLEAN_UNTIL: Final = 900_000
"""In a table of a million moves, the first quantity that is a word stands behind this one."""


def main() -> None:
    """Make the file that the arguments name; what stood there is replaced."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--moves", type=int, default=MOVES, help="rows of the largest table")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    make(asked.file, moves=asked.moves, seed=asked.seed)


def make(file: Path, *, moves: int = MOVES, seed: int = SEED) -> None:
    """Make the database, with about a tenth of `moves` in orders and their lines."""
    file.unlink(missing_ok=True)
    chance = random.Random(seed)
    customers, orders = max(20, moves // 200), max(30, moves // 50)
    with sqlite3.connect(file) as connection:
        connection.executescript(f"PRAGMA journal_mode = OFF;{TABLES}")
        _staff(connection, chance)
        _fill(connection, "customers", 9, _customers(chance, customers))
        _fill(connection, "products", 7, _products(chance))
        _fill(connection, "supplier_codes", 3, _codes(chance))
        _fill(connection, '"order"', 6, _orders(chance, orders, customers))
        _fill(connection, "order_lines", 5, _lines(chance, orders))
        _fill(connection, "stock_moves", 7, _moves(chance, moves))
    connection.close()


def _fill(
    connection: sqlite3.Connection, table: str, width: int, rows: Iterator[tuple[object, ...]]
) -> None:
    places = ", ".join("?" * width)
    connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


def _staff(connection: sqlite3.Connection, chance: random.Random) -> None:
    people = [(1 + i, _person(chance), 1 + i % 5, _date(chance), _money(chance)) for i in range(40)]
    _fill(connection, "employees", 5, iter(people))
    heads = [(1 + i, name, 1 + i) for i, name in enumerate(DEPARTMENTS)]
    _fill(connection, "departments", 3, iter(heads))


def _customers(chance: random.Random, count: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, count + 1):
        name = _person(chance)
        remark = chance.choice(
            ("", "pays late", "asked for a catalogue; see the letter of the 3rd")
        )
        yield (
            number,
            # What the till of 2003 wrote is not UTF-8.
            name.encode("latin-1", "replace") if chance.random() < 0.01 else name,
            None
            if chance.random() < 0.1
            else f"{chance.choice(LAST)}.{number}@example.org".lower(),
            f"+49 {chance.randrange(30, 999)} {chance.randrange(10**5, 10**7)}",
            chance.choice((None, "0000-00-00", "")) if chance.random() < 0.1 else _date(chance),
            chance.choice("YYYYN"),
            None if chance.random() < 0.2 else _money(chance),
            remark * 2 if chance.random() < 0.02 else remark,
            chance.choice(("DE", "DE", "FR", "pl", "")),
        )


def _products(chance: random.Random) -> Iterator[tuple[object, ...]]:
    for number in range(1, 501):
        yield (
            number,
            # Two products of one SKU, here and there: nobody ever declared it unique.
            f"SKU-{(number - number % 50 if chance.random() < 0.02 else number):05d}",
            f"{chance.choice(('Hammer', 'Lampe', 'Pot', 'Éponge'))} {number}",
            round(chance.uniform(0.5, 900), 2),
            chance.choice(GROUPS),
            f'{{"colour": "{chance.choice(("red", "blau"))}", "weight": {chance.randrange(9)}}}',
            int(chance.random() < 0.1),
        )


def _codes(chance: random.Random) -> Iterator[tuple[object, ...]]:
    for number in range(1, 801):
        code = f"S{chance.randrange(400):04d}"
        yield code, number % 520, chance.choice((1, 2, None))


def _orders(chance: random.Random, count: int, customers: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, count + 1):
        is_gone = chance.random() < 0.002
        yield (
            number,
            customers + number if is_gone else chance.randrange(1, customers + 1),
            _date(chance),
            _money(chance),
            chance.choice(STATES),
            chance.choice(("Y", "N", None)),
        )


def _lines(chance: random.Random, orders: int) -> Iterator[tuple[object, ...]]:
    for order in range(1, orders + 1):
        for line in range(1, chance.randrange(2, 6)):
            price = round(chance.uniform(0.5, 900), 2)
            yield order, line, chance.randrange(1, 501), chance.randrange(1, 9), price


def _moves(chance: random.Random, count: int) -> Iterator[tuple[object, ...]]:
    begun = datetime.datetime(2004, 1, 1, 8, tzinfo=datetime.UTC)
    clean_until = count * CLEAN_UNTIL // MOVES
    for number in range(1, count + 1):
        moment = begun + datetime.timedelta(seconds=number * 590 + chance.randrange(500))
        is_word = number > clean_until and chance.random() < 0.0005
        yield (
            number,
            chance.randrange(1, 501),
            moment.strftime("%Y-%m-%d %H:%M:%S"),
            chance.choice(("n/a", "12 pcs")) if is_word else chance.randrange(-40, 60),
            chance.choice(REASONS),
            None if chance.random() < 0.1 else round(chance.uniform(0.1, 500), 4),
            chance.choice("YN"),
        )


def _person(chance: random.Random) -> str:
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"


def _date(chance: random.Random) -> str:
    day = datetime.date(1950, 1, 1) + datetime.timedelta(days=chance.randrange(27_000))
    return day.strftime(chance.choice(DATES))


def _money(chance: random.Random) -> str:
    return f"{chance.uniform(10, 50_000):,.2f}"


if __name__ == "__main__":
    main()
