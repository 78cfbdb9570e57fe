"""One session that is watched: its log is followed once, decoded once, encoded once.

The topic folds the session as it goes, so a snapshot costs nothing but its encoding. The newest
frames are kept: who lost the connection for a moment goes on from there without a look at the log.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, Protocol

from tenuto.core.errors import TenutoError
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.session.status import status_of
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.pieces import Piece
from tenuto.sdk.history import StoredEvent
from tenuto.sdk.session import Session
from tenuto.server.streaming.answers import Answers
from tenuto.server.streaming.frames import Frame, event_frame, frame, token_frame
from tenuto.server.streaming.kept import Kept
from tenuto.views.event_json import plain_json
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTasks
from tenuto.views.waiting import why_waiting

COME_UP_S_MAX: Final = 5.0
_LOOK_S: Final = 0.005
BURST: Final = 64
"""Events told before readers get their turn."""


class Subscriber(Protocol):
    """Who is told of new frames."""

    def push(self, told: Frame) -> None:
        """Take a frame; return at once."""
        ...

    def wake(self) -> None:
        """Look again: the topic has ended."""
        ...


class Topic:
    """A watched session. `version` is that of the last event that was told."""

    def __init__(
        self, session: Session, state: SessionState, definition: WorkflowDefinition
    ) -> None:
        self.session, self.definition = session, definition
        self.state = state
        self.subscribers: set[Subscriber] = set()
        self.kept = Kept(state.version)
        self.is_over = False
        """All events are out, and no more will come."""
        self.is_stopped = False
        """The server is stopping; the session goes on."""
        self.fault: TenutoError | None = None
        """Why it can go on no further."""
        self.filling = asyncio.Lock()
        """Held while frames before the kept ones are read for somebody: the next one finds them."""
        self._answers = Answers()
        self._tasks = OpenTasks.of_state(state, definition)
        self._snapshot: Frame | None = None
        self._work: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def open(cls, session: Session) -> Topic:
        """Return the topic, following its session.

        Raises:
            NotFound: there is no such session.
        """
        topic = cls(session, await session.state(), await session.definition())
        topic._work = (
            asyncio.create_task(topic._follow()),
            asyncio.create_task(topic._read_along()),
        )
        return topic

    def close(self) -> None:
        """Follow no more; who still listens hears no more."""
        self.is_stopped = True
        for work in self._work:
            work.cancel()
        self._wake_all()

    def tasks_now(self) -> OpenTasks:
        """Return the fold of all that was told, for the caller alone."""
        return OpenTasks.of_state(self.state, self.definition)

    async def tasks_at(self, version: int) -> OpenTasks:
        """Return the fold at a version, for the caller alone."""
        if not version:
            return OpenTasks(self.definition)
        return OpenTasks.of_state(await self.session.state(version), self.definition)

    @property
    def version(self) -> int:
        """Return the version of the last event that was told."""
        return self.state.version

    def snapshot(self) -> Frame:
        """Return the frame that says how the session is at `version`."""
        if self._snapshot is None:
            state = self.state
            status, reason = status_of(state)
            waits = [plain_json(wait) for wait in why_waiting(state, self.definition)]
            self._snapshot = frame(
                "snapshot",
                {
                    "session_id": self.session.id,
                    "seq": state.version,
                    "status": status,
                    "reason": reason,
                    "workflow": state.workflow,
                    "workflow_version": state.workflow_version,
                    "started_at": moment_text(state.started_ms),
                    "updated_at": moment_text(state.updated_ms),
                    "waits": [*waits],
                },
                session=self.session.id,
            )
        return self._snapshot

    def end(self) -> Frame:
        """Return the last frame."""
        status, reason = status_of(self.state)
        told: JsonObject = {"session_id": self.session.id, "seq": self.version}
        told |= {"status": status, "reason": reason}
        return frame("end", told, session=self.session.id)

    def tokens_after(self, offset: int | None) -> list[Frame]:
        """Return frames of the answers that are being given: what came behind `offset`, or, where
        it is None, each as one piece from its beginning."""
        return [self._token(piece) for piece in self._answers.after(offset)]

    async def _follow(self) -> None:
        try:
            # Once it has ended, only what is in the log already is read.
            for follow in (True, False):
                if follow and self.state.phase in TERMINAL:
                    continue
                async for stored in self.session.events(self.version, follow=follow):
                    self._tell(stored)
                    if not self.version % BURST:
                        # Readers who keep up take what there is before their queues are full.
                        await asyncio.sleep(0)
            self.is_over = self.state.phase in TERMINAL
            self.is_stopped = not self.is_over
        except TenutoError as error:
            self.fault = error
        self._wake_all()

    def _tell(self, stored: StoredEvent) -> None:
        self._tasks.begin(stored.event)
        told = event_frame(stored, self.session.id, self._tasks)
        self._tasks.end(stored.event)
        evolve(self.state, stored.event)
        assert self.state.version == stored.version, "events come without gap"
        self._snapshot = None
        self.kept.add(told)
        for subscriber in self.subscribers:
            subscriber.push(told)
        for piece in self._answers.settle(self.state):
            self._tell_piece(piece)

    async def _read_along(self) -> None:
        try:
            async for piece in self.session.tokens():
                self._tell_piece(piece)
        except TenutoError:
            # Whether the session can go on shows where its events are read.
            return

    def _tell_piece(self, piece: Piece) -> None:
        if self._answers.take(piece, self.state):
            told = self._token(piece)
            for subscriber in self.subscribers:
                subscriber.push(told)

    def _token(self, piece: Piece) -> Frame:
        return token_frame(piece, self.session.id, path=self._tasks.path(piece.task))

    def _wake_all(self) -> None:
        for subscriber in self.subscribers:
            subscriber.wake()


async def come_up(topic: Topic) -> None:
    """Return once the topic has told all that is in the log by now, which another process may have
    written a moment ago; or after COME_UP_S_MAX."""
    target = topic.version
    while page := await topic.session.page(target):
        target = page[-1].version
    with suppress(TimeoutError):
        async with asyncio.timeout(COME_UP_S_MAX):
            while topic.version < target:
                if topic.is_over or topic.is_stopped or topic.fault:
                    return
                await asyncio.sleep(_LOOK_S)
