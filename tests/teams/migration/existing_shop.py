"""A shop of some rows, and targets that have a schema of their own for it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql

from tenuto.teams.migration.databases.addresses import open_database, system_of
from tenuto.teams.migration.databases.port import Rows

STAFF: Final = 6
CUSTOMERS: Final = 40
ORDERS: Final = 120

OLD: Final = """
CREATE TABLE employee (employee_id INTEGER PRIMARY KEY, full_name VARCHAR(60) NOT NULL,
  reports_to INTEGER REFERENCES employee (employee_id), hired TEXT NOT NULL);
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name VARCHAR(40) NOT NULL,
  last_name VARCHAR(40) NOT NULL, birth_date TEXT, email VARCHAR(60) NOT NULL, street TEXT,
  zip VARCHAR(10), city VARCHAR(40), active CHAR(1) NOT NULL,
  support_rep_id INTEGER REFERENCES employee (employee_id), shoe_size INTEGER);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  order_date TEXT NOT NULL, total REAL NOT NULL);
"""
NEW: Final = """
CREATE TABLE bestellung (bestell_nr INTEGER PRIMARY KEY, kunden_nr INTEGER NOT NULL,
  bestelldatum DATE NOT NULL, gesamtbetrag NUMERIC(12,2) NOT NULL,
  CONSTRAINT bestellung_kunde FOREIGN KEY (kunden_nr) REFERENCES kunde (kunden_nr){deferred});
CREATE TABLE anschrift (kunden_nr INTEGER PRIMARY KEY, strasse VARCHAR(80), plz VARCHAR(10),
  ort VARCHAR(40),
  CONSTRAINT anschrift_kunde FOREIGN KEY (kunden_nr) REFERENCES kunde (kunden_nr));
CREATE TABLE kunde (kunden_nr INTEGER PRIMARY KEY, name VARCHAR(90) NOT NULL, geburtsdatum DATE,
  email VARCHAR(60) NOT NULL UNIQUE, aktiv BOOLEAN NOT NULL, betreuer_nr INTEGER,
  CONSTRAINT kunde_betreuer FOREIGN KEY (betreuer_nr) REFERENCES mitarbeiter (mitarbeiter_nr));
CREATE TABLE mitarbeiter (mitarbeiter_nr INTEGER PRIMARY KEY, vorname VARCHAR(40) NOT NULL,
  nachname VARCHAR(40) NOT NULL, vorgesetzter INTEGER, einstellungsdatum DATE NOT NULL,
  CONSTRAINT mitarbeiter_chef FOREIGN KEY (vorgesetzter) REFERENCES mitarbeiter (mitarbeiter_nr));
"""
"""In German; a name is split, another joined, and a table cut in two."""


def old_shop(folder: Path, *, more: str = "") -> str:
    """Return the address of the shop. An employee of the lowest number reports to the last."""
    file = folder / "old.db"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(OLD)
        connection.executemany(
            "INSERT INTO employee VALUES (?, ?, ?, ?)",
            [
                (n, f"{['Ann', 'Bob', 'Cid', 'Dee', 'Eve', 'Fay'][n - 1]} Lee{n}",
                 STAFF if n == 1 else None, f"20{n + 10}-03-0{n}")
                for n in range(1, STAFF + 1)
            ],
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (n, f"Jo{n}", f"Doe{n}", f"{n % 18 + 10}.01.19{n % 40 + 50}",
                 f"jo{n}@example.org", f"Elm {n}", f"{n:05}", "Ulm", "YN"[n % 2],
                 n % STAFF + 1, 40)
                for n in range(1, CUSTOMERS + 1)
            ],
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            [
                (n, n % CUSTOMERS + 1, f"2024-0{n % 9 + 1}-1{n % 9}", n * 1.25)
                for n in range(1, ORDERS + 1)
            ],
        )
        connection.executescript(more)
    return f"sqlite:///{file}"


def made(url: str, script: str = NEW, *, deferred: str = "") -> str:
    """Make the tables of a target, those first that others name; return its address."""
    statements = [one for one in script.format(deferred=deferred).split(";") if one.strip()]
    run(url, *reversed(statements))
    return url


def run(url: str, *statements: str) -> None:
    """Run statements on a database, which is made if it is SQLite."""
    parts = urlsplit(url)
    if system_of(url) == "sqlite":
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            for statement in statements:
                file.execute(statement)
    elif system_of(url) == "postgresql":
        with psycopg.connect(url) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]  # a text of a test
    else:
        with contextlib.closing(
            pymysql.connect(
                host=parts.hostname or "", port=parts.port or 3306, database=parts.path[1:],
                user=unquote(parts.username or ""), password=unquote(parts.password or ""),
                autocommit=True,
            )
        ) as server:  # fmt: skip
            for statement in statements:
                server.cursor().execute(statement)


def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with contextlib.closing(open_database(url)) as database:
        found: Rows = database.query(sql)
        return found.rows
