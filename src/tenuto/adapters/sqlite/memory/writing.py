"""What keeping, touching and forgetting do to the tables, inside a transaction."""

import sqlite3
from array import array
from collections.abc import Sequence
from typing import Final

from tenuto.adapters.sqlite.memory.rows import JOINED, body_of, condition_of
from tenuto.adapters.sqlite.memory.schema import has_memory, make_tables
from tenuto.core.memory.codes import code_of
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.memory.words import words_of
from tenuto.ports.memory import Kept, MemoryQuery

INSERT_SCOPE: Final = "INSERT OR IGNORE INTO memory_scopes(tenant, agent, user) VALUES (?, ?, ?)"
SELECT_SCOPE: Final = "SELECT number FROM memory_scopes WHERE tenant = ? AND agent = ? AND user = ?"
SELECT_KNOWN: Final = """
    SELECT number, scope, text, superseded_by FROM memory_items WHERE tenant = ? AND id = ?"""
SELECT_RIVAL: Final = """
    SELECT number, id, text, created_ms FROM memory_items
    WHERE scope = ? AND kind = ? AND key = ? AND key <> '' AND superseded_by = '' AND id <> ?"""
SUPERSEDE: Final = "UPDATE memory_items SET superseded_by = ? WHERE number = ?"
INSERT_ITEM: Final = f"""
    INSERT INTO memory_items(tenant, id, scope, kind, key, text, characters, body, created_ms,
        expires_ms, superseded_by, accessed_ms, accesses) VALUES ({", ".join("?" * 13)})"""
UPDATE_ITEM: Final = """
    UPDATE memory_items SET scope = ?, kind = ?, key = ?, text = ?, characters = ?, body = ?,
        created_ms = ?, expires_ms = ?, superseded_by = ? WHERE number = ?"""
REPLACE_VECTOR: Final = "INSERT OR REPLACE INTO memory_vectors VALUES (?, ?, ?)"
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
TOUCH: Final = """
    UPDATE memory_items SET accesses = accesses + 1, accessed_ms = max(accessed_ms, ?)
    WHERE tenant = ? AND id = ?"""


def keep(connection: sqlite3.Connection, items: Sequence[Kept]) -> None:
    """See `Memory.keep`."""
    make_tables(connection)
    for kept in items:
        _keep(connection, kept)


def touch(connection: sqlite3.Connection, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
    """See `Memory.touch`."""
    if has_memory(connection):
        connection.executemany(TOUCH, [(now_ms, tenant, id) for id in ids])


def forget(connection: sqlite3.Connection, query: MemoryQuery) -> int:
    """See `Memory.forget`."""
    if not has_memory(connection):
        return 0
    condition, values = condition_of(query)
    rows = connection.execute(
        f"SELECT i.number, i.scope, i.text FROM {JOINED} WHERE {condition}", values
    ).fetchall()
    for number, scope, text in rows:
        _leave_out(connection, number, scope=scope, text=text)
        connection.execute(DELETE_VECTOR, (number,))
        connection.execute(DELETE_ITEM, (number,))
    if rows:
        # A user's name is part of what is forgotten.
        connection.execute(DELETE_LONELY_SCOPES, (query.tenant,))
    return len(rows)


def _keep(connection: sqlite3.Connection, kept: Kept) -> None:
    item = kept.item
    scope = _scope(connection, item.scope)
    known = connection.execute(SELECT_KNOWN, (item.scope.tenant, item.id)).fetchone()
    superseded_by = item.superseded_by or (known[3] if known else "")
    if item.key and not superseded_by:
        superseded_by = _compete(connection, item, scope)
    values = (
        *(scope, item.kind, item.key, item.text, len(item.text), body_of(item)),
        *(item.created_ms, item.expires_ms, superseded_by),
    )
    if known:
        number = known[0]
        _leave_out(connection, number, scope=known[1], text=known[2])
        connection.execute(UPDATE_ITEM, (*values, number))
    else:
        row = (item.scope.tenant, item.id, *values, item.accessed_ms, item.accesses)
        number = connection.execute(INSERT_ITEM, row).lastrowid
    vector, embedder = array("f", kept.vector), kept.embedder
    if vector:
        connection.execute(REPLACE_VECTOR, (number, embedder, vector.tobytes()))
    elif known and known[2] == item.text:
        stored = connection.execute(SELECT_VECTOR, (number,)).fetchone()
        if stored:
            embedder = stored[0]
            vector.frombytes(stored[1])
    else:
        connection.execute(DELETE_VECTOR, (number,))
    if not superseded_by:
        words = words_of(item.text)
        current = (scope, number, item.kind, item.expires_ms, words.total())
        connection.execute(INSERT_CURRENT, (*current, embedder, code_of(vector)))
        connection.executemany(
            INSERT_WORD, [(scope, word, number, words[word]) for word in sorted(words)]
        )


def _scope(connection: sqlite3.Connection, scope: Scope) -> int:
    row = (scope.tenant, scope.agent, scope.user)
    connection.execute(INSERT_SCOPE, row)
    number: int = connection.execute(SELECT_SCOPE, row).fetchone()[0]
    return number


def _compete(connection: sqlite3.Connection, item: MemoryItem, scope: int) -> str:
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


def _leave_out(connection: sqlite3.Connection, number: int, *, scope: int, text: str) -> None:
    """Let no search find the item any more."""
    connection.execute(DELETE_CURRENT, (scope, number))
    connection.executemany(DELETE_WORD, [(scope, word, number) for word in sorted(words_of(text))])
