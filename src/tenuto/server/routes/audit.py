"""The audit log: who did what, from where, what it changed, and whether it is whole."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Entry, EntryQuery
from tenuto.server.asked import Call, moment_ms, source
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


class AuditFault(msgspec.Struct, kw_only=True):
    """Something that is not as it was written."""

    part: str
    number: int
    """Of the entry, or the position of the event, from which on nothing can be believed; 0 where no
    number is wrong."""
    message: str


class Verification(msgspec.Struct, kw_only=True):
    """What was looked at, and what was found."""

    sound: bool
    """No fault was found."""
    entries: int
    records: int
    commits: int
    checkpoints: int
    marks: int
    """Checkpoints whose marks were checked."""
    anchors: int
    """Checkpoints that are noted outside of the database."""
    digest: str
    """Of the last entry."""
    open_entries: int
    """Entries since the last checkpoint: they are chained, and nothing outside knows of them."""
    open_commits: int
    """Commits of events since the last checkpoint: an edit of them would not be found."""
    faults: list[AuditFault]
    """In the order in which they were found; the first of each part is the one to look at."""
    notes: list[str]
    """What could not be checked."""


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


@post("/audit/verify", status_code=200, tags=["audit"], opt=needs("audit:read", home=True))
async def verify_entries(request: Call, service: Given) -> Verification:
    """Look at every entry, record and commit of the database, and tell what is not as it was
    written; `tenuto audit verify` folds the sessions as well. For admins of the organisation
    `local`: it is about all. Takes time in the size of the database; who asks while another waits
    gets the same result."""
    found = await service.verifying.result()
    await service.enter(
        request.user,
        "audit.verify",
        ("audit", ""),
        source=source(request),
        detail={"entries": found.entries, "faults": len(found.faults)},
    )
    return Verification(
        sound=not found.faults,
        entries=found.entries,
        records=found.records,
        commits=found.commits,
        checkpoints=found.checkpoints,
        marks=found.marks,
        anchors=found.anchors,
        digest=found.digest,
        open_entries=found.open_entries,
        open_commits=found.open_commits,
        faults=[
            AuditFault(part=fault.part, number=fault.number, message=fault.message)
            for fault in found.faults
        ],
        notes=list(found.notes),
    )


ROUTES: list[HTTPRouteHandler] = [list_entries, verify_entries]
