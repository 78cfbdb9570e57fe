"""Verifies that the ledger, its records and the log of events are as they were written.

Everything is read once, in pages, so memory is bounded whatever their size. Sessions may go on
meanwhile: what comes later is left to the next audit.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from tenuto.core.audit.chain import START
from tenuto.core.audit.checkpoints import (
    ACTION,
    KIND,
    TARGET,
    TENANT,
    Anchor,
    Checkpoint,
    Key,
    entry_leaf,
    read_checkpoint,
)
from tenuto.core.audit.faults import FAULTS_MAX, Chain, Fault, Part
from tenuto.core.audit.merkle import Tree
from tenuto.core.errors import CorruptLog
from tenuto.ports.anchors import Anchors
from tenuto.ports.event_store import EventStore, StoredCommit
from tenuto.ports.ledger import Entry, EntryQuery, Ledger
from tenuto.runtime.auditing import COMMITS_PAGE, ENTRIES_PAGE, leaves_of
from tenuto.runtime.verifying_records import RecordsCheck

CHECKPOINTS_PAGE: Final = 100
FIRST: Final = -(2**63)
"""Before all numbers that a row can have."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit looked at, and what it found."""

    entries: int
    records: int
    commits: int
    checkpoints: int
    marks: int
    """Checkpoints whose marks were checked."""
    anchors: int
    digest: str
    """Of the last entry."""
    open_entries: int
    """Entries since the last checkpoint: they are chained, and nothing outside knows of them."""
    open_commits: int
    """Commits of events since the last checkpoint: an edit of them would not be found."""
    faults: tuple[Fault, ...]
    """In the order in which they were found; the first of each part is the one to look at."""
    notes: tuple[str, ...]
    """What could not be checked."""


class Verifier:
    """One audit. Use it once."""

    def __init__(
        self,
        ledger: Ledger,
        events: EventStore,
        *,
        anchors: Anchors | None = None,
        keys: Sequence[Key] = (),
    ) -> None:
        self._ledger, self._anchors = ledger, anchors
        self._keys: Mapping[str, Key] = {key.id: key for key in keys}
        self._commits = _Commits(events)
        self._upcoming = _Upcoming(ledger)
        self._chain = Chain()
        self._covered = Checkpoint()
        """The last checkpoint so far."""
        self._checkpoints = self._marks = self._unchecked = self._anchors_count = 0
        self._marked_last = False
        self._checkpoint_number = 0
        self._faults: list[Fault] = []
        self._notes: list[str] = []

    async def verify(self) -> Verified:
        """Return what was found.

        Raises:
            StoreUnavailable, AnchorsUnavailable: something could not be read.
        """
        end, _ = await self._ledger.digest()
        self._upcoming.end = end
        async for entry in self._entries(end):
            await self._take(entry)
        open_commits = await self._rest_of_events()
        self._judge_marks()
        records = RecordsCheck(self._ledger)
        for fault in await records.check(self._chain.number, self._chain.living):
            self._add(fault)
        if self._anchors is not None:
            await self._check_anchors(self._anchors)
        # The last checkpoint's own entry is not what one waits for.
        open_entries = self._chain.number - self._covered.entries - bool(self._checkpoints)
        return Verified(
            entries=self._chain.number,
            records=records.count,
            commits=self._commits.count,
            checkpoints=self._checkpoints,
            marks=self._marks,
            anchors=self._anchors_count,
            digest=self._chain.digest,
            open_entries=max(0, open_entries),
            open_commits=open_commits,
            faults=tuple(self._faults),
            notes=tuple(self._notes),
        )

    async def _entries(self, end: int) -> AsyncIterator[Entry]:
        """Yield the entries up to `end`; one that cannot be read is a fault, and passed over."""
        query = EntryQuery(after=FIRST, before=end + 1, limit=ENTRIES_PAGE)
        after = FIRST
        while len(self._faults) < FAULTS_MAX:
            query = msgspec.structs.replace(query, after=after)
            try:
                page = await self._ledger.entries(query)
            except CorruptLog:
                try:
                    page = await self._ledger.entries(msgspec.structs.replace(query, limit=1))
                except CorruptLog as error:
                    after = max(after, 0) + 1
                    self._fault("entries", after, str(error))
                    self._chain.skip(after)
                    continue
            if not page:
                return
            for entry in page:
                yield entry
            after = page[-1].number

    async def _take(self, entry: Entry) -> None:
        await self._upcoming.reach(self._chain)
        fault = self._chain.take(entry)
        if fault is not None:
            self._add(fault)
        if (entry.tenant, entry.kind, entry.target) == (TENANT, KIND, TARGET) and entry.version:
            await self._take_checkpoint(entry)
        self._upcoming.add(entry)

    async def _take_checkpoint(self, entry: Entry) -> None:
        found, before = read_checkpoint(entry.after), self._covered
        if found is None:
            self._fault("checkpoints", entry.number, f"Entry {entry.number} is no checkpoint.")
            return
        self._checkpoints += 1
        self._checkpoint_number, self._covered = entry.number, found
        self._check_mark(entry, found)
        told = f"The checkpoint of entry {entry.number}"
        follows = (found.entries_after, found.events_after) == (before.entries, before.events)
        if not follows:
            self._fault(
                "checkpoints", entry.number, f"{told} does not begin where the one before it ends."
            )
        elif self._upcoming.take(entry.number) != (found.entries_digest, found.entries_root):
            first = found.entries_after + 1
            self._fault(
                "checkpoints",
                first,
                f"{told} does not agree with entries {first}–{found.entries}: one of them was "
                "changed, removed or put in, and the chain made anew.",
            )
        await self._check_events(found, told)

    def _check_mark(self, entry: Entry, found: Checkpoint) -> None:
        self._marked_last = False
        told = f"The checkpoint of entry {entry.number}"
        if not found.mark:
            return
        key = self._keys.get(found.key)
        if key is not None and key.made(found):
            self._marks += 1
            self._marked_last = True
        elif key is not None:
            message = f"{told} bears a mark that its key {found.key} did not make."
            self._fault("checkpoints", entry.number, message)
        elif self._keys:
            message = f"{told} bears the mark of key {found.key}, which was not given."
            self._fault("checkpoints", entry.number, message)
        else:
            self._unchecked += 1

    async def _check_events(self, found: Checkpoint, told: str) -> None:
        tree, first = Tree(), found.events_after + 1
        self._commits.go_to(found.events_after)
        try:
            async for leaf in self._commits.until(found.events):
                tree.add(leaf)
        except CorruptLog as error:
            self._fault("events", self._commits.reached + 1, str(error))
            return
        if self._commits.reached < found.events:
            self._fault(
                "events",
                self._commits.reached + 1,
                f"{told} covers the log up to position {found.events}, and it ends at "
                f"{self._commits.reached}: its end was cut off.",
            )
        elif (tree.root(), tree.count) != (found.events_root, found.commits):
            self._fault(
                "events",
                first,
                f"{told} does not agree with the events at positions {first}–{found.events}: "
                f"something in them was changed (it covers {found.commits} commits, and there are "
                f"{tree.count}).",
            )

    async def _rest_of_events(self) -> int:
        """Read what no checkpoint covers: gaps are found there too. Return how many commits."""
        self._commits.go_to(self._covered.events)
        before = self._commits.count
        try:
            async for _ in self._commits.until(2**63 - 1):
                pass
        except CorruptLog as error:
            self._fault("events", self._commits.reached + 1, str(error))
        return self._commits.count - before

    def _judge_marks(self) -> None:
        if self._unchecked:
            self._notes.append(
                f"{self._unchecked} checkpoints bear marks of a key; without it they were not "
                "checked, and a chain that was made anew is only found by its anchors."
            )
        if self._keys and not self._marked_last and (self._chain.number or self._commits.count):
            number = self._checkpoint_number
            told = f"the last one, entry {number}, bears none" if number else "there is none"
            self._fault(
                "checkpoints",
                number,
                f"A key was given, and the last checkpoint must bear its mark; {told}. If the key "
                "is new, take a checkpoint with it first.",
            )

    async def _check_anchors(self, anchors: Anchors) -> None:
        unreadable = 0
        async for anchor in anchors.read():
            if anchor is None:
                unreadable += 1
                continue
            self._anchors_count += 1
            await self._check_anchor(anchor)
        if self._checkpoints and not self._anchors_count:
            self._notes.append(
                "No checkpoint is noted outside of the database, so an end that was cut off would "
                "not be found."
            )
        if unreadable:
            self._notes.append(f"{unreadable} lines of the anchor file cannot be read.")

    async def _check_anchor(self, anchor: Anchor) -> None:
        try:
            found = await self._ledger.entries(EntryQuery(after=anchor.number - 1, limit=1))
        except CorruptLog:
            return  # Said before.
        if not found:
            number, _ = await self._ledger.digest()
            self._fault(
                "anchors",
                number + 1,
                f"The ledger ends at entry {number}, and a checkpoint was entry {anchor.number}: "
                "its end was cut off, or an older copy was put in its place.",
            )
        elif (found[0].number, found[0].digest) != (anchor.number, anchor.digest):
            self._fault(
                "anchors",
                anchor.number,
                f"Entry {anchor.number} is not the one that was noted outside: it, or one before "
                "it, was changed and the chain made anew.",
            )

    def _fault(self, part: Part, number: int, message: str) -> None:
        self._add(Fault(part=part, number=number, message=message))

    def _add(self, fault: Fault) -> None:
        if len(self._faults) < FAULTS_MAX:
            self._faults.append(fault)


class _Upcoming:
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


class _Commits:
    """The commits of all sessions, in order."""

    def __init__(self, events: EventStore) -> None:
        self._events = events
        self._page: deque[tuple[StoredCommit, bytes]] = deque()
        self.reached = 0
        self.count = 0

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
