"""One client's place in the feed of its organisation's sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from tenuto.server.streaming.feed import Feed
from tenuto.server.streaming.frames import Frame, frame

PENDING_MAX: Final = 2_000
"""Sessions that may wait to be told to a slow client; beyond, it catches up later."""
BATCH_FRAMES: Final = 200
CATCH_UP_MAX: Final = 20_000
"""Commits that are looked through for a client that comes back; one who was away for longer has to
read the list again."""


class Listener:
    """A place in the feed. Iterate over `batches`; `close` ends it from outside."""

    def __init__(self, feed: Feed, organisation: str, *, after: int | None) -> None:
        self.organisation = organisation
        self._feed = feed
        self._after = after
        self._pending: dict[str, Frame] = {}
        """By session: of several changes only the last one is worth telling."""
        self._is_full = False
        self._is_closed = False
        self._beats = False
        self._waiter: asyncio.Future[None] | None = None
        self.idle_since_s = asyncio.get_running_loop().time()

    @property
    def pending_count(self) -> int:
        """Return how many sessions wait to be told."""
        return len(self._pending)

    def push(self, told: Frame) -> None:
        """See `Audience.push`."""
        self._pending.pop(told.session, None)
        if len(self._pending) >= PENDING_MAX:
            self._pending.clear()
            self._is_full = True
        if not self._is_full:
            self._pending[told.session] = told
        self.wake()

    def wake(self) -> None:
        """See `Audience.wake`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """End the iteration as soon as its present batch is done with."""
        self._is_closed = True
        self.wake()

    def beat(self) -> None:
        """Send a sign of life."""
        self._beats = True
        self.wake()

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Return a snapshot, what changed since the client was here, and what changes.

        Raises:
            TenutoError: the store cannot be read.
        """
        feed = self._feed
        await feed.add(self)
        try:
            position = feed.position
            yield [frame("snapshot", {"seq": position})]
            after = position if self._after is None else self._after
            while not self._is_closed and not feed.is_stopped:
                async for batch in self._catch_up(after):
                    yield batch
                async for batch in self._live():
                    yield batch
                if not self._is_full:
                    return
                after = self._told
                self._is_full = False
                yield [frame("lagging", {"seq": after, "behind": feed.position - after})]
        finally:
            feed.remove(self)

    async def _catch_up(self, after: int) -> AsyncIterator[list[Frame]]:
        feed = self._feed
        self._told = after
        if after > feed.position and not await self._is_in_log(after):
            yield [self._gap(after)]
            self._told = feed.position
        changed: dict[str, int] = {}
        count = 0
        async for change in feed.runtime.changes.after(after, follow=False):
            changed.pop(change.session, None)
            changed[change.session] = change.position
            count += 1
            if count > CATCH_UP_MAX:
                yield [self._gap(after)]
                self._told = feed.position
                return
        for batch in _some(await feed.heads(self.organisation, changed)):
            self._told = batch[-1].seq
            yield batch
        self._told = max(self._told, *changed.values(), 0)

    async def _is_in_log(self, position: int) -> bool:
        """Return whether there is an event at the position: another server may have told of it, of
        which this one was not told yet."""
        async for _ in self._feed.runtime.changes.after(position - 1, follow=False):
            return True
        return False

    async def _live(self) -> AsyncIterator[list[Frame]]:
        loop = asyncio.get_running_loop()
        while not self._is_closed and not self._feed.is_stopped and not self._is_full:
            if self._pending:
                names = list(self._pending)[:BATCH_FRAMES]
                batch = [self._pending.pop(name) for name in names]
                # What was looked up while catching up is newer.
                batch = [told for told in batch if told.seq > self._told]
            elif self._beats:
                batch = [frame("heartbeat", {}, seq=max(self._told, self._feed.position))]
            else:
                self._waiter = loop.create_future()
                await self._waiter
                self._waiter = None
                continue
            self._beats = False
            self.idle_since_s = loop.time()
            if batch:
                self._told = batch[-1].seq
                yield batch

    def _gap(self, after: int) -> Frame:
        told = {"asked_after": after, "goes_on_after": self._feed.position}
        return frame("gap", {**told})


def _some(frames: list[Frame]) -> list[list[Frame]]:
    return [frames[n : n + BATCH_FRAMES] for n in range(0, len(frames), BATCH_FRAMES)]
