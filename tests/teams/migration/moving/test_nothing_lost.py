"""Whatever SQLite holds in a column, and whatever the column becomes: each row arrives with its
value, or is put aside with it."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenuto.teams.migration.moving import quarantine
from tenuto.teams.migration.schema import Kind
from tests.teams.migration.moving.ground import column, made, moved, opened, plan_of

Stored = None | int | float | str | bytes

DECLARED = ["INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "", "DATE", "VARCHAR(10)", "BOOLEAN"]
BECOMES: dict[Kind, str] = {
    "integer": "INTEGER",
    "float": "REAL",
    "decimal": "DECIMAL TEXT",
    "text": "TEXT",
    "bytes": "BLOB",
    "boolean": "BOOLEAN",
    "date": "DATE TEXT",
}
VALUES: st.SearchStrategy[Stored] = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.floats(-1e6, 1e6).map(lambda number: round(number, 2))
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.sampled_from(["12", "-7", "1.50", "12abc", "2024-02-29", "0000-00-00", "2023-02-29"])
)


def says_the_same(kind: Kind, before: Stored, after: Stored) -> bool:
    """Return whether a value of a kind is what was stored, perhaps written otherwise."""
    if before is None or after is None:
        return before is after
    if kind == "bytes":
        return after == before and isinstance(before, bytes)
    if isinstance(before, bytes):
        return False
    if kind in ("text", "date"):
        written = str(before)
        if isinstance(before, float):
            return float(str(after)) == before
        return str(after) == (written[:10] if kind == "date" else written)
    if kind == "decimal":
        return Decimal(str(after)) == Decimal(str(before))
    number = float(before) if isinstance(before, str) and not before.lstrip("-").isdigit() else None
    return after == (
        int(before)
        if number is None and not isinstance(before, float)
        else (number if number is not None else before)
    )


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(DECLARED),
    st.sampled_from(sorted(BECOMES)),
    st.lists(VALUES, min_size=1, max_size=40),
    st.integers(1, 10),
)
def test_each_row_arrives_as_it_was_or_is_put_aside(
    declared: str, kind: Kind, values: list[Stored], batch_rows: int
) -> None:
    plan = plan_of(
        column("id", "integer", type="INTEGER"),
        column("c", kind, type=BECOMES[kind]),
        batch_rows=batch_rows,
    )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "a.db"
        with closing(sqlite3.connect(source)) as connection, connection:
            connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {declared})")
            connection.executemany("INSERT INTO t VALUES (?, ?)", enumerate(values))
            before: dict[object, Any] = dict(connection.execute("SELECT id, c FROM t"))
        with opened(f"sqlite:///{source}", f"sqlite:///{folder}/b.db") as (left, right):
            made(right, plan)
            (result,) = moved(left, right, plan, bad_share_max=1.0)
            after: dict[object, Any] = {
                row[0]: row[1] for row in right.query("SELECT id, c FROM t").rows
            }
            aside = {row.key[0]: row.original["c"] for row in quarantine.kept(right, "m", "t")}

    assert result.failure is None
    assert result.read == len(values) == result.loaded + result.quarantined
    assert set(after) | set(aside) == set(before) and not set(after) & set(aside)
    for number, value in after.items():
        assert says_the_same(kind, before[number], value), (declared, kind, before[number], value)
    for number, kept in aside.items():
        assert is_kept(before[number], kept), (before[number], kept)


def is_kept(before: Stored, kept: object) -> bool:
    """Return whether what quarantine has is what was stored."""
    if isinstance(kept, list):
        stored, text = kept
        if stored in ("blob", "broken"):
            return bool(before == bytes.fromhex(text))
        if stored == "real":
            return bool(before == float(text))
        return bool(str(before) == text)
    return bool(before == kept)
