"""One client's place in a session: from any version on, then live, without gap or repeat.

New frames land in a bounded queue. What does not fit is left in the log: the client is told that it
lags, and gets the rest from there at its own pace, then live again. So a slow client costs its
queue, and neither the session nor other clients wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from tenuto.server.streaming.frames import HEARTBEAT, Frame, event_frame, frame
from tenuto.server.streaming.kept import KEPT_FRAMES
from tenuto.server.streaming.topic import Topic
from tenuto.views.open_tasks import OpenTasks

QUEUED_FRAMES_MAX: Final = 256
QUEUED_BYTES_MAX: Final = 1_000_000
PAGE_COMMITS: Final = 50
"""Read from the log at once: what a client that lags may hold."""
BATCH_BYTES: Final = 64_000
"""About as much is handed to the socket at once."""


class Reader:
    """A place in a topic. Iterate over `batches`; `close` ends it from outside."""

    def __init__(self, topic: Topic, *, after: int, pieces: int | None = None) -> None:
        self._topic = topic
        self._after, self._pieces = after, pieces
        self._tasks: OpenTasks | None = None
        """The fold at `_after`, where frames have to be read from the log."""
        self._queue: deque[Frame] = deque()
        self._queued_bytes = 0
        self._is_full = False
        """What comes after the queue is left in the log."""
        self._waiter: asyncio.Future[None] | None = None
        self._is_closed = False
        self.idle_since_s = asyncio.get_running_loop().time()
        """When a batch was last taken."""

    @property
    def session(self) -> str:
        """Return whose frames these are."""
        return self._topic.session.id

    @property
    def queued_count(self) -> int:
        """Return how many frames wait to be taken."""
        return len(self._queue)

    def push(self, told: Frame) -> None:
        """See `Subscriber.push`."""
        if self._is_full:
            return
        self._queue.append(told)
        self._queued_bytes += len(told.data)
        if len(self._queue) > QUEUED_FRAMES_MAX or self._queued_bytes > QUEUED_BYTES_MAX:
            # All that was told is queued, so the topic's fold is the one to go on with.
            self._is_full = True
            self._tasks = self._topic.tasks_now()
        self.wake()

    def wake(self) -> None:
        """See `Subscriber.wake`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """End the iteration as soon as its present batch is done with."""
        self._is_closed = True
        self.wake()

    def beat(self) -> None:
        """Send a sign of life."""
        if not self._queue:
            self.push(HEARTBEAT)

    async def batches(self) -> AsyncIterator[list[Frame]]:
        """Return frames, some at a time: a snapshot, what was asked for, what comes, an end.

        Raises:
            TenutoError: the session's log cannot be read any further.
        """
        topic = self._topic
        first = [topic.snapshot()]
        if self._after > topic.version:
            first.append(self._gap())
            self._after = topic.version
        yield first
        while not self._is_closed:
            async for batch in self._from_log():
                yield batch
            # From here until it is subscribed nothing is awaited: nothing can come between.
            self._take_kept()
            topic.subscribers.add(self)
            try:
                async for batch in self._live():
                    yield batch
            finally:
                topic.subscribers.discard(self)
            if not self._is_full:
                return
            yield [self._lagging()]

    async def _live(self) -> AsyncIterator[list[Frame]]:
        """Return what is pushed, until something found no room or the topic is over."""
        topic = self._topic
        while not self._is_closed:
            if self._queue:
                yield self._take()
            elif self._is_full:
                return
            elif topic.fault is not None:
                raise topic.fault
            elif topic.is_over:
                yield [topic.end()]
                return
            elif topic.is_stopped:
                return
            else:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
                self._waiter = None

    def _take(self) -> list[Frame]:
        batch: list[Frame] = []
        size = 0
        while self._queue and size < BATCH_BYTES:
            told = self._queue.popleft()
            batch.append(told)
            size += len(told.data)
            if told.kind == "event":
                self._after = told.seq
        self._queued_bytes -= size
        self.idle_since_s = asyncio.get_running_loop().time()
        return batch

    def _take_kept(self) -> None:
        topic = self._topic
        self._is_full, self._tasks = False, None
        self._queue.extend(topic.kept.since(self._after))
        self._queue.extend(topic.tokens_after(self._pieces))
        self._queued_bytes = sum(len(told.data) for told in self._queue)
        self._pieces = None

    async def _from_log(self) -> AsyncIterator[list[Frame]]:
        """Return frames from the log until those that follow are kept."""
        topic = self._topic
        while self._after < topic.kept.after:
            if topic.kept.after - self._after > KEPT_FRAMES:
                yield await self._read()
                continue
            async with topic.filling:
                found: list[Frame] = []
                while self._after < topic.kept.after:
                    found += await self._read()
                topic.kept.add_before(found)
            if found:
                yield found

    async def _read(self) -> list[Frame]:
        """Return the next frames from the log, up to those that are kept."""
        topic, until = self._topic, self._topic.kept.after
        if self._tasks is None:
            self._tasks = await topic.tasks_at(self._after)
        frames: list[Frame] = []
        for stored in await topic.session.page(self._after, commits=PAGE_COMMITS):
            if stored.version > until:
                break
            self._tasks.begin(stored.event)
            frames.append(event_frame(stored, self.session, self._tasks))
            self._tasks.end(stored.event)
            self._after = stored.version
        assert frames, "what was told is in the log"
        return frames

    def _gap(self) -> Frame:
        version = self._topic.version
        return frame(
            "gap",
            {"session_id": self.session, "asked_after": self._after, "goes_on_after": version},
            session=self.session,
        )

    def _lagging(self) -> Frame:
        behind = self._topic.version - self._after
        return frame(
            "lagging",
            {"session_id": self.session, "seq": self._after, "behind": behind},
            session=self.session,
        )
