"""Collections of documents: make one, upload, search."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Record, RecordQuery
from tenuto.server.asked import Call, source
from tenuto.server.library import COLLECTION, DOCUMENT, Paper, Shelf
from tenuto.server.principal import needs
from tenuto.server.service import Given
from tenuto.views.event_json import plain_json
from tenuto.views.moments import moment_text

UPLOAD_BYTES_MAX = 50_000_000


class NewCollection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A collection that is to be made."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    description: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class Collection(msgspec.Struct, kw_only=True):
    """A collection of documents."""

    id: str
    name: str
    description: str
    ref: str
    """What workflows take as a collection."""
    version: int
    created_at: str
    updated_at: str


class Document(msgspec.Struct, kw_only=True):
    """A document of a collection."""

    id: str
    collection: str
    file: str
    title: str
    bytes: int
    sha256: str
    version: int
    created_at: str
    updated_at: str


class Found(msgspec.Struct, kw_only=True):
    """What a search found, best first."""

    passages: list[JsonObject]
    unmatched: list[str]
    """Words of the query that no document holds."""


def _collection(record: Record) -> Collection:
    shelf = msgspec.convert(record.value, Shelf)
    return Collection(
        id=record.id,
        name=shelf.name,
        description=shelf.description,
        ref=shelf.ref,
        version=record.version,
        created_at=moment_text(record.created_ms),
        updated_at=moment_text(record.updated_ms),
    )


def _document(record: Record) -> Document:
    paper = msgspec.convert(record.value, Paper)
    return Document(
        id=record.id,
        collection=paper.collection,
        file=paper.file,
        title=paper.title,
        bytes=paper.bytes,
        sha256=paper.sha256,
        version=record.version,
        created_at=moment_text(record.created_ms),
        updated_at=moment_text(record.updated_ms),
    )


@get("/collections", tags=["collections"], opt=needs("collections:read"))
async def list_collections(request: Call, service: Given) -> list[Collection]:
    """Return the organisation's collections, by name."""
    query = RecordQuery(tenant=request.user.organisation, kind=COLLECTION)
    return [_collection(record) for record in await service.ledger.records(query)]


@post("/collections", tags=["collections"], opt=needs("collections:write"))
async def make_collection(
    request: Call, service: Given, data: JSONBody[NewCollection]
) -> Collection:
    """Make a collection."""
    change = service.change(request.user, "", (COLLECTION, ""), source=source(request))
    return _collection(
        await service.library.make(change, name=data.name, description=data.description)
    )


@get("/collections/{collection_id:str}", tags=["collections"], opt=needs("collections:read"))
async def show_collection(
    request: Call, service: Given, collection_id: FromPath[str]
) -> Collection:
    """Return a collection."""
    return _collection(await service.library.collection(request.user.organisation, collection_id))


@delete("/collections/{collection_id:str}", tags=["collections"], opt=needs("collections:write"))
async def delete_collection(request: Call, service: Given, collection_id: FromPath[str]) -> None:
    """Delete a collection with its documents."""
    await service.library.collection(request.user.organisation, collection_id)
    change = service.change(request.user, "", (COLLECTION, ""), source=source(request))
    await service.library.remove(change, collection_id)


@get(
    "/collections/{collection_id:str}/documents",
    tags=["collections"],
    opt=needs("documents:read"),
)
async def list_documents(
    request: Call, service: Given, collection_id: FromPath[str]
) -> list[Document]:
    """Return the documents of a collection."""
    await service.library.collection(request.user.organisation, collection_id)
    records = await service.library.documents(request.user.organisation, collection_id)
    return [_document(record) for record in records]


@put(
    "/collections/{collection_id:str}/documents/{file:str}",
    tags=["collections"],
    opt=needs("documents:write"),
    request_max_body_size=UPLOAD_BYTES_MAX,
)
async def upload_document(
    request: Call, service: Given, collection_id: FromPath[str], file: FromPath[str]
) -> Document:
    """Keep the body as the document of that name, and index it."""
    change = service.change(request.user, "", (DOCUMENT, ""), source=source(request))
    return _document(
        await service.library.put(change, collection_id, file=file, payload=await request.body())
    )


@get(
    "/collections/{collection_id:str}/search",
    tags=["collections"],
    opt=needs("documents:read"),
)
async def search_collection(
    request: Call,
    service: Given,
    collection_id: FromPath[str],
    q: FromQuery[str],
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 8,
) -> Found:
    """Return the passages that fit the query best."""
    hits = await service.library.search(request.user.organisation, collection_id, q, limit=limit)
    passages = [plain_json(passage) for passage in hits.passages]
    return Found(
        passages=[passage for passage in passages if isinstance(passage, dict)],
        unmatched=list(hits.unmatched),
    )


@get("/documents", tags=["collections"], opt=needs("documents:read"))
async def all_documents(request: Call, service: Given) -> list[Document]:
    """Return the documents of all collections."""
    records = await service.library.documents(request.user.organisation)
    return [_document(record) for record in records]


@get("/documents/{document_id:str}", tags=["collections"], opt=needs("documents:read"))
async def show_document(request: Call, service: Given, document_id: FromPath[str]) -> Document:
    """Return a document's record."""
    return _document(await service.library.document(request.user.organisation, document_id))


@get(
    "/documents/{document_id:str}/content",
    tags=["collections"],
    opt=needs("documents:read"),
    media_type="application/octet-stream",
)
async def document_content(
    request: Call, service: Given, document_id: FromPath[str]
) -> Response[bytes]:
    """Return the document as it was uploaded."""
    paper, payload = await service.library.text(request.user.organisation, document_id)
    # Never shown by a browser as a page of this server's.
    name = paper.file.encode("ascii", "replace").decode().replace('"', "_")
    return Response(
        payload,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@delete("/documents/{document_id:str}", tags=["collections"], opt=needs("documents:write"))
async def delete_document(request: Call, service: Given, document_id: FromPath[str]) -> None:
    """Delete a document."""
    await service.library.document(request.user.organisation, document_id)
    change = service.change(request.user, "", (DOCUMENT, ""), source=source(request))
    await service.library.remove(change, document_id)


ROUTES: list[HTTPRouteHandler] = [
    list_collections,
    make_collection,
    show_collection,
    delete_collection,
    list_documents,
    upload_document,
    search_collection,
    all_documents,
    show_document,
    document_content,
    delete_document,
]
