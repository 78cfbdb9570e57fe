"""Shelves in the schema, which every process that shares it finds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.library import indexing
from tenuto.adapters.postgres.library.collection import PostgresCollection
from tenuto.adapters.postgres.library.schema import DERIVED
from tenuto.adapters.postgres.library.transactions import Transactions
from tenuto.adapters.postgres.store import Database
from tenuto.core.errors import NotFound
from tenuto.ports.shelves import Shelved, fault_of

NAME_HEX_DIGITS: Final = 16
WHOLE: Final = "part_of = ''"

INSERT_SHELF: Final = """
    INSERT INTO library_shelves(ref, place, part_of, files) VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
SELECT_SHELF: Final = "SELECT place, part_of, files FROM library_shelves WHERE ref = ?"
SELECT_REF: Final = f"SELECT ref FROM library_shelves WHERE place = ? AND {WHOLE}"
SELECT_PAYLOAD: Final = f"""
    SELECT payload FROM library_documents WHERE file = ?
        AND ref = (SELECT ref FROM library_shelves WHERE place = ? AND {WHOLE})"""
REPLACE_DOCUMENT: Final = """
    INSERT INTO library_documents(ref, file, sha256, payload) VALUES (?, ?, ?, ?)
    ON CONFLICT(ref, file) DO UPDATE SET sha256 = excluded.sha256, payload = excluded.payload"""
DELETE_DOCUMENT: Final = "DELETE FROM library_documents WHERE ref = ? AND file = ?"
DELETE_ALL: Final = (
    """DELETE FROM library_words WHERE ref = ?""",
    """DELETE FROM library_passages
        WHERE document IN (SELECT number FROM library_index WHERE ref = ?)""",
    "DELETE FROM library_index WHERE ref = ?",
    "DELETE FROM library_documents WHERE ref = ?",
    "DELETE FROM library_shelves WHERE part_of = ? AND part_of <> ''",
    "DELETE FROM library_shelves WHERE ref = ?",
)
assert len(DERIVED) == 3, "each is emptied"


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    part_of: str
    files: frozenset[str]


class PostgresShelves:
    """`SharedShelves` of the schema that `url` names. Methods may be called from any thread."""

    def __init__(self, url: str) -> None:
        self._database = Transactions(Database(url=url, durability="sync"))

    def make(self, place: str) -> str:
        """See `Shelves.make`."""
        ref = _name_of(place)
        self._database.write(
            lambda connection: connection.execute(INSERT_SHELF, (ref, place, "", ""))
        )
        return ref

    def put(self, place: str, name: str, *, file: str, payload: bytes) -> Shelved:
        """See `Shelves.put`.

        Raises:
            NotFound: the shelf was taken away.
        """
        sha256 = hashlib.sha256(payload).hexdigest()
        document = indexing.read_document(file, payload, sha256)
        fault = fault_of([document.problem] if document.problem else [], file)
        if fault:
            return Shelved(problem=fault)

        def put(connection: Connection) -> None:
            indexing.lock(connection, name)
            if connection.execute(indexing.SELECT_SHELF, (name,)).fetchone() is None:
                raise NotFound(what="collection", name=name)
            connection.execute(REPLACE_DOCUMENT, (name, file, sha256, payload))
            indexing.write(connection, name, file, document)

        self._database.write(put)
        return Shelved(title=document.title)

    def read(self, place: str, file: str) -> bytes | None:
        """See `Shelves.read`."""
        row = self._database.read(
            lambda connection: connection.execute(SELECT_PAYLOAD, (file, place)).fetchone()
        )
        return None if row is None else bytes(row[0])

    def remove(self, place: str, name: str, *, file: str) -> None:
        """See `Shelves.remove`."""

        def remove(connection: Connection) -> None:
            indexing.lock(connection, name)
            connection.execute(DELETE_DOCUMENT, (name, file))
            known = indexing.known_of(connection, name).get(file)
            if known is not None:
                indexing.leave_out(connection, known.number)

        self._database.write(remove)

    def clear(self, place: str) -> None:
        """See `Shelves.clear`."""

        def clear(connection: Connection) -> None:
            for (ref,) in connection.execute(SELECT_REF, (place,)).fetchall():
                indexing.lock(connection, ref)
                for statement in DELETE_ALL:
                    connection.execute(statement, (ref,))

        self._database.write(clear)

    def open(self, name: str) -> PostgresCollection | None:
        """See `SharedShelves.open`."""
        row = self._row(name)
        if row is None:
            return None
        only = row.files if row.part_of else None
        return PostgresCollection(self._database, row.part_of or name, only=only)

    def narrow(self, name: str, files: Sequence[str]) -> str | None:
        """See `SharedShelves.narrow`."""
        row = self._row(name)
        if row is None:
            return None
        only = sorted(set(files) & row.files if row.part_of else set(files))
        whole = row.part_of or name
        text = json.dumps(only, ensure_ascii=False)
        part = _name_of(f"{whole} {text}")
        self._database.write(
            lambda connection: connection.execute(INSERT_SHELF, (part, row.place, whole, text))
        )
        return part

    async def close(self) -> None:
        """Let the server go."""
        await self._database.close()

    def _row(self, name: str) -> _Row | None:
        row = self._database.read(
            lambda connection: connection.execute(SELECT_SHELF, (name,)).fetchone()
        )
        if row is None:
            return None
        place, part_of, files = row
        return _Row(place=place, part_of=part_of, files=frozenset(json.loads(files or "[]")))


def _name_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:NAME_HEX_DIGITS]
