"""kill -9 at many places of a whole migration; it goes on, and each row is there once."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.dying import run_to_death
from tests.teams.migration.shop import given, shop

pytestmark = [needs_postgres, pytest.mark.slow]

STEPS: Final = (2, 6)
"""A process lives for so many commits of its log, at least and at most, before it is killed."""

KILLS: Final = max(int(os.environ.get("TENUTO_KILLS", "0")) // 4, 8)
"""More, where the environment says so: `make kills`."""


def test_a_migration_that_is_killed_again_and_again_ends_as_if_it_never_was(
    tmp_path: Path,
) -> None:
    chance, kills, migrations = random.Random(3), 0, 0
    source = shop(tmp_path, moves=1_500)
    while kills < KILLS:
        with fresh_database() as target:
            kills += killed(tmp_path / f"{migrations}.db", source, target, chance)
        migrations += 1
    print(f"{kills} kills in {migrations} migrations")


def killed(db: Path, source: str, target: str, chance: random.Random) -> int:
    """Return how often a migration was killed until it ended; each row is there once then."""
    inputs, kills = given(source, target, report_seconds=0.1, parallel=3), 0
    while (ended := run_to_death(db, inputs, chance.randint(*STEPS))).returncode == -signal.SIGKILL:
        kills += 1
    assert ended.returncode == 0, ended.stderr
    output = json.loads(ended.stdout)

    assert output["verified"]
    with psycopg.connect(target) as connection:
        twice = connection.execute(
            "SELECT table_name, range_number, batch FROM tenuto_checkpoints "
            "GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ).fetchall()
    assert twice == []
    return kills
