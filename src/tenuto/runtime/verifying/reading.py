"""What an audit reads beside the entries: the checkpoints ahead, and the commits of events."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from tenuto.core.audit.chain import START
from tenuto.core.audit.checkpoints import ACTION, TENANT, Checkpoint, entry_leaf, read_checkpoint
from tenuto.core.audit.faults import Chain
from tenuto.core.audit.merkle import Tree
from tenuto.core.errors import CorruptLog
from tenuto.ports.event_store import EventStore, StoredCommit
from tenuto.ports.ledger import Entry, EntryQuery, Ledger
from tenuto.runtime.auditing import COMMITS_PAGE, leaves_of

CHECKPOINTS_PAGE: Final = 100


class Upcoming:
    """The checkpoints ahead, and the roots that the entries give for them on the way.

    A checkpoint covers entries up to one before its own: which, it must be known when they pass."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._page: deque[tuple[int, Checkpoint]] = deque()
        self.end = 0
        """The last entry that is looked at."""
        self._after = 0
        self._ended = False
        self._tree = Tree()
        self._found: dict[int, tuple[str, str]] = {}

    async def reach(self, chain: Chain) -> None:
        """Note the roots of what ends with the chain's last entry."""
        while (following := await self._next()) is not None:
            number, checkpoint = following
            if checkpoint.entries > chain.number:
                return
            digest = chain.digest if chain.number else START
            self._found[number] = (digest, self._tree.root())
            self._page.popleft()
            self._tree = Tree()

    def add(self, entry: Entry) -> None:
        """Take the next entry into account."""
        if self._page or not self._ended:
            self._tree.add(entry_leaf(entry.digest))

    def take(self, number: int) -> tuple[str, str] | None:
        """Return digest and root that the entries give for the checkpoint of entry `number`."""
        return self._found.pop(number, None)

    async def _next(self) -> tuple[int, Checkpoint] | None:
        if not self._page and not self._ended:
            query = EntryQuery(
                tenant=TENANT,
                actions=(ACTION,),
                after=self._after,
                before=self.end + 1,
                limit=CHECKPOINTS_PAGE,
            )
            try:
                page = await self._ledger.entries(query)
            except CorruptLog:
                page = ()  # The walk comes upon it.
            for entry in page:
                self._after = entry.number
                checkpoint = read_checkpoint(entry.after)
                if checkpoint is not None:
                    self._page.append((entry.number, checkpoint))
            self._ended = not page
        return self._page[0] if self._page else None


class Commits:
    """The commits of all sessions, in order."""

    def __init__(self, events: EventStore) -> None:
        self._events = events
        self._page: deque[tuple[StoredCommit, bytes]] = deque()
        self.reached = 0
        self.count = self.pruned = 0

    def go_to(self, position: int) -> None:
        """Go on behind `position`."""
        if position != self.reached:
            self._page.clear()
            self.reached = position

    async def until(self, position: int) -> AsyncIterator[bytes]:
        """Yield the leaves of the commits up to `position`.

        Raises:
            CorruptLog: there is a gap behind `reached`.
        """
        while self.reached < position:
            if not self._page:
                await self._fill()
            if not self._page or self._page[0][0].position > position:
                return
            commit, leaf = self._page.popleft()
            self.reached = commit.position
            self.count += 1
            self.pruned += commit.is_pruned
            yield leaf

    async def _fill(self) -> None:
        try:
            await self._read(COMMITS_PAGE)
        except (CorruptLog, TypeError):
            # Up to where it is, one by one.
            try:
                await self._read(1)
            except TypeError as error:
                raise CorruptLog(
                    f"The commit behind position {self.reached} is not as it was written: {error}."
                ) from error

    async def _read(self, limit: int) -> None:
        """Raises TypeError where a row holds what no commit does."""
        commits = await self._events.read(after=self.reached, limit=limit)
        leaves = await asyncio.to_thread(leaves_of, commits)
        self._page.extend(zip(commits, leaves, strict=True))
