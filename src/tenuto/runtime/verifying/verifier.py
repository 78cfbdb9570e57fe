"""Verifies that the ledger, its records and the log of events are as they were written.

Everything is read once, in pages, so memory is bounded whatever their size. Sessions may go on
meanwhile: what comes later is left to the next audit.
"""

import msgspec

from tenuto.codec.events import EventDecoder
from tenuto.core.audit.checkpoints import (
    Anchor,
    Key,
)
from tenuto.core.audit.faults import Fault
from tenuto.core.errors import CorruptLog
from tenuto.ports.anchors import Anchors
from tenuto.ports.event_store import EventStore
from tenuto.ports.ledger import EntryQuery, Ledger
from tenuto.runtime.verifying.entries import EntriesCheck
from tenuto.runtime.verifying.findings import Findings, Told
from tenuto.runtime.verifying.records import RecordsCheck
from tenuto.runtime.verifying.sessions import SessionsCheck


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

    def __init__(self, sources: Sources, told: Told | None = None) -> None:
        """`told` is called every thousand entries or so with how far it is."""
        self._sources, self._ledger = sources, sources.ledger
        self._findings = Findings(told)
        self._anchors = 0

    async def verify(self) -> Verified:
        """Return what was found.

        Raises:
            StoreUnavailable, AnchorsUnavailable: something could not be read.
        """
        sources, findings = self._sources, self._findings
        entries = EntriesCheck(sources.ledger, sources.events, sources.keys, findings)
        await entries.check()
        records = RecordsCheck(sources.ledger, findings)
        for fault in await records.check(entries.chain.number, entries.chain.living):
            findings.add(fault)
        if records.is_unsettled:
            findings.notes.append(
                "Records came and went too fast to be counted: that none is missing was not seen."
            )
        if entries.commits.pruned:
            findings.notes.append(
                f"{entries.commits.pruned} commits were deleted with their sessions: of these "
                "there are the digests that checkpoints covered, and nothing to look at."
            )
        sessions = await self._check_sessions()
        try:
            await self._check_anchors()
        except CorruptLog as error:
            findings.wrong("anchors", 0, str(error))
        if entries.checkpoints and not self._anchors:
            findings.notes.append(
                "No checkpoint is noted outside of the database, so an end that was cut off would "
                "not be found."
            )
        return Verified(
            entries=entries.chain.number,
            records=records.count,
            commits=entries.commits.count,
            sessions=sessions,
            checkpoints=entries.checkpoints,
            marks=entries.marks,
            anchors=self._anchors,
            digest=entries.chain.digest,
            open_entries=entries.open_entries,
            open_commits=entries.open_commits,
            faults=tuple(findings.faults),
            notes=tuple(findings.notes),
        )

    async def _check_sessions(self) -> int:
        if self._sources.decoder is None:
            self._findings.notes.append(
                "Sessions were not folded: their heads and snapshots may be wrong."
            )
            return 0
        sessions = SessionsCheck(self._sources.events, self._sources.decoder, self._findings)
        try:
            async for fault in sessions.check():
                self._findings.add(fault)
        except CorruptLog as error:
            self._findings.wrong("sessions", 0, str(error))
        return sessions.count

    async def _check_anchors(self) -> None:
        unreadable = 0
        if self._sources.anchors is not None:
            async for anchor in self._sources.anchors.read():
                if anchor is None:
                    unreadable += 1
                    continue
                self._anchors += 1
                await self._check_anchor(anchor)
        if unreadable:
            self._findings.notes.append(f"{unreadable} lines of the anchor file cannot be read.")

    async def _check_anchor(self, anchor: Anchor) -> None:
        try:
            found = await self._ledger.entries(EntryQuery(after=anchor.number - 1, limit=1))
        except CorruptLog:
            return  # Said before.
        if not found:
            number, _ = await self._ledger.digest()
            self._findings.wrong(
                "anchors",
                number + 1,
                f"The ledger ends at entry {number}, and a checkpoint was entry {anchor.number}: "
                "its end was cut off, or an older copy was put in its place.",
            )
        elif (found[0].number, found[0].digest) != (anchor.number, anchor.digest):
            self._findings.wrong(
                "anchors",
                anchor.number,
                f"Entry {anchor.number} is not the one that was noted outside: it, or one before "
                "it, was changed and the chain made anew.",
            )
