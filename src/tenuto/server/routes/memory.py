"""What agents remember: of the caller, and for who looks after it, of everybody."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tenuto.core.errors import NotFound
from tenuto.core.memory.items import MemoryItem, MemoryKind
from tenuto.core.vocabulary import Json
from tenuto.ports.memory import PAGE_MAX, RECALL_MAX
from tenuto.sdk.memory import Memories
from tenuto.server.asked import Call, source
from tenuto.server.paging import Page, cursor_of, place_of
from tenuto.server.principal import check, needs
from tenuto.server.service import Given
from tenuto.views.moments import moment_text

_READ = needs("memory:read")
_WRITE = needs("memory:write")
_MANAGE = needs("memory:manage")
"""Of other users than the caller."""


class Item(msgspec.Struct, kw_only=True):
    """One thing remembered."""

    id: str
    agent: str
    user: str
    kind: MemoryKind
    key: str
    text: str
    data: Json
    importance: float
    labels: list[str]
    session: str | None
    """That it came from, with the task in it."""
    task: int | None
    created_at: str
    expires_at: str | None
    accessed_at: str | None
    access_count: int
    superseded_by: str | None
    sums_up: list[str] = []
    """Of a summary: the ids of what it tells shortly."""
    score: float | None = None
    """How well it fits what was searched for; higher is better."""


class NewItem(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something that is to be remembered of the caller."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    text: Annotated[str, msgspec.Meta(min_length=1)]
    data: Json = None
    kind: MemoryKind = "semantic"
    importance: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.7


class Statistics(msgspec.Struct, kw_only=True):
    """What is remembered, in numbers."""

    items: int
    superseded: int
    characters: int
    accesses: int
    by_kind: dict[str, int]
    oldest_at: str | None
    newest_at: str | None


class Forgotten(msgspec.Struct, kw_only=True):
    """How many items were deleted."""

    forgotten: int


def _item(item: MemoryItem, score: float | None = None) -> Item:
    return Item(
        id=item.id,
        agent=item.scope.agent,
        user=item.scope.user,
        kind=item.kind,
        key=item.key,
        text=item.text,
        data=item.data,
        importance=item.importance,
        labels=list(item.labels),
        session=item.source.session if item.source else None,
        task=item.source.task if item.source else None,
        created_at=moment_text(item.created_ms),
        expires_at=moment_text(item.expires_ms) if item.expires_ms else None,
        accessed_at=moment_text(item.accessed_ms) if item.accessed_ms else None,
        access_count=item.accesses,
        superseded_by=item.superseded_by or None,
        sums_up=list(item.sums_up),
        score=score,
    )


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list: the moment at which an item was made, and its id."""

    created_ms: Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
    id: str


def _behind(cursor: str | None) -> str | tuple[int, str]:
    place = place_of(cursor, _Place)
    return "" if place is None else (place.created_ms, place.id)


def _page(items: Sequence[MemoryItem], limit: int) -> Page[Item]:
    # The place and not the item: it may be forgotten before the next page is asked for.
    last = _Place(items[-1].created_ms, items[-1].id) if len(items) == limit else None
    return Page(
        items=[_item(item) for item in items],
        next_cursor=cursor_of(last) if last is not None else None,
    )


def _memories(service: Given, request: Call) -> Memories:
    return service.runtime.memory(tenant=request.user.organisation)


@get("/agents/{agent_id:str}/memory", tags=["memory"], opt=_READ)
async def list_own(
    request: Call,
    service: Given,
    agent_id: FromPath[str],
    kind: FromQuery[MemoryKind | None] = None,
    past: FromQuery[bool] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 100,
    cursor: FromQuery[str | None] = None,
) -> Page[Item]:
    """Return what the agent remembers of the caller, newest first."""
    which: dict[str, Any] = {"agent": agent_id, "user": request.user.user}
    if kind is not None:
        which["kind"] = kind
    after = _behind(cursor)
    items = await _memories(service, request).list(after=after, limit=limit, past=past, **which)
    return _page(items, limit)


@get("/agents/{agent_id:str}/memory/{key:str}", tags=["memory"], opt=_READ)
async def show_own(
    request: Call, service: Given, agent_id: FromPath[str], key: FromPath[str]
) -> Item:
    """Return what the agent remembers of the caller under that key."""
    found = await _memories(service, request).list(
        agent=agent_id, user=request.user.user, key=key, limit=1
    )
    if not found:
        raise NotFound(what="memory", name=key)
    return _item(found[0])


@post("/agents/{agent_id:str}/memory", tags=["memory"], opt=_WRITE)
async def remember_own(
    request: Call, service: Given, agent_id: FromPath[str], data: JSONBody[NewItem]
) -> Item:
    """Have the agent remember something of the caller; the same key replaces it."""
    place = "\x00".join((request.user.organisation, agent_id, request.user.user, data.key))
    id = f"api-{hashlib.sha256(place.encode()).hexdigest()[:32]}"
    item = await _memories(service, request).remember(
        data.text,
        id=id,
        agent=agent_id,
        user=request.user.user,
        key=data.key,
        kind=data.kind,
        data=data.data,
        importance=data.importance,
    )
    await service.enter(request.user, "memory.put", ("memory", id), source=source(request))
    return _item(item)


@delete("/agents/{agent_id:str}/memory", status_code=200, tags=["memory"], opt=_WRITE)
async def forget_own(request: Call, service: Given, agent_id: FromPath[str]) -> Forgotten:
    """Forget all that the agent remembers of the caller."""
    return await _forget(request, service, agent=agent_id, user=request.user.user)


@delete("/agents/{agent_id:str}/memory/{key:str}", status_code=200, tags=["memory"], opt=_WRITE)
async def forget_own_key(
    request: Call, service: Given, agent_id: FromPath[str], key: FromPath[str]
) -> Forgotten:
    """Forget what the agent remembers of the caller under that key."""
    return await _forget(request, service, agent=agent_id, user=request.user.user, key=key)


async def _forget(request: Call, service: Given, **which: Any) -> Forgotten:
    count = await _memories(service, request).forget(**which)
    await service.enter(
        request.user,
        "memory.forget",
        ("memory", which.get("key", "")),
        source=source(request),
        detail={**which, "count": count},
    )
    return Forgotten(forgotten=count)


@get("/memory/search", tags=["memory"], opt=_READ)
async def search(
    request: Call,
    service: Given,
    q: Annotated[str, QueryParameter(min_length=1, max_length=2000)],
    agent: FromQuery[str] = "",
    user: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=RECALL_MAX)] = 10,
) -> list[Item]:
    """Return what the agent would recall for the caller, best first; or for another `user`, which
    takes the permission `memory:manage`."""
    if user is not None and user != request.user.user:
        check(request.user, "memory:manage", {})
    whose = request.user.user if user is None else user
    found = await _memories(service, request).search(q, agent=agent, user=whose, limit=limit)
    return [_item(one.item, one.score) for one in found]


@get("/memory/statistics", tags=["memory"], opt=_MANAGE)
async def statistics(
    request: Call,
    service: Given,
    agent: FromQuery[str | None] = None,
    user: FromQuery[str | None] = None,
) -> Statistics:
    """Return what the organisation's agents remember, in numbers."""
    found = await _memories(service, request).statistics(**_given(agent=agent, user=user))
    return Statistics(
        items=found.items,
        superseded=found.superseded,
        characters=found.characters,
        accesses=found.accesses,
        by_kind=found.by_kind,
        oldest_at=moment_text(found.oldest_ms) if found.oldest_ms else None,
        newest_at=moment_text(found.newest_ms) if found.newest_ms else None,
    )


@get("/memory", tags=["memory"], opt=_MANAGE)
async def list_all(
    request: Call,
    service: Given,
    agent: FromQuery[str | None] = None,
    user: FromQuery[str | None] = None,
    kind: FromQuery[MemoryKind | None] = None,
    past: FromQuery[bool] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 100,
    cursor: FromQuery[str | None] = None,
) -> Page[Item]:
    """Return what the organisation's agents remember, newest first."""
    items = await _memories(service, request).list(
        after=_behind(cursor),
        limit=limit,
        past=past,
        **_given(agent=agent, user=user, kind=kind),
    )
    return _page(items, limit)


@get("/memory/{item_id:str}", tags=["memory"], opt=_MANAGE)
async def show(request: Call, service: Given, item_id: FromPath[str]) -> Item:
    """Return one item, with the session and task that it came from."""
    return _item(await _memories(service, request).get(item_id))


@delete("/memory/{item_id:str}", status_code=200, tags=["memory"], opt=_MANAGE)
async def forget(request: Call, service: Given, item_id: FromPath[str]) -> Forgotten:
    """Forget one item; it can be recovered from nowhere."""
    memories = _memories(service, request)
    await memories.get(item_id)
    count = await memories.forget(item_id)
    await service.enter(request.user, "memory.forget", ("memory", item_id), source=source(request))
    return Forgotten(forgotten=count)


def _given(**which: Any) -> dict[str, Any]:
    return {name: value for name, value in which.items() if value is not None}


ROUTES: list[HTTPRouteHandler] = [
    list_own,
    show_own,
    remember_own,
    forget_own,
    forget_own_key,
    search,
    statistics,
    list_all,
    show,
    forget,
]
