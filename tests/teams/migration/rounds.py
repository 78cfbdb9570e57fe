"""Round trips through every system, and the checksum by which their ends are compared."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from pathlib import Path
from typing import Any

import tenuto
from tenuto.teams.migration import team
from tenuto.teams.migration.architect import make_plan
from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.kora.marks import marks
from tenuto.teams.migration.kora.sides import Form, target_rows
from tenuto.teams.migration.schema import Annotated
from tests import mariadb, postgres
from tests.teams.migration.shop import given


def checksums(first: str, *others: str) -> list[dict[str, str]]:
    """Return for each database a digest of each table that the first has, over the canonical values
    of its rows in any order, by the kinds that the first declares."""
    with contextlib.closing(open_database(first)) as database:
        schema = Annotated(schema=database.describe(), columns={})
    plan = make_plan(schema, target_system="sqlite", source="", target="")
    found = []
    for url in (first, *others):
        with contextlib.closing(open_database(url)) as database:
            sums = {}
            for table in plan.tables:
                form = Form(table, "sqlite")
                rows = [
                    mark
                    for batch in target_rows(database, form, texts=frozenset(form.names))
                    for mark in marks(batch, form.names)
                ]
                sums[table.name] = hashlib.blake2b(b"".join(sorted(rows))).hexdigest()
            found.append(sums)
    return found


def round_trip(first: str, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the last of SQLite → PostgreSQL → MariaDB → SQLite, and what each leg said."""
    last = f"sqlite:///{folder / 'last.db'}"
    outputs = []
    with postgres.fresh_database() as second, mariadb.fresh_database() as third:
        stations = [first, second, third, last]
        for source, target in itertools.pairwise(stations):
            inputs = given(source, target, learn=False)
            output = tenuto.run(team.workflow, inputs, db="memory://", timeout=240)
            assert isinstance(output, dict), "somebody is asked"
            outputs.append(output)
    return last, outputs
