"""How the organisation's sessions are doing, in one answer: what a first look needs."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from msgspec.structs import replace

from tenuto.core.accounts.principal import HOME
from tenuto.core.lifecycle import Status
from tenuto.ports.event_store import Head, HeadQuery, SessionLists
from tenuto.server.asked import Call, moment_ms
from tenuto.server.principal import needs
from tenuto.server.routes.agents import Latency
from tenuto.server.routes.usage import Used, used_of
from tenuto.server.service import Given
from tenuto.views.moments import moment_text
from tenuto.views.tables.durations import percentile

LOOKED_AT: Final = 500
"""Sessions whose durations are looked at, the newest: an exact answer would take as long as there
are many."""
_OPEN: Final[tuple[Status, ...]] = ("pending", "running", "waiting", "paused")
_ENDED: Final[tuple[Status, ...]] = ("completed", "failed", "cancelled")


class Queue(msgspec.Struct, kw_only=True):
    """Work of this server's process, of all organisations."""

    running: int
    waiting: int
    """For room."""


class Overview(msgspec.Struct, kw_only=True):
    """How the organisation's sessions are doing."""

    since: str
    open: dict[Status, int]
    """Sessions that have not ended, whenever they started, by status; 10,000 stands for as many or
    more."""
    ended: dict[Status, int]
    """Of the sessions that started since then, without those that others started: how many ended,
    by status."""
    success_rate: float | None
    """Share of these that completed or failed which completed; null of none."""
    took_ms: Latency
    """From start to end, waits included, of the newest 500 of these that completed or failed."""
    to_approve: int
    """Sessions in which something waits to be approved."""
    used: Used | None
    """By agents since that day, in UTC; null for who may not see usage."""
    queue: Queue | None
    """Null but for the operators' organisation."""


@get("/overview", tags=["sessions"], opt=needs("sessions:read"))
async def show_overview(
    request: Call, service: Given, since: FromQuery[datetime | None] = None
) -> Overview:
    """Return how the organisation's sessions are doing, and how those did that started since a
    moment; by default a week ago."""
    user, runtime, lists = request.user, service.runtime, service.runtime.lists
    assert lists is not None, "an open database has lists"
    now = datetime.fromtimestamp(service.clock.now_ms() / 1000, UTC)
    since_ms = moment_ms(since if since is not None else now - timedelta(days=7))
    assert since_ms is not None
    all_open = HeadQuery(tenant=user.organisation)
    lately = HeadQuery(tenant=user.organisation, roots=True, since_ms=since_ms)
    open_ones, ended, to_approve, heads = await asyncio.gather(
        _by_status(lists, all_open, _OPEN),
        _by_status(lists, lately, _ENDED),
        lists.count(replace(all_open, waits_for=("approval",))),
        runtime.sessions(replace(lately, statuses=("completed", "failed"), limit=LOOKED_AT)),
    )
    day = moment_text(since_ms)[:10]
    used = None
    if user.may("usage:read"):
        sums = await runtime.read_models.usage(user.organisation, since=day)
        used = used_of(sums[0]) if sums else Used(**dict.fromkeys(Used.__struct_fields__, 0))
    settled, work = ended["completed"] + ended["failed"], runtime.effects()
    return Overview(
        since=moment_text(since_ms),
        open=open_ones,
        ended=ended,
        success_rate=ended["completed"] / settled if settled else None,
        took_ms=_latency(heads),
        to_approve=to_approve.count,
        used=used,
        queue=Queue(running=work[0], waiting=work[1]) if user.organisation == HOME else None,
    )


async def _by_status(
    lists: SessionLists, query: HeadQuery, statuses: tuple[Status, ...]
) -> dict[Status, int]:
    counts = await asyncio.gather(
        *(lists.count(replace(query, statuses=(status,))) for status in statuses)
    )
    return {status: found.count for status, found in zip(statuses, counts, strict=True)}


def _latency(heads: Sequence[Head]) -> Latency:
    bars = [(head.updated_ms - head.started_ms, 1) for head in heads]
    return Latency(
        p50=percentile(bars, 0.5), p95=percentile(bars, 0.95), p99=percentile(bars, 0.99)
    )


ROUTES: list[HTTPRouteHandler] = [show_overview]
