"""The audit log: who did what, from where, and what it changed."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Entry, EntryQuery
from tenuto.server.asked import Call, moment_ms
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import needs
from tenuto.server.service import Given
from tenuto.views.moments import moment_text


class AuditEntry(msgspec.Struct, kw_only=True):
    """An action that was taken."""

    number: int
    at: str
    actor: str
    action: str
    kind: str
    target: str
    address: str
    client: str
    request: str
    detail: JsonObject
    version: int
    before: JsonObject | None
    after: JsonObject | None
    digest: str


def _told(entry: Entry) -> AuditEntry:
    return AuditEntry(
        number=entry.number,
        at=moment_text(entry.at_ms),
        actor=entry.actor,
        action=entry.action,
        kind=entry.kind,
        target=entry.target,
        address=entry.source.address,
        client=entry.source.client,
        request=entry.source.request,
        detail=entry.detail,
        version=entry.version,
        before=entry.before,
        after=entry.after,
        digest=entry.digest,
    )


@get("/audit", tags=["audit"], opt=needs("audit:read"))
async def list_entries(
    request: Call,
    service: Given,
    actor: FromQuery[str] = "",
    action: FromQuery[list[str] | None] = None,
    kind: FromQuery[str] = "",
    target: FromQuery[str] = "",
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 100,
    cursor: FromQuery[str | None] = None,
) -> Page[AuditEntry]:
    """Return the organisation's entries, newest first."""
    query = EntryQuery(
        tenant=request.user.organisation,
        actor=actor,
        actions=tuple(action or ()),
        kind=kind,
        target=target,
        since_ms=moment_ms(since),
        until_ms=moment_ms(until),
        before=place_of(cursor, int),
        limit=limit,
    )
    entries = await service.ledger.entries(query)
    more = len(entries) == limit
    return Page(
        items=[_told(entry) for entry in entries],
        next_cursor=cursor_of(entries[-1].number) if more else None,
    )


ROUTES: list[HTTPRouteHandler] = [list_entries]
