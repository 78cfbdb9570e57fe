"""The webhooks of all organisations: added, changed, tested, deleted."""

from __future__ import annotations

import asyncio
import logging
import secrets
from functools import partial
from typing import Final

import msgspec

from tenuto.core.errors import NotFound, PortError, Rejected
from tenuto.core.webhooks.signing import SECRET_BYTES, secret_of
from tenuto.ports.clock import Clock
from tenuto.ports.deliveries import Deliveries, Delivery
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Change, Ledger, Record, RecordQuery
from tenuto.ports.safe import Safe
from tenuto.sdk.duties import Duties
from tenuto.server.webhooks.delivering import Courier
from tenuto.server.webhooks.records import TEST, WEBHOOK, Hook, Key, hook_of, keys_of
from tenuto.server.webhooks.watching import end_of
from tenuto.views.moments import moment_text

_log = logging.getLogger("tenuto.server")

DUTY: Final = "webhooks"
_LOOK_S: Final = 0.5
"""How often a server that shares its database looks whether it is the one that delivers."""
PER_TENANT_MAX: Final = 100
OLD_SECRET_MS: Final = 24 * 3_600_000
"""How long messages are signed with the secret before, too, after it was changed."""


class Webhooks:
    """Keeps webhooks, and has them told."""

    def __init__(
        self, *, store: EventStore, ledger: Ledger, deliveries: Deliveries, clock: Clock, safe: Safe
    ) -> None:
        self.deliveries = deliveries
        self.courier = Courier(
            store=store, ledger=ledger, deliveries=deliveries, clock=clock, safe=safe
        )
        self._store, self._ledger, self._clock, self._safe = store, ledger, clock, safe
        self._duties: Duties | None = None
        self._minding: asyncio.Task[None] | None = None

    async def start(self, duties: Duties) -> None:
        """Begin to deliver, where there is a webhook; else with the first one. Of several servers
        the one that has this `DUTY` delivers."""
        if duties.is_shared:
            duties.volunteer(DUTY)
            self._duties, self.courier.leads = duties, partial(duties.leads, DUTY)
            self._minding = asyncio.create_task(self._mind(duties))
        elif await self._are_any():
            await self.courier.start()

    async def close(self) -> None:
        """End. What was not delivered is, once somebody runs it again."""
        if self._minding is not None:
            self._minding.cancel()
            await asyncio.gather(self._minding, return_exceptions=True)
        await self.courier.close()

    async def _mind(self, duties: Duties) -> None:
        """Have the courier run as long as this is the server that delivers."""
        while True:
            try:
                if not duties.leads(DUTY):
                    await self.courier.stop()
                elif await self._are_any():
                    await self.courier.start(is_shared=True)
            except PortError as error:
                _log.warning("webhooks are not looked after now: %s", error)
            await asyncio.sleep(_LOOK_S)

    async def _are_any(self) -> bool:
        return bool(await self._ledger.records(RecordQuery(kind=WEBHOOK, limit=1)))

    async def all(self, tenant: str) -> tuple[Record, ...]:
        """Return the tenant's webhooks, by name."""
        return await self._ledger.records(RecordQuery(tenant=tenant, kind=WEBHOOK))

    async def show(self, tenant: str, id: str) -> Record:
        """Return a webhook.

        Raises:
            NotFound: there is none.
        """
        record = await self._ledger.record(tenant, WEBHOOK, id=id)
        if record is None:
            raise NotFound(what="webhook", name=id)
        return record

    async def add(self, change: Change, hook: Hook) -> tuple[Record, str]:
        """Return a new webhook, and its secret, which nothing tells again.

        Raises:
            Rejected: the url cannot be told, or there are too many webhooks.
        """
        self.courier.sender.check(hook.url)
        if len(await self.all(change.tenant)) >= PER_TENANT_MAX:
            raise Rejected(f"There are {PER_TENANT_MAX} webhooks; delete one first.")
        if self._duties is None:
            await self.courier.start()
        else:
            await self.courier.begin()
        hook = msgspec.structs.replace(hook, since=await end_of(self._store))
        change = msgspec.structs.replace(
            change, target=f"wh_{secrets.token_hex(8)}", action="webhook.add", expected=0
        )
        secret = secret_of(secrets.token_bytes(SECRET_BYTES))
        return await self._written(change, hook, [Key(secret)]), secret

    async def change(self, change: Change, hook: Hook) -> Record:
        """Return the webhook after it was changed; one that is made active again forgets why it
        was not.

        Raises:
            Rejected: the url cannot be told.
            NotFound: there is none.
            Outdated: its version is not `change.expected`.
        """
        self.courier.sender.check(hook.url)
        record = await self.show(change.tenant, change.target)
        old = hook_of(record)
        since = old.since if old.active or not hook.active else await end_of(self._store)
        hook = msgspec.structs.replace(hook, since=since)
        change = msgspec.structs.replace(change, action="webhook.change")
        return await self._written(change, hook, keys_of(self._safe, record))

    async def rotate(self, change: Change) -> str:
        """Return a new secret. For a day messages are signed with the one before as well.

        Raises:
            NotFound: there is none.
        """
        record = await self.show(change.tenant, change.target)
        before = keys_of(self._safe, record)[0]
        secret = secret_of(secrets.token_bytes(SECRET_BYTES))
        until = change.at_ms + OLD_SECRET_MS
        change = msgspec.structs.replace(
            change, action="webhook.rotate", expected=change.expected or record.version
        )
        await self._written(change, hook_of(record), [Key(secret), Key(before.secret, until)])
        return secret

    async def remove(self, change: Change) -> None:
        """Delete a webhook; what it was not told yet, it is not told.

        Raises:
            NotFound: there is none.
        """
        await self.show(change.tenant, change.target)
        change = msgspec.structs.replace(change, action="webhook.remove", writes=True, value=None)
        await self._ledger.append([change])
        self.courier.removed()

    async def test(self, record: Record) -> Delivery:
        """Return a delivery that only says that it is a test, once it was tried."""
        now_ms = self._clock.now_ms()
        told = {"type": TEST, "timestamp": moment_text(now_ms), "data": {"webhook": record.id}}
        delivery = Delivery(
            id=f"msg_{secrets.token_hex(16)}",
            tenant=record.tenant,
            webhook=record.id,
            type=TEST,
            body=msgspec.json.encode(told),
            created_ms=now_ms,
            due_ms=now_ms,
            updated_ms=now_ms,
            state="dead",
        )
        position = await self.deliveries.position()
        await self.deliveries.add([delivery], position or 0)
        return await self.courier.tried(record, delivery)

    async def resend(self, record: Record, id: str) -> Delivery:
        """Return a delivery once it was tried again, under its id.

        Raises:
            NotFound: the webhook has none with this id.
        """
        delivery = await self.deliveries.find(record.tenant, id)
        if delivery is None or delivery.webhook != record.id:
            raise NotFound(what="delivery", name=id)
        return await self.courier.tried(record, delivery)

    async def _written(self, change: Change, hook: Hook, keys: list[Key]) -> Record:
        await self.courier.write(change, hook, keys)
        return await self.show(change.tenant, change.target)
