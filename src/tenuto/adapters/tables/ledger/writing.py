"""What an append does to the tables, inside a transaction."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.ledger.rows import SELECT_RECORD, last_in, record_of, value_of
from tenuto.adapters.tables.ledger.schema import make_tables
from tenuto.core.audit.entering import Entered, entered
from tenuto.ports.ledger import Change, Entry, NameTaken, Record

INSERT_ENTRY: Final = f"INSERT INTO ledger VALUES ({', '.join('?' * 10)})"
SELECT_VERSION: Final = """
    SELECT version FROM ledger WHERE kind = ? AND target = ? AND tenant = ? AND version > 0
    ORDER BY number DESC LIMIT 1"""
SELECT_HOLDER: Final = """
    SELECT 1 FROM records WHERE tenant = ? AND kind = ? AND name = ? AND id <> ? LIMIT 1"""
PUT_RECORD: Final = """
    INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT(tenant, kind, id) DO UPDATE SET name = excluded.name, version = excluded.version,
        value = excluded.value, private = excluded.private, created_ms = excluded.created_ms,
        updated_ms = excluded.updated_ms"""
DELETE_RECORD: Final = "DELETE FROM records WHERE tenant = ? AND kind = ? AND id = ?"


class Appended(NamedTuple):
    entries: tuple[Entry, ...]
    left_private: bool
    """Something private was replaced or deleted."""


def append(connection: Connection, changes: Sequence[Change]) -> Appended:
    """See `Ledger.append`."""
    make_tables(connection)
    last, entries, left_private = last_in(connection), list[Entry](), False
    for change in changes:
        old = _old(connection, change) if change.writes else None
        # One that was deleted goes on counting, or its ETag would come back.
        counted = _counted(connection, change) if change.writes and old is None else 0
        made = entered(change, last, old=old, counted=counted)
        if change.writes:
            _put(connection, change, made)
            left_private |= old is not None and bool(old.private)
        _insert(connection, made)
        entries.append(made.entry)
        last = last._replace(number=made.entry.number, digest=made.entry.digest)
    return Appended(tuple(entries), left_private)


def _old(connection: Connection, change: Change) -> Record | None:
    place = (change.tenant, change.kind, change.target)
    row = connection.execute(SELECT_RECORD, place).fetchone()
    return None if row is None else record_of(row)


def _counted(connection: Connection, change: Change) -> int:
    place = (change.kind, change.target, change.tenant)
    row = connection.execute(SELECT_VERSION, place).fetchone()
    return 0 if row is None else row[0]


def _put(connection: Connection, change: Change, made: Entered) -> None:
    record = made.record
    if record is None:
        connection.execute(DELETE_RECORD, (change.tenant, change.kind, change.target))
        return
    named = (record.tenant, record.kind, record.name, record.id)
    if record.name and connection.execute(SELECT_HOLDER, named).fetchone():
        raise NameTaken(kind=record.kind, name=record.name)
    row = (
        *(record.tenant, record.kind, record.id, record.name, record.version),
        *(value_of(record.value), record.private, record.created_ms, record.updated_ms),
    )
    connection.execute(PUT_RECORD, row)


def _insert(connection: Connection, made: Entered) -> None:
    entry = made.entry
    row = (
        *(entry.number, entry.at_ms, entry.tenant, entry.actor, entry.action, entry.kind),
        *(entry.target, entry.version, made.body, bytes.fromhex(entry.digest)),
    )
    connection.execute(INSERT_ENTRY, row)
