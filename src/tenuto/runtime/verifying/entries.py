"""Verifies entries, checkpoints, and the events that checkpoints cover, in one walk."""

from collections.abc import AsyncIterator
from typing import Final

from msgspec import structs

from tenuto.core.audit.checkpoints import (
    KIND,
    TARGET,
    TENANT,
    Checkpoint,
    Key,
    read_checkpoint,
)
from tenuto.core.audit.faults import Chain
from tenuto.core.audit.merkle import Tree
from tenuto.core.errors import CorruptLog
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import Entry, EntryQuery, Ledger
from tenuto.runtime.auditing import ENTRIES_PAGE
from tenuto.runtime.verifying.findings import Findings
from tenuto.runtime.verifying.reading import Commits, Upcoming

FIRST: Final = -(2**63)
"""Before all numbers that a row can have."""
COMMITS_TOLD: Final = 1_000
"""Commits between two words of how far it is."""


class EntriesCheck:
    """Walks once through the entries that there are when it begins."""

    def __init__(
        self, ledger: Ledger, events: EventStore, keys: tuple[Key, ...], findings: Findings
    ) -> None:
        self._ledger, self._findings = ledger, findings
        self._keys = {key.id: key for key in keys}
        self._upcoming = Upcoming(ledger)
        self.commits = Commits(events)
        self.chain = Chain()
        self.covered = Checkpoint()
        """The last checkpoint so far."""
        self._checkpoint_number = 0
        """Its entry."""
        self.checkpoints = self.marks = self.open_commits = self._unchecked = 0
        self._marked_last = False

    @property
    def open_entries(self) -> int:
        """How many came since the last checkpoint; its own entry is not what one waits for."""
        return max(0, self.chain.number - self.covered.entries - bool(self.checkpoints))

    async def check(self) -> None:
        """Look at all entries, and at all events."""
        try:
            end, _ = await self._ledger.digest()
            self._upcoming.end = end
            async for entry in self._entries(end):
                await self._take(entry)
        except CorruptLog as error:
            self._findings.wrong("entries", 0, str(error))
        await self._check_rest_of_events()
        self._judge_marks()

    async def _entries(self, end: int) -> AsyncIterator[Entry]:
        """Yield the entries up to `end`; one that cannot be read is a fault, and passed over."""
        query = EntryQuery(after=FIRST, before=end + 1, limit=ENTRIES_PAGE)
        after = FIRST
        while not self._findings.are_enough:
            query = structs.replace(query, after=after)
            try:
                page = await self._ledger.entries(query)
            except CorruptLog:
                try:
                    page = await self._ledger.entries(structs.replace(query, limit=1))
                except CorruptLog as error:
                    after = max(after, 0) + 1
                    self._findings.wrong("entries", after, str(error))
                    self.chain.skip(after)
                    continue
            if not page:
                return
            for entry in page:
                yield entry
            after = page[-1].number
            self._findings.looked("entries", after, end)

    async def _take(self, entry: Entry) -> None:
        await self._upcoming.reach(self.chain)
        self._findings.add(self.chain.take(entry))
        if (entry.tenant, entry.kind, entry.target) == (TENANT, KIND, TARGET) and entry.version:
            await self._take_checkpoint(entry)
        self._upcoming.add(entry)

    async def _take_checkpoint(self, entry: Entry) -> None:
        found, before = read_checkpoint(entry.after), self.covered
        if found is None:
            self._findings.wrong(
                "checkpoints", entry.number, f"Entry {entry.number} is no checkpoint."
            )
            return
        self.checkpoints += 1
        self._checkpoint_number, self.covered = entry.number, found
        self._check_mark(entry, found)
        told = f"The checkpoint of entry {entry.number}"
        follows = (found.entries_after, found.events_after) == (before.entries, before.events)
        if not follows:
            self._findings.wrong(
                "checkpoints", entry.number, f"{told} does not begin where the one before it ends."
            )
        elif self._upcoming.take(entry.number) != (found.entries_digest, found.entries_root):
            first = found.entries_after + 1
            self._findings.wrong(
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
            self.marks += 1
            self._marked_last = True
        elif key is not None:
            message = f"{told} bears a mark that its key {found.key} did not make."
            self._findings.wrong("checkpoints", entry.number, message)
        elif self._keys:
            message = f"{told} bears the mark of key {found.key}, which was not given."
            self._findings.wrong("checkpoints", entry.number, message)
        else:
            self._unchecked += 1

    async def _check_events(self, found: Checkpoint, told: str) -> None:
        tree, first = Tree(), found.events_after + 1
        self.commits.go_to(found.events_after)
        try:
            async for leaf in self.commits.until(found.events):
                tree.add(leaf)
                if not self.commits.count % COMMITS_TOLD:
                    self._findings.looked("events", self.commits.count)
        except CorruptLog as error:
            self._findings.wrong("events", self.commits.reached + 1, str(error))
            return
        if self.commits.reached < found.events:
            self._findings.wrong(
                "events",
                self.commits.reached + 1,
                f"{told} covers the log up to position {found.events}, and it ends at "
                f"{self.commits.reached}: its end was cut off.",
            )
        elif (tree.root(), tree.count) != (found.events_root, found.commits):
            self._findings.wrong(
                "events",
                first,
                f"{told} does not agree with the events at positions {first}–{found.events}: "
                f"something in them was changed (it covers {found.commits} commits, and there are "
                f"{tree.count}).",
            )

    async def _check_rest_of_events(self) -> None:
        """Read what no checkpoint covers: gaps are found there too."""
        self.commits.go_to(self.covered.events)
        before = self.commits.count
        try:
            async for _ in self.commits.until(2**63 - 1):
                if not self.commits.count % COMMITS_TOLD:
                    self._findings.looked("events", self.commits.count)
        except CorruptLog as error:
            self._findings.wrong("events", self.commits.reached + 1, str(error))
        self.open_commits = self.commits.count - before

    def _judge_marks(self) -> None:
        if self._unchecked:
            self._findings.notes.append(
                f"{self._unchecked} checkpoints bear marks of a key; without it they were not "
                "checked, and a chain that was made anew is only found by its anchors."
            )
        if self._keys and not self._marked_last and (self.chain.number or self.commits.count):
            number = self._checkpoint_number
            told = f"the last one, entry {number}, bears none" if number else "there is none"
            self._findings.wrong(
                "checkpoints",
                number,
                f"A key was given, and the last checkpoint must bear its mark; {told}. If the key "
                "is new, take a checkpoint with it first.",
            )
