"""What keeping and touching do to the tables, inside a transaction, and how rows are deleted."""

from array import array
from collections.abc import Sequence
from typing import Final

from msgspec import structs

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.memory.rows import body_of, item_named
from tenuto.adapters.tables.memory.schema import has_memory, make_sums, make_tables
from tenuto.core.memory.codes import code_of
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.memory.summaries import is_as_read, is_told_by
from tenuto.core.memory.words import words_of
from tenuto.ports.memory import Kept, MemoryChanged

INSERT_SCOPE: Final = (
    "INSERT INTO memory_scopes(tenant, agent, user) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)
SELECT_SCOPE: Final = "SELECT number FROM memory_scopes WHERE tenant = ? AND agent = ? AND user = ?"
SELECT_KNOWN: Final = """
    SELECT number, scope, text, superseded_by FROM memory_items WHERE tenant = ? AND id = ?"""
SELECT_RIVAL: Final = """
    SELECT number, id, text, created_ms FROM memory_items
    WHERE scope = ? AND kind = ? AND key = ? AND key <> '' AND superseded_by = '' AND id <> ?"""
SUPERSEDE: Final = "UPDATE memory_items SET superseded_by = ? WHERE number = ?"
INSERT_ITEM: Final = f"""
    INSERT INTO memory_items(tenant, id, scope, kind, key, text, characters, body, created_ms,
        expires_ms, superseded_by, accessed_ms, accesses) VALUES ({", ".join("?" * 13)})
    RETURNING number"""
UPDATE_ITEM: Final = """
    UPDATE memory_items SET scope = ?, kind = ?, key = ?, text = ?, characters = ?, body = ?,
        created_ms = ?, expires_ms = ?, superseded_by = ?, accessed_ms = max(accessed_ms, ?),
        accesses = max(accesses, ?) WHERE number = ?"""
REPLACE_VECTOR: Final = """
    INSERT INTO memory_vectors VALUES (?, ?, ?)
    ON CONFLICT(item) DO UPDATE SET embedder = excluded.embedder, vector = excluded.vector"""
SELECT_VECTOR: Final = "SELECT embedder, vector FROM memory_vectors WHERE item = ?"
DELETE_VECTOR: Final = "DELETE FROM memory_vectors WHERE item = ?"
INSERT_CURRENT: Final = "INSERT INTO memory_current VALUES (?, ?, ?, ?, ?, ?, ?)"
DELETE_CURRENT: Final = "DELETE FROM memory_current WHERE scope = ? AND item = ?"
INSERT_WORD: Final = "INSERT INTO memory_words VALUES (?, ?, ?, ?)"
DELETE_WORD: Final = "DELETE FROM memory_words WHERE scope = ? AND word = ? AND item = ?"
DELETE_ITEM: Final = "DELETE FROM memory_items WHERE number = ?"
DELETE_LONELY_SCOPES: Final = """
    DELETE FROM memory_scopes WHERE tenant = ?
        AND NOT EXISTS (SELECT 1 FROM memory_items WHERE scope = memory_scopes.number)"""
INSERT_SUM: Final = "INSERT INTO memory_sums VALUES (?, ?, ?)"
DELETE_SUMS: Final = "DELETE FROM memory_sums WHERE tenant = ? AND summary = ?"
TOUCH: Final = """
    UPDATE memory_items SET accesses = accesses + 1, accessed_ms = max(accessed_ms, ?)
    WHERE tenant = ? AND id = ?"""


def keep(
    connection: Connection, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()
) -> None:
    """See `Memory.keep`."""
    make_tables(connection)
    to_be = {(kept.item.scope.tenant, kept.item.id): kept.item for kept in items}
    for read in known:
        found = item_named(connection, read.scope.tenant, read.id)
        wanted = to_be.get((read.scope.tenant, read.id), read)
        if found is None or not (is_as_read(found, read) or is_as_read(found, wanted)):
            raise MemoryChanged(read.id)
    for kept in items:
        _keep(connection, kept)


def touch(connection: Connection, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
    """See `Memory.touch`."""
    if has_memory(connection):
        connection.executemany(TOUCH, [(now_ms, tenant, id) for id in ids])


def delete(connection: Connection, items: Sequence[MemoryItem]) -> None:
    """Delete items of one tenant; what the summaries among them sum up is current again."""
    for item in items:
        row = (item.scope.tenant, item.id)
        number, scope, text, _ = connection.execute(SELECT_KNOWN, row).fetchone()
        _leave_out(connection, number, scope=scope, text=text)
        connection.execute(DELETE_VECTOR, (number,))
        connection.execute(DELETE_ITEM, (number,))
        if item.sums_up:
            connection.execute(DELETE_SUMS, row)
    for summary in items:
        for source in sources_of(connection, summary):
            _make_current(connection, source)
    if items:
        # A user's name is part of what is forgotten.
        connection.execute(DELETE_LONELY_SCOPES, (items[0].scope.tenant,))


def sources_of(connection: Connection, summary: MemoryItem) -> list[MemoryItem]:
    """Return the items that a summary supersedes and that are still there."""
    named = (item_named(connection, summary.scope.tenant, source) for source in summary.sums_up)
    return [one for one in named if one is not None and one.superseded_by == summary.id]


def _keep(connection: Connection, kept: Kept) -> None:
    item = kept.item
    _take_apart(connection, item)
    scope = _scope(connection, item.scope)
    known = connection.execute(SELECT_KNOWN, (item.scope.tenant, item.id)).fetchone()
    item = _with_sums(connection, item, is_known=bool(known))
    superseded_by = item.superseded_by or (known[3] if known else "")
    if item.key and not superseded_by:
        superseded_by = _compete(connection, item, scope)
    values = (
        *(scope, item.kind, item.key, item.text, len(item.text), body_of(item)),
        *(item.created_ms, item.expires_ms, superseded_by, item.accessed_ms, item.accesses),
    )
    if known:
        number = known[0]
        _leave_out(connection, number, scope=known[1], text=known[2])
        connection.execute(UPDATE_ITEM, (*values, number))
    else:
        row = (item.scope.tenant, item.id, *values)
        number = connection.execute(INSERT_ITEM, row).fetchone()[0]
    vector, embedder = array("f", kept.vector), kept.embedder
    if vector:
        connection.execute(REPLACE_VECTOR, (number, embedder, vector.tobytes()))
    elif not known or known[2] != item.text:
        connection.execute(DELETE_VECTOR, (number,))
    if not superseded_by:
        _let_be_found(connection, number, item, scope=scope, embedder=embedder)


def _with_sums(connection: Connection, item: MemoryItem, *, is_known: bool) -> MemoryItem:
    """Return the item with what it sums up, which is on record then."""
    if is_known and not item.sums_up:
        known = item_named(connection, item.scope.tenant, item.id)
        return structs.replace(item, sums_up=known.sums_up) if known is not None else item
    if item.sums_up:
        make_sums(connection)
        tenant = item.scope.tenant
        connection.execute(DELETE_SUMS, (tenant, item.id))
        rows = [(tenant, source, item.id) for source in dict.fromkeys(item.sums_up)]
        connection.executemany(INSERT_SUM, rows)
    return item


def _take_apart(connection: Connection, again: MemoryItem) -> None:
    """Delete the summary of an item that is to say something else."""
    tenant = again.scope.tenant
    known = item_named(connection, tenant, again.id)
    if known is None or not known.superseded_by:
        return
    summary = item_named(connection, tenant, known.superseded_by)
    if summary is None or known.id not in summary.sums_up:
        return
    if not is_told_by(summary, known, again):
        delete(connection, [summary])


def _make_current(connection: Connection, item: MemoryItem) -> None:
    number, scope, _, _ = connection.execute(SELECT_KNOWN, (item.scope.tenant, item.id)).fetchone()
    # One of the same key may have come since.
    superseded_by = _compete(connection, item, scope) if item.key else ""
    connection.execute(SUPERSEDE, (superseded_by, number))
    if not superseded_by:
        _let_be_found(connection, number, item, scope=scope)


def _let_be_found(
    connection: Connection, number: int, item: MemoryItem, *, scope: int, embedder: str = ""
) -> None:
    vector = array("f")
    stored = connection.execute(SELECT_VECTOR, (number,)).fetchone()
    if stored:
        embedder = stored[0]
        vector.frombytes(stored[1])
    words = words_of(item.text)
    current = (scope, number, item.kind, item.expires_ms, words.total())
    connection.execute(INSERT_CURRENT, (*current, embedder, code_of(vector)))
    connection.executemany(
        INSERT_WORD, [(scope, word, number, words[word]) for word in sorted(words)]
    )


def _scope(connection: Connection, scope: Scope) -> int:
    row = (scope.tenant, scope.agent, scope.user)
    connection.execute(INSERT_SCOPE, row)
    number: int = connection.execute(SELECT_SCOPE, row).fetchone()[0]
    return number


def _compete(connection: Connection, item: MemoryItem, scope: int) -> str:
    """Supersede the current item of the same key, or return its id when it is the newer one."""
    about = (scope, item.kind, item.key, item.id)
    rival = connection.execute(SELECT_RIVAL, about).fetchone()
    if rival is None:
        return ""
    number, id, text, created_ms = rival
    if created_ms > item.created_ms:
        return str(id)
    connection.execute(SUPERSEDE, (item.id, number))
    _leave_out(connection, number, scope=scope, text=text)
    return ""


def _leave_out(connection: Connection, number: int, *, scope: int, text: str) -> None:
    """Let no search find the item any more."""
    connection.execute(DELETE_CURRENT, (scope, number))
    connection.executemany(DELETE_WORD, [(scope, word, number) for word in sorted(words_of(text))])
