"""What the organisation used: tokens, turns, calls and money, by day and in sum."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter
from msgspec import structs

from tenuto.core.errors import Rejected
from tenuto.core.tables import COUNTS
from tenuto.ports.read_models import PAGE_MAX, By, UsageSum
from tenuto.server.asked import Call
from tenuto.server.principal import needs
from tenuto.server.service import Given, Service

_NANO: Final = 1_000_000_000
_PATIENCE_S: Final = 1.0
"""How long an answer waits for what happened just before. It tells what is missing then."""


class Used(msgspec.Struct, kw_only=True):
    """What was used. Tokens and money are what models said of their answers."""

    turns: int
    cached_turns: int
    """Of the turns, those that were answered from the cache of answers."""
    tool_calls: int
    failed_attempts: int
    """Of models and tools; what they cost is not known."""
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    """Of the input tokens, those that the provider had in its own prompt cache."""
    cost_usd: float


class UsageGroup(Used, kw_only=True):
    """What a group used."""

    group: str
    """An agent, a model, a user or a workflow by its name, or a day; empty: it has none."""


class UsageReport(msgspec.Struct, kw_only=True):
    """What the organisation used."""

    by: By
    since: date | None
    until: date | None
    total: Used
    """Of all groups, those that are not listed among them."""
    groups: list[UsageGroup]
    """Those that cost most first; days the last first."""
    complete: bool
    """False: there are more groups, which cost less, or are earlier days."""
    behind: int
    """Events that happened and are not counted yet; a moment later they are."""


@get("/usage", tags=["usage"], opt=needs("usage:read"))
async def show_usage(
    request: Call,
    service: Given,
    by: FromQuery[By] = "day",
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX - 1)] = 100,
) -> UsageReport:
    """Return what agents of the organisation used from the day `since` to the day `until`, in UTC,
    both included: in sum, and for each agent, model, user, workflow or day."""
    if since and until and since > until:
        raise Rejected(f"`since` is after `until`: {since} and {until}.")
    missing = await behind(service)
    organisation, models = request.user.organisation, service.runtime.read_models
    first, last = (str(day) if day else "" for day in (since, until))
    groups = await models.usage(organisation, by=by, since=first, until=last, limit=limit + 1)
    complete = len(groups) <= limit
    total = groups if complete else await models.usage(organisation, since=first, until=last)
    return UsageReport(
        by=by,
        since=since,
        until=until,
        total=used_of(_sum(total)),
        groups=[
            UsageGroup(group=one.group, **structs.asdict(used_of(one))) for one in groups[:limit]
        ],
        complete=complete,
        behind=missing,
    )


def _sum(sums: Iterable[UsageSum]) -> UsageSum:
    counts: Counter[str] = Counter()
    for one in sums:
        counts.update({name: getattr(one, name) for name in COUNTS})
    return UsageSum(**dict[str, Any](counts))


def used_of(one: UsageSum) -> Used:
    """Return a sum as it is told."""
    return Used(
        turns=one.turns,
        cached_turns=one.cached_turns,
        tool_calls=one.tool_calls,
        failed_attempts=one.failed_attempts,
        input_tokens=one.input_tokens,
        output_tokens=one.output_tokens,
        cached_tokens=one.cached_tokens,
        cost_usd=one.cost_nano_usd / _NANO,
    )


async def behind(service: Service) -> int:
    """Return how many events are not counted, when those of a moment ago have had the time."""
    models = service.runtime.read_models
    try:
        await models.wait(timeout=_PATIENCE_S)
    except TimeoutError:
        return (await models.progress()).behind
    return 0


ROUTES: list[HTTPRouteHandler] = [show_usage]
