"""Verifies that the ledger, its records and the log of events are as they were written.

Everything is read once, in pages, so memory is bounded whatever their size. Sessions may go on
meanwhile: what comes later is left to the next audit.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec

from tenuto.codec.events import EventDecoder
from tenuto.core.audit.checkpoints import (
    KIND,
    TARGET,
    TENANT,
    Anchor,
    Checkpoint,
    Key,
    read_checkpoint,
)
from tenuto.core.audit.faults import FAULTS_MAX, Chain, Fault, Part
from tenuto.core.audit.merkle import Tree
from tenuto.core.errors import CorruptLog
from tenuto.ports.anchors import Anchors
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Entry, EntryQuery, Ledger
from tenuto.runtime.auditing import ENTRIES_PAGE
from tenuto.runtime.verifying_reading import Commits, Upcoming
from tenuto.runtime.verifying_records import RecordsCheck
from tenuto.runtime.verifying_sessions import SessionsCheck

FIRST: Final = -(2**63)
"""Before all numbers that a row can have."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit looked at, and what it found."""

    entries: int
    records: int
    commits: int
    sessions: int
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


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What is audited."""

    ledger: Ledger
    events: EventStore
    decoder: EventDecoder | None = None
    """Without one, sessions are not folded."""
    anchors: Anchors | None = None
    keys: tuple[Key, ...] = ()


class Verifier:
    """One audit. Use it once."""

    def __init__(self, sources: Sources) -> None:
        self._sources, self._ledger = sources, sources.ledger
        self._keys = {key.id: key for key in sources.keys}
        self._commits = Commits(sources.events)
        self._upcoming = Upcoming(sources.ledger)
        self._chain = Chain()
        self._covered = Checkpoint()
        """The last checkpoint so far."""
        self._checkpoint_number = 0
        """Its entry."""
        self._checkpoints = self._marks = self._unchecked = 0
        self._marked_last = False
        self._open_commits = self._records = self._sessions = self._anchors = 0
        self._faults: list[Fault] = []
        self._notes: list[str] = []

    async def verify(self) -> Verified:
        """Return what was found.

        Raises:
            StoreUnavailable, AnchorsUnavailable: something could not be read.
        """
        checks: tuple[tuple[Part, Callable[[], Awaitable[None]]], ...] = (
            ("entries", self._check_entries),
            ("events", self._check_rest_of_events),
            ("records", self._check_records),
            ("sessions", self._check_sessions),
            ("anchors", self._check_anchors),
        )
        for part, check in checks:
            try:
                await check()
            except CorruptLog as error:
                self._fault(part, 0, str(error))
        self._judge_marks()
        # The last checkpoint's own entry is not what one waits for.
        open_entries = self._chain.number - self._covered.entries - bool(self._checkpoints)
        return Verified(
            entries=self._chain.number,
            records=self._records,
            commits=self._commits.count,
            sessions=self._sessions,
            checkpoints=self._checkpoints,
            marks=self._marks,
            anchors=self._anchors,
            digest=self._chain.digest,
            open_entries=max(0, open_entries),
            open_commits=self._open_commits,
            faults=tuple(self._faults),
            notes=tuple(self._notes),
        )

    async def _check_entries(self) -> None:
        end, _ = await self._ledger.digest()
        self._upcoming.end = end
        async for entry in self._entries(end):
            await self._take(entry)

    async def _check_records(self) -> None:
        records = RecordsCheck(self._ledger)
        for fault in await records.check(self._chain.number, self._chain.living):
            self._add(fault)
        self._records = records.count

    async def _check_sessions(self) -> None:
        if self._sources.decoder is None:
            self._notes.append("Sessions were not folded: their heads and snapshots may be wrong.")
            return
        sessions = SessionsCheck(self._sources.events, self._sources.decoder)
        async for fault in sessions.check():
            self._add(fault)
        self._sessions = sessions.count

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

    async def _check_rest_of_events(self) -> None:
        """Read what no checkpoint covers: gaps are found there too."""
        self._commits.go_to(self._covered.events)
        before = self._commits.count
        try:
            async for _ in self._commits.until(2**63 - 1):
                pass
        except CorruptLog as error:
            self._fault("events", self._commits.reached + 1, str(error))
        self._open_commits = self._commits.count - before

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

    async def _check_anchors(self) -> None:
        unreadable = 0
        if self._sources.anchors is not None:
            async for anchor in self._sources.anchors.read():
                if anchor is None:
                    unreadable += 1
                    continue
                self._anchors += 1
                await self._check_anchor(anchor)
        if self._checkpoints and not self._anchors:
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
