"""SQLite → PostgreSQL → MariaDB → SQLite: each leg is proven, and what comes home is what left."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mariadb import needs_mariadb
from tests.postgres import needs_postgres
from tests.teams.migration.existing_shop import run
from tests.teams.migration.kora.moved import chinook, northwind
from tests.teams.migration.rounds import checksums, round_trip
from tests.teams.migration.samples import needs_samples

pytestmark = [needs_postgres, needs_mariadb, pytest.mark.slow]

MADE = """
CREATE TABLE "Person" (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(60) NOT NULL,
  boss INTEGER REFERENCES "Person" (id), born DATE, seen TIMESTAMP, active BOOLEAN NOT NULL,
  rate DOUBLE PRECISION, photo BLOB, notes TEXT);
CREATE TABLE "order" (number INTEGER PRIMARY KEY, "by whom" INTEGER NOT NULL
  REFERENCES "Person" (id) ON DELETE CASCADE, total DECIMAL(12,2) NOT NULL DEFAULT 0,
  CHECK (total >= 0));
CREATE TABLE line (of INTEGER NOT NULL REFERENCES "order" (number), place INTEGER NOT NULL,
  what TEXT NOT NULL, PRIMARY KEY (of, place));
CREATE UNIQUE INDEX line_what ON line (of, what);
"""


def generated(folder: Path) -> str:
    """Return the address of a database with every kind of value, keys of two columns, and names
    that want quotes."""
    file, chance = folder / "first.db", random.Random(7)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(MADE)
        for number in range(1, 401):
            connection.execute(
                'INSERT INTO "Person" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
                (
                    number,
                    chance.choice(["Zoë", "Ångström ", "東京", "O'Neil", "a\\b", "Ada"]),
                    chance.choice([None, chance.randint(1, 400)]),
                    chance.choice([None, f"19{chance.randint(10, 99)}-02-28"]),
                    chance.choice([None, f"2024-02-29 10:{chance.randint(10, 59)}:12"]),
                    chance.randint(0, 1),
                    chance.choice([None, chance.random() * 1e6, -0.5, 1e-9]),
                    chance.choice([None, b"", chance.randbytes(9)]),
                    chance.choice([None, "", " blanks ", "line\nline\t", "🙂" * 9]),
                ),
            )
            total = chance.randint(0, 10**9) / 100
            owner = chance.randint(1, number)
            connection.execute('INSERT INTO "order" VALUES (?, ?, ?)', (number * 7, owner, total))
            for place in range(chance.randint(0, 3)):
                row = (number * 7, place, f"thing {place}")
                connection.execute("INSERT INTO line VALUES (?, ?, ?)", row)
    return f"sqlite:///{file}"


def test_a_generated_database_comes_home_as_it_left(tmp_path: Path) -> None:
    there_and_back(generated(tmp_path), tmp_path)


@needs_samples
@pytest.mark.parametrize("sample", [chinook, northwind])
def test_a_sample_comes_home_as_it_left(sample: Callable[[Path], str], tmp_path: Path) -> None:
    there_and_back(sample(tmp_path), tmp_path)


def there_and_back(source: str, folder: Path) -> None:
    last, legs = round_trip(source, folder)

    for leg in legs:
        assert leg["verified"] and not leg["accepted"], leg
        assert leg["built"]["unbuilt"] == [] and leg["built"]["gave_way"] == []
        assert sum(table["quarantined"] for table in leg["moved"].values()) == 0
    before, after = checksums(source, last)
    assert before == after and before


def test_the_checksum_sees_a_changed_cell_a_lost_row_and_a_lost_blank(tmp_path: Path) -> None:
    source = generated(tmp_path)
    (before,) = checksums(source)

    for damage in (
        "UPDATE \"Person\" SET name = 'Ångström' WHERE name = 'Ångström '",
        "UPDATE \"Person\" SET photo = x'00' WHERE id = 7",
        'DELETE FROM "Person" WHERE id = 400',
    ):
        (earlier,) = checksums(source)
        run(source, damage)
        (later,) = checksums(source)
        changed = {name for name in later if later[name] != earlier[name]}
        assert changed == {"Person"}
    assert before["line"] == later["line"]
