"""Delivers messages: tries again what was not taken, and gives up in the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from tenuto.core.errors import PortError, TenutoError
from tenuto.core.webhooks.retrying import DELAYS_S, delay_ms
from tenuto.core.webhooks.signing import headers_of
from tenuto.ports.clock import Clock
from tenuto.ports.deliveries import Deliveries, Delivery, DeliveryQuery
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Change, Ledger, Outdated, Record
from tenuto.ports.safe import CannotOpen, Safe
from tenuto.server.sealed import append_sealed
from tenuto.server.webhooks.records import WEBHOOK, Hook, Key, hook_of, keys_of
from tenuto.server.webhooks.sending import Attempt, Sender
from tenuto.server.webhooks.watching import Watcher, end_of
from tenuto.views.moments import moment_text

_log = logging.getLogger("tenuto.server")

AT_ONCE_MAX: Final = 16
_LOOK_S: Final = 1.0
"""How often it is looked for deliveries that have become due."""
LAST_S: Final = 3.0
"""How long who stops waits for answers to what it has sent."""
_PAUSE_S: Final = 5.0
"""After the store failed."""


class Courier:
    """Makes messages of what happens, and delivers them while it runs."""

    def __init__(
        self, *, store: EventStore, ledger: Ledger, deliveries: Deliveries, clock: Clock, safe: Safe
    ) -> None:
        self.deliveries = deliveries
        self.sender = Sender(private=False)
        self.delays_s: tuple[float, ...] = DELAYS_S
        self.look_s = _LOOK_S
        self.leads: Callable[[], bool] = lambda: True
        """Asked before each message: one whose process was away for long is another's to send."""
        self._store, self._ledger, self._clock, self._safe = store, ledger, clock, safe
        self._watcher = Watcher(store, ledger, deliveries, clock)
        self._wake = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._lately: set[str] = set()
        """Those that were tried since the store was last asked for due ones."""
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> int:
        """Return the position up to which the log was read: its end, where nobody has begun."""
        position = await self.deliveries.position()
        if position is None:
            await self.deliveries.add([], await end_of(self._store), begins=True)
            position = await self.deliveries.position()
        assert position is not None, "it was said"
        return position

    async def start(self, *, is_shared: bool = False) -> None:
        """Begin to deliver, unless that was begun.

        Args:
            is_shared: other processes may add and change webhooks, too.
        """
        position = await self.begin()
        if self._tasks:
            return
        self._watcher.is_shared = is_shared
        self._watcher.changed()
        self._tasks = [
            asyncio.create_task(self._watch(position)),
            asyncio.create_task(self._deliver()),
        ]

    async def stop(self) -> None:
        """Let another process deliver, once what is on its way has arrived, or LAST_S have gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        last = [*self._under_way.values()]
        if last:
            await asyncio.wait(last, timeout=LAST_S)
        for one in last:
            one.cancel()
        await asyncio.gather(*last, return_exceptions=True)
        self._under_way.clear()

    async def close(self) -> None:
        """End. What was not delivered is, once somebody runs it again."""
        await self.stop()
        await self.sender.close()

    async def write(self, change: Change, hook: Hook, keys: list[Key]) -> None:
        """Let the webhook's record say this.

        Raises:
            Outdated: its version is not `change.expected`.
        """
        change = msgspec.structs.replace(change, value=msgspec.to_builtins(hook))
        await append_sealed(self._ledger, self._safe, change, msgspec.json.encode(keys))
        self._watcher.changed()

    def removed(self) -> None:
        """Take note that a webhook was deleted."""
        self._watcher.changed()

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
        while True:
            self._wake.clear()
            self._lately.clear()
            try:
                due = await self.deliveries.due(self._clock.now_ms(), 4 * AT_ONCE_MAX)
            except PortError as error:
                _log.warning("webhooks cannot be told, and try again: %s", error)
                await asyncio.sleep(_PAUSE_S)
                continue
            # One that was settled during the read may be pending in it.
            busy = self._under_way.keys() | self._lately
            fresh = [delivery for delivery in due if delivery.id not in busy]
            for delivery in fresh:
                await room.acquire()
                self._under_way[delivery.id] = asyncio.create_task(self._one(delivery, room))
            if not fresh and not self._lately:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.look_s):
                        await self._wake.wait()

    async def _one(self, delivery: Delivery, room: asyncio.Semaphore) -> None:
        try:
            record = await self._ledger.record(delivery.tenant, WEBHOOK, id=delivery.webhook)
            if not self.leads():
                return
            if record is None or not hook_of(record).active:
                gone = "The webhook was deleted." if record is None else "It is not active."
                await self.deliveries.update(
                    msgspec.structs.replace(delivery, state="dead", answer=gone)
                )
                return
            await self.tried(record, delivery)
        except TenutoError as error:
            _log.warning("delivery %s is tried again: %s", delivery.id, error)
            await asyncio.sleep(self.look_s)
        except Exception:
            # The messages of all others go the same way: none of them may end it.
            _log.exception("delivery %s failed, and is tried again", delivery.id)
            await asyncio.sleep(self.look_s)
        finally:
            self._under_way.pop(delivery.id, None)
            self._lately.add(delivery.id)
            room.release()
            self._wake.set()

    async def tried(self, record: Record, delivery: Delivery) -> Delivery:
        """Return the delivery after one attempt more."""
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
            await self.write(change, hook, keys_of(self._safe, record))
