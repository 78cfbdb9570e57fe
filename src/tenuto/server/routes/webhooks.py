"""Webhooks: add, change, delete; their secrets, and what became of their deliveries."""

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tenuto.ports.deliveries import Delivery, DeliveryQuery, DeliveryState
from tenuto.ports.ledger import Change, Record
from tenuto.server.asked import Call, source
from tenuto.server.etags import etag_of, expected_if_said
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import needs
from tenuto.server.service import Given, Service
from tenuto.server.webhooks.records import (
    WEBHOOK,
    EventPattern,
    Hook,
    HookState,
    WorkflowPattern,
    hook_of,
)
from tenuto.views.moments import moment_text


class NewWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where to, and of what, a webhook tells."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    events: Annotated[tuple[EventPattern, ...], msgspec.Meta(min_length=1, max_length=50)] = (
        "session.*",
    )
    """Patterns of types: `session.completed`, `approval.*`."""
    workflows: Annotated[tuple[WorkflowPattern, ...], msgspec.Meta(min_length=1, max_length=50)] = (
        "*",
    )
    """Patterns of names."""
    description: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    active: bool = True

    def hook(self) -> Hook:
        """Return what the record says."""
        return Hook(
            url=self.url,
            events=self.events,
            workflows=self.workflows,
            description=self.description,
            active=self.active,
        )


class Webhook(msgspec.Struct, kw_only=True):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[str]
    workflows: list[str]
    description: str
    active: bool
    state: HookState
    """`disabled`: the server turned it off, as nothing was taken; `inactive`: a person did."""
    disabled_because: str
    version: int
    created_at: str
    updated_at: str


class WebhookWithSecret(Webhook, kw_only=True):
    """A webhook that was just made, with the secret that its messages are signed with."""

    secret: str


class NewWebhookSecret(msgspec.Struct, kw_only=True):
    """A secret; the one before signs messages for another day."""

    secret: str


class DeliveryShown(msgspec.Struct, kw_only=True):
    """A message to a webhook, and what became of it."""

    id: str
    type: str
    state: DeliveryState
    attempts: int
    status: int
    answer: str
    created_at: str
    updated_at: str
    next_attempt_at: str | None
    body: msgspec.Raw


def webhook_of(record: Record) -> Webhook:
    """Return what may be told of a webhook."""
    return Webhook(**_facts(record))


def _facts(record: Record) -> dict[str, Any]:
    hook = hook_of(record)
    return {
        "id": record.id,
        "url": hook.url,
        "events": list(hook.events),
        "workflows": list(hook.workflows),
        "description": hook.description,
        "active": hook.active,
        "state": hook.state,
        "disabled_because": hook.disabled_because,
        "version": record.version,
        "created_at": moment_text(record.created_ms),
        "updated_at": moment_text(record.updated_ms),
    }


def _shown(delivery: Delivery) -> DeliveryShown:
    pending = delivery.state == "pending"
    return DeliveryShown(
        id=delivery.id,
        type=delivery.type,
        state=delivery.state,
        attempts=delivery.attempts,
        status=delivery.status,
        answer=delivery.answer,
        created_at=moment_text(delivery.created_ms),
        updated_at=moment_text(delivery.updated_ms),
        next_attempt_at=moment_text(delivery.due_ms) if pending else None,
        body=msgspec.Raw(delivery.body),
    )


_READ, _WRITE = needs("webhooks:read"), needs("webhooks:write")


@get("/webhooks", tags=["webhooks"], opt=_READ)
async def list_webhooks(
    request: Call,
    service: Given,
    only: Annotated[HookState | None, QueryParameter(name="state")] = None,
) -> list[Webhook]:
    """Return the organisation's webhooks, all or those in one state; at most a hundred."""
    found = await service.webhooks.all(request.user.organisation)
    return [one for one in map(webhook_of, found) if only in (None, one.state)]


@post("/webhooks", status_code=201, tags=["webhooks"], opt=_WRITE)
async def add_webhook(
    request: Call, service: Given, data: JSONBody[NewWebhook]
) -> Response[WebhookWithSecret]:
    """Add a webhook, which is told of what happens from now on. Its secret is in this answer only.

    Messages are signed as Standard Webhooks."""
    record, secret = await service.webhooks.add(_change(request, service, ""), data.hook())
    return Response(
        WebhookWithSecret(**_facts(record), secret=secret),
        headers={"ETag": etag_of(record.version), "Location": f"/api/v1/webhooks/{record.id}"},
    )


@get("/webhooks/{webhook_id:str}", tags=["webhooks"], opt=_READ)
async def show_webhook(
    request: Call, service: Given, webhook_id: FromPath[str]
) -> Response[Webhook]:
    """Return a webhook."""
    record = await service.webhooks.show(request.user.organisation, webhook_id)
    return Response(webhook_of(record), headers={"ETag": etag_of(record.version)})


@put("/webhooks/{webhook_id:str}", tags=["webhooks"], opt=_WRITE)
async def change_webhook(
    request: Call, service: Given, webhook_id: FromPath[str], data: JSONBody[NewWebhook]
) -> Response[Webhook]:
    """Change a webhook. One that was disabled tells again when it is made active."""
    change = _change(request, service, webhook_id)
    record = await service.webhooks.change(change, data.hook())
    return Response(webhook_of(record), headers={"ETag": etag_of(record.version)})


@delete("/webhooks/{webhook_id:str}", tags=["webhooks"], opt=_WRITE)
async def delete_webhook(request: Call, service: Given, webhook_id: FromPath[str]) -> None:
    """Delete a webhook; what it was not told yet, it is not told."""
    await service.webhooks.remove(_change(request, service, webhook_id))


@post("/webhooks/{webhook_id:str}/rotate", status_code=200, tags=["webhooks"], opt=_WRITE)
async def rotate_webhook_secret(
    request: Call, service: Given, webhook_id: FromPath[str]
) -> NewWebhookSecret:
    """Give the webhook a new secret. For a day its messages are signed with both."""
    return NewWebhookSecret(
        secret=await service.webhooks.rotate(_change(request, service, webhook_id))
    )


@post("/webhooks/{webhook_id:str}/test", status_code=200, tags=["webhooks"], opt=_WRITE)
async def test_webhook(request: Call, service: Given, webhook_id: FromPath[str]) -> DeliveryShown:
    """Send a message of type `webhook.test`, once, and return what came of it."""
    record = await service.webhooks.show(request.user.organisation, webhook_id)
    await _enter(request, service, "webhook.test", webhook_id)
    return _shown(await service.webhooks.test(record))


@get("/webhooks/{webhook_id:str}/deliveries", tags=["webhooks"], opt=_READ)
async def list_deliveries(
    request: Call,
    service: Given,
    webhook_id: FromPath[str],
    only: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: FromQuery[str | None] = None,
) -> Page[DeliveryShown]:
    """Return what the webhook was told or is to be told, newest first; for thirty days."""
    await service.webhooks.show(request.user.organisation, webhook_id)
    query = DeliveryQuery(
        tenant=request.user.organisation,
        webhook=webhook_id,
        state=only,
        before=place_of(cursor, str),
        limit=limit,
    )
    found = await service.webhooks.deliveries.list(query)
    return Page(
        items=[_shown(delivery) for delivery in found],
        next_cursor=cursor_of(found[-1].id) if len(found) == limit else None,
    )


@post(
    "/webhooks/{webhook_id:str}/deliveries/{delivery_id:str}/resend",
    status_code=200,
    tags=["webhooks"],
    opt=_WRITE,
)
async def resend_delivery(
    request: Call, service: Given, webhook_id: FromPath[str], delivery_id: FromPath[str]
) -> DeliveryShown:
    """Send a message again, under its id, and return what came of it."""
    record = await service.webhooks.show(request.user.organisation, webhook_id)
    shown = _shown(await service.webhooks.resend(record, delivery_id))
    await _enter(request, service, "webhook.resend", webhook_id)
    return shown


def _change(request: Call, service: Service, id: str) -> Change:
    change = service.change(request.user, "", (WEBHOOK, id), source=source(request))
    return msgspec.structs.replace(change, expected=expected_if_said(request))


async def _enter(request: Call, service: Service, action: str, id: str) -> None:
    await service.enter(request.user, action, (WEBHOOK, id), source=source(request))


ROUTES: list[HTTPRouteHandler] = [
    list_webhooks,
    add_webhook,
    show_webhook,
    change_webhook,
    delete_webhook,
    rotate_webhook_secret,
    test_webhook,
    list_deliveries,
    resend_delivery,
]
