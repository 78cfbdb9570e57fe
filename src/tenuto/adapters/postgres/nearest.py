"""Vectors of memory in an index of the extension `vector`, where the database has it.

`memory_nearest` has a row for each item that may be recalled. It can be made again at any time from
`memory_vectors`, and is no part of what is moved. A trigger writes the row, without its vector;
whoever keeps items fills in what is missing, in the same transaction. As long as something is
missing, or a scope is small, items are compared one by one, as in a file: that gives the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

import psycopg

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.ports.memory import Question

TABLE: Final = "memory_nearest"
EXTENSION: Final = "vector"
VERSION_MIN: Final = (0, 8)
"""Older ones give up on filtered searches after the first candidates."""

DIMENSIONS_MAX: Final = 2_000
"""Of an index. Source: pgvector, "Indexing"."""

ITEMS_MIN: Final = 5_000
"""In the scopes that are asked; fewer are compared one by one in as little time; measured."""

SHARE_MIN: Final = 0.05
"""Of the items of all scopes, in those that are asked: the index looks at the others' too, and with
fewer it is quicker to have the server compare each of them."""

LOOKED_AT: Final = 200
"""Candidates that the index keeps in view. More are better and slower; measured: of the ten nearest
among 20,000 texts of hashed words, 100 find 96 in 100, and 200 find 98."""

BULK_MAX: Final = 10_000
"""Rows that are filled in in one transaction, as when the extension is new: of 512 dimensions they
take 14 s, in which nobody else writes beside the log; measured. Where more are missing, each
transaction fills in a `PIECE`."""

PIECE: Final = 200

SELECT_EXTENSION: Final = """
    SELECT quote_ident(n.nspname), e.extversion FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = ?"""
SELECT_AVAILABLE: Final = "SELECT 1 FROM pg_available_extensions WHERE name = ?"
MAKE: Final = (
    f"""CREATE TABLE {TABLE}(
        scope INTEGER NOT NULL,
        item INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        embedder TEXT NOT NULL,
        size INTEGER,
        embedding {{schema}}.vector,
        FOREIGN KEY(scope, item) REFERENCES memory_current(scope, item) ON DELETE CASCADE)""",
    f"CREATE INDEX {TABLE}_of_scope ON {TABLE}(scope, item)",
    f"CREATE INDEX {TABLE}_missing ON {TABLE}(item) WHERE size IS NULL",
    f"""CREATE FUNCTION {TABLE}_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO {TABLE}(scope, item, kind, expires_ms, embedder)
        VALUES (NEW.scope, NEW.item, NEW.kind, NEW.expires_ms, NEW.embedder);
        RETURN NULL;
    END $$""",
    f"""CREATE TRIGGER {TABLE} AFTER INSERT ON memory_current
        FOR EACH ROW EXECUTE FUNCTION {TABLE}_follow()""",
    f"""INSERT INTO {TABLE}(scope, item, kind, expires_ms, embedder)
        SELECT scope, item, kind, expires_ms, embedder FROM memory_current""",
)
INDEX: Final = f"""
    CREATE INDEX IF NOT EXISTS {TABLE}_{{size}} ON {TABLE}
    USING hnsw ((embedding::{{schema}}.vector({{size}})) {{schema}}.vector_cosine_ops)
    WHERE size = {{size}}"""
SELECT_MISSING: Final = f"""
    SELECT n.item, v.vector FROM {TABLE} AS n LEFT JOIN memory_vectors AS v ON v.item = n.item
    WHERE n.size IS NULL ORDER BY n.item LIMIT ?"""
FILL: Final = f"""
    UPDATE {TABLE} SET size = ?, embedding = CAST(CAST(? AS TEXT) AS {{schema}}.vector)
    WHERE item = ?"""
COUNT_MISSING: Final = f"SELECT count(*) FROM {TABLE} WHERE size IS NULL"
IS_MISSING: Final = f"SELECT 1 FROM {TABLE} WHERE size IS NULL LIMIT 1"
COUNT: Final = """
    SELECT count(*) FROM memory_current WHERE scope = ANY(?)"""
_DISTANCE: Final = """embedding::{schema}.vector({size})
    OPERATOR({schema}.<=>) CAST(CAST(? AS TEXT) AS {schema}.vector({size}))"""
_WHICH: Final = f"""
    FROM {TABLE} WHERE size = {{size}} AND embedder = ? AND scope = ANY(?)
        AND (expires_ms = 0 OR expires_ms > ?)
        AND (cardinality(CAST(? AS TEXT[])) = 0 OR kind = ANY(?))"""
SELECT: Final = f"SELECT item, {_DISTANCE} {_WHICH} ORDER BY {_DISTANCE} LIMIT ?"
SELECT_EXACTLY: Final = f"SELECT item, {_DISTANCE} {_WHICH} ORDER BY 0 + ({_DISTANCE}) LIMIT ?"
"""By an expression that the index knows nothing of."""
COUNT_ALL: Final = "SELECT reltuples FROM pg_class WHERE oid = CAST(? AS regclass)"
SET: Final = """
    SELECT set_config('hnsw.ef_search', ?, true), set_config('enable_sort', 'off', true),
        set_config('hnsw.iterative_scan', 'strict_order', true)"""
"""By its guesses alone, the planner would rather compare and sort all."""


class VectorIndex:
    """`tables.memory.searching.Nearest` by the extension."""

    def __init__(self) -> None:
        self._may_make = True

    def follow(self, connection: Connection) -> None:
        """Bring the index up to date, in the transaction that is open, where there can be one. What
        hinders it hinders nobody else: then items go on being compared one by one."""
        connection.execute("SAVEPOINT nearest")
        try:
            if has_table(connection, TABLE) or self._make(connection):
                _fill_in(connection)
        except psycopg.Error:
            # The user may not; it is not asked for with each item again.
            self._may_make = False
            connection.execute("ROLLBACK TO nearest")
        connection.execute("RELEASE nearest")

    def _make(self, connection: Connection) -> bool:
        """Make the table where there can be one; return whether it is there."""
        if not has_table(connection, "memory_current"):
            return False
        schema = _schema_of(connection, make=self._may_make)
        if schema is None:
            self._may_make = False
            return False
        for statement in MAKE:
            connection.execute(statement.format(schema=schema))
        return True

    def nearest(
        self, connection: Connection, question: Question, scopes: Sequence[int], count: int
    ) -> dict[int, float] | None:
        """See `Nearest.nearest`."""
        size = len(question.vector)
        if not 0 < size <= DIMENSIONS_MAX:
            return None
        (items,) = connection.execute(COUNT, (list(scopes),)).fetchone() or (0,)
        if items < ITEMS_MIN or not has_table(connection, TABLE):
            return None
        schema = _schema_of(connection)
        if schema is None or connection.execute(IS_MISSING).fetchone() is not None:
            return None
        text, kinds = _text(question.vector), list(question.kinds)
        values = (text, question.embedder, list(scopes), question.now_ms, kinds, kinds, text, count)
        (all_items,) = connection.execute(COUNT_ALL, (TABLE,)).fetchone() or (0,)
        if items < SHARE_MIN * all_items:
            sql = SELECT_EXACTLY
        else:
            connection.execute(SET, (str(LOOKED_AT),))
            sql = SELECT
        rows = connection.execute(sql.format(schema=schema, size=size), values).fetchall()
        # The index gives up where what is asked for is rare among the rest.
        return {item: 1 - distance for item, distance in rows} if len(rows) == count else None


def _fill_in(connection: Connection) -> None:
    """Fill in vectors that are missing."""
    (missing,) = connection.execute(COUNT_MISSING).fetchone() or (0,)
    schema = _schema_of(connection) if missing else None
    if schema is None:
        return
    if missing > BULK_MAX:
        _fill_piece(connection, schema, with_indexes=True)
        return
    sizes: set[int] = set()
    while some := _fill_piece(connection, schema, with_indexes=False):
        sizes |= some
    # Last: to make an index of many rows at once takes a fraction of the time.
    _make_indexes(connection, schema, sizes)


def _fill_piece(connection: Connection, schema: str, *, with_indexes: bool) -> set[int]:
    """Fill in some vectors; return their sizes, of none 0."""
    rows = connection.execute(SELECT_MISSING, (PIECE,)).fetchall()
    filled = [_row(item, stored or b"") for item, stored in rows]
    sizes = {size for size, _, _ in filled}
    if with_indexes:
        _make_indexes(connection, schema, sizes)
    if filled:
        connection.executemany(FILL.format(schema=schema), filled)
    return sizes


def _make_indexes(connection: Connection, schema: str, sizes: set[int]) -> None:
    for size in sorted(sizes - {0}):
        if not _has_index(connection, f"{TABLE}_{size}"):
            connection.execute(INDEX.format(schema=schema, size=size))


def _row(item: int, stored: bytes) -> tuple[int, str | None, int]:
    vector = array("f")
    vector.frombytes(stored)
    # One of nothing but zeros is like none.
    fits = len(vector) <= DIMENSIONS_MAX and any(vector)
    return (len(vector), _text(vector), item) if fits else (0, None, item)


def _has_index(connection: Connection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)
    )
    return found.fetchone() is not None


def _schema_of(connection: Connection, *, make: bool = False) -> str | None:
    """Return the schema that the extension is in, as SQL has it; None: there is none of use.

    Args:
        make: make it where the server has it and the user may.
    """
    row = connection.execute(SELECT_EXTENSION, (EXTENSION,)).fetchone()
    if row is None and make and connection.execute(SELECT_AVAILABLE, (EXTENSION,)).fetchone():
        connection.execute(f"CREATE EXTENSION {EXTENSION} SCHEMA public")
        row = connection.execute(SELECT_EXTENSION, (EXTENSION,)).fetchone()
    if row is None:
        return None
    schema, version = row
    is_new = tuple(int(part) for part in version.split(".")[:2]) >= VERSION_MIN
    return str(schema) if is_new else None


def _text(vector: Sequence[float]) -> str:
    return f"[{','.join(map(repr, vector))}]"
