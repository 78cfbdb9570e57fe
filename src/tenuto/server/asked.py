"""What a request says beside its body: who asks, and from where."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

from litestar import Request

from tenuto.ports.ledger import Source
from tenuto.server.principal import Principal

Call: TypeAlias = Request[Principal, Any, Any]
"""A request that somebody may make: `user` is who."""


def moment_ms(moment: datetime | None) -> int | None:
    """Return a moment of a query in ms since 1970; one without a zone is in UTC."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def source(request: Call) -> Source:
    """Return from where is asked, for the ledger."""
    client = request.client
    return Source(
        address=client.host if client is not None else "",
        client=request.headers.get("user-agent", "")[:200],
        request=str(request.scope.get("request_id", "")),
    )
