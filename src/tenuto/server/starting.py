"""Starts sessions for requests, and waits for their results as long as was asked."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.sdk.errors import SessionCancelledError, SessionFailedError
from tenuto.sdk.session import Session
from tenuto.sdk.workflow import Workflow
from tenuto.server.asked import Call, source
from tenuto.server.idempotency import command_key
from tenuto.server.principal import check
from tenuto.server.problems import ProblemError
from tenuto.server.routes.sessions import SessionDetail, detail_of
from tenuto.server.service import Service

WAIT_SECONDS_MAX: Final = 300.0
StartKey: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
"""What a client calls the start of a session, so that it is started once."""

START: Final = "sessions:start"

WaitQuery: TypeAlias = Annotated[
    float | None,
    QueryParameter(
        ge=0,
        le=WAIT_SECONDS_MAX,
        description="Seconds to wait for the result; the session goes on if it takes longer.",
    ),
]
"""How routes that start sessions take `?wait=`."""

ENDED: Final = {200: ResponseSpec(SessionDetail, description="It ended while was waited.")}
"""How these routes answer beside 202."""

_PREFERRED: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.I)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be started."""

    workflow: Workflow | WorkflowDefinition
    name: str
    inputs: dict[str, Any]
    key: str | None = None
    budget: Budget = UNBOUNDED
    detail: dict[str, Json] = {}
    """For the ledger, beside the workflow's name."""
    agents: tuple[str, ...] = ()
    """Ids of those that are given work; permissions may be for some of them only."""


async def start(
    request: Call, service: Service, wanted: Wanted, *, wait: float | None
) -> Response[SessionDetail]:
    """Return 202 with the session, or 200 with its result where it ended within `wait` seconds.

    Raises:
        Rejected: the inputs do not fit.
        ProblemError: `not_permitted`; or `key_reused`: the key belongs to a session of another
            workflow.
    """
    seconds, applied = _seconds(request, wait)
    principal = request.user
    for agent in wanted.agents or ("",):
        thing = {"workflow": wanted.name, **({"agent": agent} if agent else {})}
        check(principal, START, thing)
    key = command_key(request) if wanted.key is None else wanted.key
    session = await service.runtime.start(
        wanted.workflow,
        wanted.inputs,
        key=key,
        tenant=principal.organisation,
        user=principal.user,
        budget=wanted.budget,
    )
    if key is not None:
        head = await session.head()
        if head.workflow != wanted.name:
            raise ProblemError(
                "key_reused",
                f"The key {key!r:.80} belongs to session {session.id}, "
                f"of workflow {head.workflow!r}.",
            )
    entered = service.enter(
        principal,
        "session.start",
        ("session", session.id),
        source=source(request),
        detail={"workflow": wanted.name, **wanted.detail},
    )
    # The ledger's entry is written while the session works.
    ended, _ = await asyncio.gather(_ended(session, seconds), entered)
    headers = {"Location": f"/api/v1/sessions/{session.id}"}
    if applied:
        headers["Preference-Applied"] = applied
    return Response(
        await detail_of(service, principal, session.id),
        status_code=200 if ended else 202,
        headers=headers,
    )


async def _ended(session: Session, seconds: float) -> bool:
    """Return whether the session ended in time, well or not."""
    if not seconds:
        return False
    try:
        await session.result(timeout=seconds)
    except (SessionFailedError, SessionCancelledError):
        return True
    except TimeoutError:
        return False
    return True


def _seconds(request: Call, wait: float | None) -> tuple[float, str]:
    """Return how long to wait, and the preference that says so. Source: RFC 7240, 4.3."""
    if wait is not None:
        return wait, ""
    found = _PREFERRED.search(request.headers.get("prefer", ""))
    if found is None:
        return 0.0, ""
    seconds = min(float(found[1]), WAIT_SECONDS_MAX)
    return seconds, f"wait={int(seconds)}"
