"""The webhooks of all organisations: kept, told, tried again, and given up."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import Final

import msgspec

from tenuto.core.errors import NotFound, PortError, Rejected, TenutoError
from tenuto.core.webhooks.retrying import DELAYS_S, delay_ms
from tenuto.core.webhooks.signing import SECRET_BYTES, headers_of, secret_of
from tenuto.ports.clock import Clock
from tenuto.ports.deliveries import Deliveries, Delivery, DeliveryQuery
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Change, Ledger, Outdated, Record, RecordQuery
from tenuto.ports.safe import CannotOpen, Safe
from tenuto.server.webhooks.records import (
    TEST,
    WEBHOOK,
    Hook,
    Key,
    hook_of,
    keys_of,
    sealed_keys,
)
from tenuto.server.webhooks.sending import Attempt, Sender
from tenuto.server.webhooks.watching import Watcher, end_of
from tenuto.views.moments import moment_text

_log = logging.getLogger("tenuto.server")

AT_ONCE_MAX: Final = 16
PER_TENANT_MAX: Final = 100
OLD_SECRET_MS: Final = 24 * 3_600_000
"""How long messages are signed with the secret before, too, after it was changed."""
_LOOK_S: Final = 1.0
"""How often it is looked for deliveries that have become due."""
_PAUSE_S: Final = 5.0
"""After the store failed."""


class Webhooks:
    """Keeps webhooks, and delivers while it runs."""

    def __init__(
        self, *, store: EventStore, ledger: Ledger, deliveries: Deliveries, clock: Clock, safe: Safe
    ) -> None:
        self.deliveries = deliveries
        self.sender = Sender(private=False)
        self.delays_s: tuple[float, ...] = DELAYS_S
        self.look_s = _LOOK_S
        self._store, self._ledger, self._clock, self._safe = store, ledger, clock, safe
        self._watcher = Watcher(store, ledger, deliveries, clock)
        self._wake = asyncio.Event()
        self._under_way: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to deliver, where there is a webhook; else with the first one."""
        if not self._tasks and await self._ledger.records(RecordQuery(kind=WEBHOOK, limit=1)):
            await self._begin()

    async def close(self) -> None:
        """End. What was not delivered is, once somebody runs it again."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.sender.close()

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
        self.sender.check(hook.url)
        if len(await self.all(change.tenant)) >= PER_TENANT_MAX:
            raise Rejected(f"There are {PER_TENANT_MAX} webhooks; delete one first.")
        if not self._tasks:
            await self._begin()
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
        self.sender.check(hook.url)
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
        self._watcher.changed()

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
        return await self._tried(record, delivery)

    async def resend(self, record: Record, id: str) -> Delivery:
        """Return a delivery once it was tried again, under its id.

        Raises:
            NotFound: the webhook has none with this id.
        """
        delivery = await self.deliveries.find(record.tenant, id)
        if delivery is None or delivery.webhook != record.id:
            raise NotFound(what="delivery", name=id)
        return await self._tried(record, delivery)

    async def _written(self, change: Change, hook: Hook, keys: list[Key]) -> Record:
        change = msgspec.structs.replace(
            change,
            writes=True,
            value=msgspec.to_builtins(hook),
            private=sealed_keys(self._safe, change.tenant, change.target, keys),
        )
        await self._ledger.append([change])
        self._watcher.changed()
        return await self.show(change.tenant, change.target)

    async def _begin(self) -> None:
        position = await self.deliveries.position()
        if position is None:
            position = await end_of(self._store)
            await self.deliveries.add([], position)
        self._tasks = [
            asyncio.create_task(self._watch(position)),
            asyncio.create_task(self._deliver()),
        ]

    async def _watch(self, position: int) -> None:
        while True:
            try:
                await self._watcher.run(position, self._wake.set)
                return  # The store is closed.
            except PortError as error:
                _log.warning("webhooks cannot read on, and try again: %s", error)
                await asyncio.sleep(_PAUSE_S)
                position = await self.deliveries.position() or position

    async def _deliver(self) -> None:
        room = asyncio.Semaphore(AT_ONCE_MAX)
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                try:
                    due = await self.deliveries.due(self._clock.now_ms(), 4 * AT_ONCE_MAX)
                except PortError as error:
                    _log.warning("webhooks cannot be told, and try again: %s", error)
                    await asyncio.sleep(_PAUSE_S)
                    continue
                fresh = [delivery for delivery in due if delivery.id not in self._under_way]
                for delivery in fresh:
                    self._under_way.add(delivery.id)
                    await room.acquire()
                    group.create_task(self._one(delivery, room))
                if not fresh:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self.look_s):
                            await self._wake.wait()

    async def _one(self, delivery: Delivery, room: asyncio.Semaphore) -> None:
        try:
            record = await self._ledger.record(delivery.tenant, WEBHOOK, id=delivery.webhook)
            if record is None or not hook_of(record).active:
                gone = "The webhook was deleted." if record is None else "It is not active."
                await self.deliveries.update(
                    msgspec.structs.replace(delivery, state="dead", answer=gone)
                )
                return
            await self._tried(record, delivery)
        except TenutoError as error:
            _log.warning("delivery %s is tried again: %s", delivery.id, error)
            await asyncio.sleep(self.look_s)
        except Exception:
            # The messages of all others go the same way: none of them may end it.
            _log.exception("delivery %s failed, and is tried again", delivery.id)
            await asyncio.sleep(self.look_s)
        finally:
            self._under_way.discard(delivery.id)
            room.release()
            self._wake.set()

    async def _tried(self, record: Record, delivery: Delivery) -> Delivery:
        now_ms = self._clock.now_ms()
        try:
            keys = keys_of(self._safe, record)
        except CannotOpen as error:
            attempt = Attempt(answer=f"It cannot be signed: {error}")
        else:
            signing = [k.secret for k in keys if k.until_ms is None or k.until_ms > now_ms]
            headers = headers_of(signing, id=delivery.id, at_s=now_ms // 1000, body=delivery.body)
            attempt = await self.sender.send(hook_of(record).url, headers, delivery.body)
        after = self._after(delivery, attempt)
        await self.deliveries.update(after)
        if attempt.status == 410:
            await self._disable(record, "The receiver answered 410 Gone.")
        elif after.state == "dead" and delivery.state == "pending":
            await self._disable_if_long_failing(record, delivery)
        return after

    def _after(self, delivery: Delivery, attempt: Attempt) -> Delivery:
        now_ms, attempts = self._clock.now_ms(), delivery.attempts + 1
        wait_ms = delay_ms(delivery.id, attempts, asked_s=attempt.asked_s, delays_s=self.delays_s)
        is_over = wait_ms is None or attempt.status == 410 or delivery.state != "pending"
        # A message that was delivered stays so, whatever a second sending brings.
        was_taken = attempt.succeeded or delivery.state == "delivered"
        return msgspec.structs.replace(
            delivery,
            state="delivered" if was_taken else "dead" if is_over else "pending",
            attempts=attempts,
            due_ms=now_ms + (wait_ms or 0),
            updated_ms=now_ms,
            status=attempt.status,
            answer=attempt.answer,
        )

    async def _disable_if_long_failing(self, record: Record, dead: Delivery) -> None:
        """Give a webhook up that took nothing since a message was made that is given up now."""
        query = DeliveryQuery(tenant=record.tenant, webhook=record.id, state="delivered", limit=100)
        if all(one.updated_ms < dead.created_ms for one in await self.deliveries.list(query)):
            await self._disable(record, f"Nothing was taken since {moment_text(dead.created_ms)}.")

    async def _disable(self, record: Record, reason: str) -> None:
        hook = msgspec.structs.replace(hook_of(record), active=False, disabled_because=reason)
        change = Change(
            at_ms=self._clock.now_ms(),
            tenant=record.tenant,
            actor="system",
            action="webhook.disable",
            kind=WEBHOOK,
            target=record.id,
            detail={"reason": reason},
            expected=record.version,
        )
        # Somebody who changed it meanwhile may have mended it.
        with suppress(Outdated):
            await self._written(change, hook, keys_of(self._safe, record))
