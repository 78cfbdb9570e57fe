"""Entries and records as rows, and queries as conditions."""

import json
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.ledger.schema import has_ledger
from tenuto.core.audit.chain import read_body
from tenuto.core.audit.entering import Last
from tenuto.core.errors import CorruptLog
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Entry, EntryQuery, Record, RecordQuery

ENTRY: Final = "number, at_ms, tenant, actor, action, kind, target, version, body, digest"
RECORD: Final = "tenant, kind, id, name, version, value, private, created_ms, updated_ms"

SELECT_LAST: Final = "SELECT number, digest FROM ledger ORDER BY number DESC LIMIT 1"
SELECT_RECORD: Final = f"SELECT {RECORD} FROM records WHERE tenant = ? AND kind = ? AND id = ?"
SELECT_NAMED: Final = f"""
    SELECT {RECORD} FROM records WHERE tenant = ? AND kind = ? AND name = ? AND name <> ''"""


SHORT_ENTRIES_MAX: Final = 5_000
COUNT_SHORT: Final = """
    SELECT count(*) FROM (SELECT 1 FROM ledger WHERE at_ms >= ? AND at_ms < ? LIMIT ?) AS few"""

Values: TypeAlias = list[str | int]
T = TypeVar("T")


class EntryRow(NamedTuple):
    """A row of `ENTRY`."""

    number: int
    at_ms: int
    tenant: str
    actor: str
    action: str
    kind: str
    target: str
    version: int
    body: bytes
    digest: bytes


class RecordRow(NamedTuple):
    """A row of `RECORD`."""

    tenant: str
    kind: str
    id: str
    name: str
    version: int
    value: bytes
    private: bytes
    created_ms: int
    updated_ms: int


_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder(dict[str, Any])


def value_of(value: JsonObject) -> bytes:
    """Return what is kept in the column `value`."""
    return _encoder.encode(value)


def entry_of(row: tuple[object, ...]) -> Entry:
    """Return the entry of a row of `ENTRY`.

    Raises:
        CorruptLog: the row is not as it was written.
    """
    try:
        known = _typed(row, EntryRow)
        read = read_body(known.body)
    except ValueError as error:
        raise CorruptLog(f"Entry {row[0]} is not as it was written: {error}.") from error
    return Entry(
        number=known.number,
        at_ms=known.at_ms,
        tenant=known.tenant,
        actor=known.actor,
        action=known.action,
        kind=known.kind,
        target=known.target,
        version=known.version,
        digest=known.digest.hex(),
        source=read.source,
        detail=read.detail,
        before=read.before,
        after=read.after,
        name=read.name,
        private_digest=read.private_digest,
    )


def record_of(row: tuple[object, ...]) -> Record:
    """Return the record of a row of `RECORD`.

    Raises:
        CorruptLog: the row is not as it was written.
    """
    try:
        known = _typed(row, RecordRow)
        value = _decoder.decode(known.value)
        if _encoder.encode(value) != known.value:
            raise ValueError("it is not in its canonical form")
    except ValueError as error:
        raise CorruptLog(
            f"The {row[1]} {row[2]!r} of {row[0]!r} is not as it was written: {error}."
        ) from error
    return Record(
        tenant=known.tenant,
        kind=known.kind,
        id=known.id,
        name=known.name,
        version=known.version,
        value=value,
        private=known.private,
        created_ms=known.created_ms,
        updated_ms=known.updated_ms,
    )


def _typed(row: tuple[object, ...], kind: type[T]) -> T:
    # A text is no base64 of bytes.
    return msgspec.convert(row, kind, builtin_types=(bytes,))


def last_in(connection: Connection) -> Last:
    """Answer `Ledger.digest`, of a ledger that has its tables."""
    row = connection.execute(SELECT_LAST).fetchone()
    return Last() if row is None else Last(row[0], row[1].hex())


def list_entries(connection: Connection, query: EntryQuery) -> tuple[Entry, ...]:
    """Answer `Ledger.entries`."""
    if not has_ledger(connection):
        return ()
    condition, values = _entries_condition(query)
    order = "ASC" if query.after is not None else "DESC"
    index = "INDEXED BY ledger_by_time" if _is_short(connection, query) else ""
    rows = connection.execute(
        f"SELECT {ENTRY} FROM ledger {index} WHERE {condition} ORDER BY number {order} LIMIT ?",
        [*values, max(0, query.limit)],
    )
    return tuple(entry_of(row) for row in rows)


def find_record(
    connection: Connection, tenant: str, kind: str, *, id: str, name: str
) -> Record | None:
    """Answer `Ledger.record`, of a ledger that has its tables."""
    sql, wanted = (SELECT_RECORD, id) if id else (SELECT_NAMED, name)
    row = connection.execute(sql, (tenant, kind, wanted)).fetchone()
    return None if row is None else record_of(row)


def list_records(connection: Connection, query: RecordQuery) -> tuple[Record, ...]:
    """Answer `Ledger.records`."""
    if not has_ledger(connection):
        return ()
    parts, values = ["1 = 1"], Values()
    for column, wanted in (("tenant", query.tenant), ("kind", query.kind or None)):
        if wanted is not None:
            parts.append(f"{column} = ?")
            values.append(wanted)
    if query.after is not None:
        parts.append("(name, id) > (?, ?)")
        values += query.after
    if query.beyond is not None:
        parts.append("(tenant, kind, id) > (?, ?, ?)")
        values += query.beyond
    order = "kind, name, id, tenant" if query.beyond is None else "tenant, kind, id"
    rows = connection.execute(
        f"SELECT {RECORD} FROM records WHERE {' AND '.join(parts)} ORDER BY {order} LIMIT ?",
        [*values, max(0, query.limit)],
    )
    return tuple(record_of(row) for row in rows)


def _is_short(connection: Connection, query: EntryQuery) -> bool:
    """Return whether the time that is asked about is best found by its index, and sorted then.

    Numbers do not follow the time exactly, so of a long one entries are tried in their order."""
    if query.since_ms is None and query.until_ms is None:
        return False
    since = query.since_ms if query.since_ms is not None else -(2**63)
    until = query.until_ms if query.until_ms is not None else 2**63 - 1
    count: int = connection.execute(COUNT_SHORT, (since, until, SHORT_ENTRIES_MAX)).fetchone()[0]
    return count < SHORT_ENTRIES_MAX


def _entries_condition(query: EntryQuery) -> tuple[str, Values]:
    """Return what the query means as SQL, and its values.

    A concatenation keeps the database from an index that would not give the entries in their
    order."""
    parts, values = ["1 = 1"], Values()
    whole_target = bool(query.kind and query.target)
    for column, wanted in (
        ("tenant", query.tenant),
        ("actor", query.actor or None),
        ("kind" if whole_target else "kind || ''", query.kind or None),
        ("target", query.target or None),
        ("action", query.actions[0] if len(query.actions) == 1 else None),
    ):
        if wanted is not None:
            parts.append(f"{column} = ?")
            values.append(wanted)
    if len(query.actions) > 1:
        parts.append("action || '' IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(query.actions))
    for comparison, bound in (
        ("at_ms >= ?", query.since_ms),
        ("at_ms < ?", query.until_ms),
        ("number > ?", query.after),
        ("number < ?", query.before),
    ):
        if bound is not None:
            parts.append(comparison)
            values.append(bound)
    return " AND ".join(parts), values
