"""Whoever changes a database behind Tenuto's back is found out by an audit."""

import asyncio
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tenuto.core.errors import TenutoError
from tenuto.runtime.verifying.verifier import Verified
from tests.faults.tampering import (
    KEY,
    OTHER_KEY,
    Forger,
    Value,
    columns_of,
    copied,
    fill,
    inside,
    rows_of,
    verified,
)

pytestmark = pytest.mark.slow

TABLES: Final = ("ledger", "records", "commits", "sessions", "snapshots")
NOT_AUDITED: Final = {
    # Sentences for people, and when they were last true.
    ("sessions", "waiting_for"),
    ("sessions", "updated_ms"),
    ("sessions", "head_version"),
    # One that fits no session is not used.
    ("snapshots", "session"),
    ("snapshots", "version"),
}

many = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("original") / "store.db"
    asyncio.run(fill(file))
    return file


def audit(file: Path, **options: object) -> Verified:
    return asyncio.run(verified(file, **options))  # type: ignore[arg-type]  # as `verified` takes


def is_found(file: Path) -> bool:
    """Return whether an audit finds a fault, or cannot even read the file."""
    try:
        return bool(audit(file).faults)
    except TenutoError:
        return True


def other(value: Value, draw: Callable[..., int]) -> Value:
    """Return another value of the same kind."""
    match value:
        case None:
            return 1
        case int() | float():
            return value + draw(st.sampled_from([1, -1, 2**31]))
        case str():
            return draw(st.sampled_from([value + "x", value[1:] or "y", value.upper() + " "]))
    if not value:
        return b"x"
    place, bit = draw(st.integers(0, len(value) - 1)), draw(st.integers(0, 7))
    flipped = bytes([value[place] ^ 1 << bit])
    return draw(st.sampled_from([value[:place] + flipped + value[place + 1 :], value[:-1]]))


def unpacked(value: Value) -> Value:
    """Return what a value means: some bits of a packed snapshot mean nothing."""
    try:
        return zlib.decompress(value) if isinstance(value, bytes) else value
    except zlib.error:
        return value


def test_an_untouched_database_is_as_it_was_written(original: Path) -> None:
    found = audit(original)

    assert found.faults == ()
    assert found.notes == ()
    assert (found.entries, found.records, found.checkpoints) == (10, 4, 3)
    assert (found.marks, found.anchors) == (3, 3)
    assert (found.sessions, found.open_entries, found.open_commits) == (4, 0, 0)
    with inside(original) as connection:
        for table in TABLES:
            assert rows_of(connection, table), f"there are {table} to tamper with"


@many
@given(data=st.data())
def test_any_changed_value_is_found(original: Path, tmp_path: Path, data: st.DataObject) -> None:
    file = copied(original, tmp_path / "copy")
    with inside(file) as connection:
        table = data.draw(st.sampled_from(TABLES))
        columns = columns_of(connection, table)
        row = data.draw(st.sampled_from(rows_of(connection, table)))
        audited = [name for name in columns if (table, name) not in NOT_AUDITED]
        column = data.draw(st.sampled_from(audited))
        changed = other(row[1 + columns.index(column)], data.draw)
        assume(unpacked(changed) != unpacked(row[1 + columns.index(column)]))
        connection.execute(
            f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?", (changed, row[0])
        )

    assert is_found(file), f"{table}.{column} of row {row[0]} is {changed!r}"


def test_any_deleted_row_is_found(original: Path, tmp_path: Path) -> None:
    for table in TABLES:
        if table == "snapshots":
            continue  # A cache: it is made again.
        with inside(original) as connection:
            rows = rows_of(connection, table)
        for row in rows:
            file = copied(original, tmp_path / "copy")
            with inside(file) as connection:
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row[0],))

            assert is_found(file), f"row {row[0]} of {table}"


@pytest.mark.parametrize("table", ["ledger", "commits", "records"])
def test_rows_that_change_places_are_found(original: Path, tmp_path: Path, table: str) -> None:
    with inside(original) as connection:
        keys = [row[0] for row in rows_of(connection, table)]
        columns = ", ".join(columns_of(connection, table))
    for one, two in pairwise(keys):
        file = copied(original, tmp_path / "copy")
        with inside(file) as connection:
            connection.execute("DROP INDEX IF EXISTS commits_of_session")
            if table == "records":
                values = "value, private, version"
                first, second = (
                    connection.execute(
                        f"SELECT {values} FROM records WHERE rowid = ?", (key,)
                    ).fetchone()
                    for key in (one, two)
                )
                if first == second:
                    continue
                for key, row in ((one, second), (two, first)):
                    connection.execute(
                        "UPDATE records SET value = ?, private = ?, version = ? WHERE rowid = ?",
                        (*row, key),
                    )
            else:
                first_column = columns.split(",")[0]
                for old, new in ((one, -9), (two, one), (-9, two)):
                    connection.execute(
                        f"UPDATE {table} SET {first_column} = ? WHERE {first_column} = ?",
                        (new, old),
                    )

        assert is_found(file), f"{one} and {two} of {table}"


@pytest.mark.parametrize("count", range(1, 11))
def test_a_cut_off_end_is_found_by_what_is_known_outside(
    original: Path, tmp_path: Path, count: int
) -> None:
    file = copied(original, tmp_path / "copy")
    forger = Forger(file)
    forger.entries = forger.entries[: 10 - count]
    forger.write()

    found = audit(file)

    first = next(fault for fault in found.faults if fault.part == "anchors")
    assert first.number == 11 - count
    assert "cut off" in first.message


def test_a_chain_made_anew_without_the_key_is_found_by_the_marks(
    original: Path, tmp_path: Path
) -> None:
    for place in range(9):
        file = copied(original, tmp_path / "copy")
        (tmp_path / "copy" / "store.db.checkpoints").unlink()
        forger = Forger(file)
        forger.entries[place] = structs.replace(forger.entries[place], actor="user:eve")
        forger.write()
        (tmp_path / "copy" / "none").touch()

        found = audit(file, anchor=tmp_path / "copy" / "none")

        assert any("did not make" in fault.message for fault in found.faults), place
        assert all(fault.part != "entries" for fault in found.faults), "the chain itself is whole"


def test_a_chain_made_anew_is_found_by_the_anchors_where_there_is_no_key(
    tmp_path: Path,
) -> None:
    (tmp_path / "original").mkdir()
    original = tmp_path / "original" / "store.db"
    asyncio.run(fill(original, key=""))
    file = copied(original, tmp_path / "copy")
    forger = Forger(file)
    forger.entries[4] = structs.replace(forger.entries[4], actor="user:eve")
    forger.write()
    (tmp_path / "none").touch()

    found = audit(file, key="")

    # The first checkpoint is entry 4; what was changed came after it.
    assert [fault.number for fault in found.faults] == [7, 10]
    assert {fault.part for fault in found.faults} == {"anchors"}
    # Whoever can write everything that an audit knows is found out by nothing.
    assert audit(file, key="", anchor=tmp_path / "none").faults == ()


def test_entries_put_in_and_chained_anew_are_found(original: Path, tmp_path: Path) -> None:
    file = copied(original, tmp_path / "copy")
    forger = Forger(file)
    forger.entries.insert(2, structs.replace(forger.entries[2], version=0, after=None, before=None))
    forger.write()

    assert audit(file).faults


def test_an_audit_needs_the_key_that_marks_were_made_with(original: Path) -> None:
    with_other = audit(original, key=OTHER_KEY)
    with_both = audit(original, key=f"{OTHER_KEY} {KEY}")
    without = audit(original, key="")

    assert "which was not given" in with_other.faults[0].message
    assert with_both.faults == ()
    assert without.faults == ()
    assert "3 checkpoints bear marks" in without.notes[0]


def test_the_first_wrong_entry_is_named(original: Path, tmp_path: Path) -> None:
    file = copied(original, tmp_path / "copy")
    with inside(file) as connection:
        connection.execute("UPDATE ledger SET actor = 'user:eve' WHERE number IN (3, 7)")

    found = audit(file)

    assert [f.number for f in found.faults if f.part == "entries"] == [3, 7]
    assert "user.set by user:eve" in found.faults[0].message


def test_missing_entries_are_named(original: Path, tmp_path: Path) -> None:
    file = copied(original, tmp_path / "copy")
    with inside(file) as connection:
        connection.execute("DELETE FROM ledger WHERE number IN (2, 3)")

    (first, *_) = audit(file).faults

    assert (first.part, first.number) == ("entries", 2)
    assert first.message == "Entries 2–3 are missing."


def test_a_changed_event_is_narrowed_down_to_its_checkpoint(original: Path, tmp_path: Path) -> None:
    file = copied(original, tmp_path / "copy")
    with inside(file) as connection:
        position, payload = connection.execute("SELECT position, payload FROM commits").fetchone()
        changed = payload.replace(b"Ada", b"Eve")
        assert changed != payload
        connection.execute("UPDATE commits SET payload = ? WHERE position = ?", (changed, position))

    (first,) = audit(file).faults

    assert (first.part, first.number) == ("events", 1)
    assert "The checkpoint of entry 4 does not agree" in first.message


def test_a_session_given_to_another_tenant_is_found(original: Path, tmp_path: Path) -> None:
    file = copied(original, tmp_path / "copy")
    with inside(file) as connection:
        connection.execute("UPDATE sessions SET tenant = 'rival' WHERE workflow = 'gated'")

    (fault,) = audit(file).faults

    assert fault.part == "sessions"
    assert "its tenant is kept as 'rival', and its events say 'acme'" in fault.message


def test_a_record_that_is_gone_is_named(original: Path, tmp_path: Path) -> None:
    file = copied(original, tmp_path / "copy")
    with inside(file) as connection:
        connection.execute("DELETE FROM records WHERE id = 'bob'")

    (fault,) = audit(file).faults

    assert fault.message == "The user 'bob' of 'acme' is gone, and no entry deleted it."
    assert (fault.part, fault.number) == ("records", 5)
