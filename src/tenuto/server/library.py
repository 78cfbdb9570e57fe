"""Collections of an organisation: documents that were uploaded, below one folder of the server's.

A collection and each document of it is a record of the ledger; the texts are files, and the index
over them is made again whenever it is missing.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tenuto.core.errors import NotFound
from tenuto.ports.collections import Collection, Hits
from tenuto.ports.ledger import Change, Ledger, Record, RecordQuery
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
        root: the folder below which documents are kept.
        add, open_collection: name a folder as a collection, and open one by name.
    """

    def __init__(
        self,
        ledger: Ledger,
        root: Path,
        *,
        add: Callable[[Path], str],
        open_collection: Callable[[str], Collection],
    ) -> None:
        self._ledger, self._root = ledger, root
        self._add, self._open = add, open_collection
        self._writing = asyncio.Lock()

    async def make(self, change: Change, *, name: str, description: str = "") -> Record:
        """Return the record of a new collection; `change` says who makes it, and when.

        Raises:
            NameTaken: the organisation has one of that name.
        """
        id = f"col_{uuid.uuid4().hex[:16]}"
        folder = self._folder(change.tenant, id)
        await asyncio.to_thread(folder.mkdir, parents=True)
        shelf = Shelf(
            name=name, description=description, ref=await asyncio.to_thread(self._add, folder)
        )
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
        path = self._folder(change.tenant, collection) / name
        async with self._writing:
            old = await asyncio.to_thread(_replace, path, payload)
            title, problem = await self._on(shelf.ref, lambda index: _indexed(index, name))
            if problem:
                await asyncio.to_thread(_restore, path, old)
                await self._on(shelf.ref, lambda index: index.refresh())
                raise ProblemError("rejected", f"{name!r} was not taken: {problem}.")
        paper = Paper(
            collection=collection,
            file=name,
            title=title,
            bytes=len(payload),
            sha256=hashlib.sha256(payload).hexdigest(),
        )
        id = document_id(collection, name)
        place = f"{collection}/{name}"
        await self._ledger.append([_writing(change, DOCUMENT, id, paper, name=place)])
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
        path = self._folder(change.tenant, paper.collection) / paper.file
        async with self._writing:
            await self._ledger.append([_writing(change, DOCUMENT, id, None)])
            await asyncio.to_thread(path.unlink, missing_ok=True)
            await self._on(shelf.ref, lambda index: index.refresh())

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
        path = self._folder(tenant, paper.collection) / paper.file
        try:
            return paper, await asyncio.to_thread(path.read_bytes)
        except OSError:
            raise NotFound(what="document", name=id, hint="Its file is gone.") from None

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
            await asyncio.to_thread(
                shutil.rmtree, self._folder(change.tenant, id), ignore_errors=True
            )

    async def _on(self, ref: str, work: Callable[[Collection], T]) -> T:
        def on_thread() -> T:
            with closing(self._open(ref)) as index:
                return work(index)

        return await asyncio.to_thread(on_thread)

    def _folder(self, tenant: str, collection: str) -> Path:
        # A hash: what an organisation calls itself is no name of a folder.
        owner = hashlib.sha256(tenant.encode()).hexdigest()[:16]
        return self._root / owner / collection


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
            "digits, spaces and . _ - ( ) + , @ that begins with a letter or digit; found "
            f"{file!r:.80}.",
        )
    return name


def _indexed(index: Collection, name: str) -> tuple[str, str]:
    """Bring the index up to date; return the title of the file of that name, and what is wrong
    with it."""
    report = index.refresh()
    for problem in report.problems:
        if problem.file == name and problem.code != "encoding":
            return "", problem.message.rstrip(".")
    for file in index.files():
        if file.file == name:
            return file.title, ""
    return "", "files that end so are not read; .md, .txt, .html, .rst, .pdf and .docx are"


def _replace(path: Path, payload: bytes) -> bytes | None:
    """Put the payload there; return what was there before, None where nothing was."""
    old = path.read_bytes() if path.exists() else None
    _write(path, payload)
    return old


def _restore(path: Path, old: bytes | None) -> None:
    if old is None:
        path.unlink(missing_ok=True)
    else:
        _write(path, old)


def _write(path: Path, payload: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    draft.write_bytes(payload)
    draft.replace(path)


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
