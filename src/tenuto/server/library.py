"""Collections of an organisation: documents that were uploaded.

A collection and each document of it is a record of the ledger; the texts are on shelves, and the
index over them is made again whenever it is missing.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeVar

import msgspec

from tenuto.core.errors import NotFound
from tenuto.ports.collections import Collection, Hits
from tenuto.ports.ledger import Change, Ledger, Record, RecordQuery
from tenuto.ports.shelves import Shelves
from tenuto.server.problems import ProblemError

COLLECTION: Final = "collection"
DOCUMENT: Final = "document"
NAME_BYTES_MAX: Final = 200

T = TypeVar("T")


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a collection."""

    name: str
    description: str = ""
    ref: str
    """What `tenuto.open_collection` and tools take."""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a document."""

    collection: str
    file: str
    """Its name in the collection, as passages name it."""
    title: str
    bytes: int
    sha256: str


class Library:
    """The collections of all organisations.

    Args:
        ledger: holds the records.
        shelves: keep the documents.
        open_collection: opens a collection by its name.
    """

    def __init__(
        self,
        ledger: Ledger,
        shelves: Shelves,
        *,
        open_collection: Callable[[str], Collection],
    ) -> None:
        self._ledger, self._shelves, self._open = ledger, shelves, open_collection
        self._writing = asyncio.Lock()

    async def make(self, change: Change, *, name: str, description: str = "") -> Record:
        """Return the record of a new collection; `change` says who makes it, and when.

        Raises:
            NameTaken: the organisation has one of that name.
        """
        id = f"col_{uuid.uuid4().hex[:16]}"
        ref = await asyncio.to_thread(self._shelves.make, _place(change.tenant, id))
        shelf = Shelf(name=name, description=description, ref=ref)
        await self._ledger.append([_writing(change, COLLECTION, id, shelf, name=name)])
        return await self.collection(change.tenant, id)

    async def collection(self, tenant: str, id: str) -> Record:
        """Return the record of a collection.

        Raises:
            NotFound: the organisation has none of that id.
        """
        return await self._record(tenant, COLLECTION, id)

    async def document(self, tenant: str, id: str) -> Record:
        """Return the record of a document.

        Raises:
            NotFound: the organisation has none of that id.
        """
        return await self._record(tenant, DOCUMENT, id)

    async def documents(self, tenant: str, collection: str = "") -> list[Record]:
        """Return the documents of a collection, or of all, by collection and name."""
        found: list[Record] = []
        query = RecordQuery(tenant=tenant, kind=DOCUMENT)
        while page := await self._ledger.records(query):
            found += [one for one in page if collection in ("", one.value.get("collection"))]
            query = msgspec.structs.replace(query, after=(page[-1].name, page[-1].id))
        return found

    async def put(self, change: Change, collection: str, *, file: str, payload: bytes) -> Record:
        """Return the record of a document whose text is `payload`; one of that name is replaced.

        Raises:
            NotFound: there is no such collection.
            ProblemError: the name is none, or the document cannot be read.
        """
        shelf = await self.shelf(change.tenant, collection)
        name = clean_name(file)
        place = _place(change.tenant, collection)
        async with self._writing:
            shelved = await asyncio.to_thread(
                self._shelves.put, place, shelf.ref, file=name, payload=payload
            )
            if shelved.problem:
                raise ProblemError("rejected", f"{name!r} was not taken: {shelved.problem}.")
        paper = Paper(
            collection=collection,
            file=name,
            title=shelved.title,
            bytes=len(payload),
            sha256=hashlib.sha256(payload).hexdigest(),
        )
        id = document_id(collection, name)
        told = f"{collection}/{name}"
        await self._ledger.append([_writing(change, DOCUMENT, id, paper, name=told)])
        return await self.document(change.tenant, id)

    async def remove(self, change: Change, id: str) -> None:
        """Delete a document, or a collection with all that is in it.

        Raises:
            NotFound: there is neither.
        """
        if id.startswith("col_"):
            await self._remove_collection(change, id)
            return
        record = await self.document(change.tenant, id)
        paper = msgspec.convert(record.value, Paper)
        shelf = await self.shelf(change.tenant, paper.collection)
        place = _place(change.tenant, paper.collection)
        async with self._writing:
            await self._ledger.append([_writing(change, DOCUMENT, id, None)])
            await asyncio.to_thread(self._shelves.remove, place, shelf.ref, file=paper.file)

    async def search(self, tenant: str, id: str, query: str, *, limit: int) -> Hits:
        """Return the passages of a collection that fit the query best.

        Raises:
            NotFound: there is no such collection.
        """
        shelf = await self.shelf(tenant, id)
        return await self._on(shelf.ref, lambda index: index.search(query, limit=limit))

    async def text(self, tenant: str, id: str) -> tuple[Paper, bytes]:
        """Return a document as it was uploaded.

        Raises:
            NotFound: there is no such document.
        """
        record = await self.document(tenant, id)
        paper = msgspec.convert(record.value, Paper)
        place = _place(tenant, paper.collection)
        payload = await asyncio.to_thread(self._shelves.read, place, paper.file)
        if payload is None:
            raise NotFound(what="document", name=id, hint="Its file is gone.")
        return paper, payload

    async def shelf(self, tenant: str, id: str) -> Shelf:
        """Return what the record of a collection says.

        Raises:
            NotFound: there is no such collection.
        """
        return msgspec.convert((await self.collection(tenant, id)).value, Shelf)

    async def _record(self, tenant: str, kind: str, id: str) -> Record:
        record = await self._ledger.record(tenant, kind, id=id)
        if record is None:
            raise NotFound(what=kind, name=id)
        return record

    async def _remove_collection(self, change: Change, id: str) -> None:
        await self.collection(change.tenant, id)
        papers = await self.documents(change.tenant, id)
        changes = [_writing(change, DOCUMENT, paper.id, None) for paper in papers]
        async with self._writing:
            await self._ledger.append([*changes, _writing(change, COLLECTION, id, None)])
            await asyncio.to_thread(self._shelves.clear, _place(change.tenant, id))

    async def _on(self, ref: str, work: Callable[[Collection], T]) -> T:
        def on_thread() -> T:
            with closing(self._open(ref)) as index:
                return work(index)

        return await asyncio.to_thread(on_thread)


def document_id(collection: str, file: str) -> str:
    """Return the id of a document: the same for the same name in the same collection."""
    return f"doc_{hashlib.sha256(f'{collection}/{file}'.encode()).hexdigest()[:24]}"


def clean_name(file: str) -> str:
    """Return the name of a document as a file's name.

    Raises:
        ProblemError: it is none.
    """
    name = file.strip()
    # File systems count bytes, of which a letter may have four.
    too_long = len(name.encode("utf-8", "replace")) > NAME_BYTES_MAX
    if not name or too_long or not re.fullmatch(r"[\w][\w .()+,@-]*", name):
        raise ProblemError(
            "rejected",
            f"A document is called by a file's name of at most {NAME_BYTES_MAX} bytes: letters, "
            f"digits, spaces and . _ - ( ) + , @; it begins with a letter or digit. "
            f"Found {file!r:.80}.",
        )
    return name


def _place(tenant: str, collection: str) -> str:
    # A hash: what an organisation calls itself is no name of a folder.
    return f"{hashlib.sha256(tenant.encode()).hexdigest()[:16]}/{collection}"


def _writing(
    change: Change, kind: str, id: str, value: msgspec.Struct | None, *, name: str = ""
) -> Change:
    verb = "delete" if value is None else "put"
    return msgspec.structs.replace(
        change,
        action=f"{kind}.{verb}",
        kind=kind,
        target=id,
        writes=True,
        name=name,
        value=None if value is None else msgspec.to_builtins(value),
    )
