"""The audit trail: who did what, and whether anything was changed since."""

from collections.abc import AsyncIterator
from typing import Final

from msgspec import structs

from tenuto.codec.events import EventDecoder
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.ledger import Entry, EntryQuery, Ledger
from tenuto.runtime.auditing import Checkpointer
from tenuto.runtime.proving import Proof, prove
from tenuto.runtime.verifying.findings import Told
from tenuto.runtime.verifying.verifier import Sources, Verified, Verifier

PAGE: Final = 1_000


class AuditTrail:
    """The ledger of a database, for who audits it. Made by `Runtime.audit` or `tenuto.open_audit`.

    Example:
        async with tenuto.open_audit("sqlite:///tenuto.db") as trail:
            found = await trail.verify()
            assert not found.faults, found.faults[0].message
    """

    def __init__(self, checkpointer: Checkpointer, artifacts: Artifacts) -> None:
        self._checkpointer, self._artifacts = checkpointer, artifacts

    @property
    def ledger(self) -> Ledger:
        """The ledger itself."""
        return self._checkpointer.ledger

    async def entries(self, query: EntryQuery | None = None) -> AsyncIterator[Entry]:
        """Return all entries that match, page by page: newest first, or in order from
        `query.after` on. `query.limit` does not count here.

        Raises:
            StoreUnavailable, CorruptLog: they cannot be read.
        """
        asked = structs.replace(query or EntryQuery(), limit=PAGE)
        while page := await self.ledger.entries(asked):
            for entry in page:
                yield entry
            end = page[-1].number
            if asked.after is not None:
                asked = structs.replace(asked, after=end)
            else:
                asked = structs.replace(asked, before=end)

    async def verify(self, *, sessions: bool = True, told: Told | None = None) -> Verified:
        """Return what was looked at, and each fault that was found.

        Args:
            sessions: whether each session is folded anew from its events, which takes longest.
            told: is called on the way with a part (`"entries"`), how many of it were looked at, and
                how many there are, 0 where nobody knows.

        Raises:
            StoreUnavailable, AnchorsUnavailable: something could not be read.
        """
        maker = self._checkpointer
        sources = Sources(
            ledger=maker.ledger,
            events=maker.events,
            decoder=EventDecoder(self._artifacts.get) if sessions else None,
            anchors=maker.anchors,
            keys=maker.keys,
        )
        return await Verifier(sources, told).verify()

    async def prove(self, number: int) -> Proof:
        """Return what shows to others that an entry is covered by a checkpoint.

        Raises:
            NotFound: there is no such entry.
            Rejected: no checkpoint covers it yet.
        """
        return await prove(self.ledger, number)

    async def checkpoint(self) -> Entry | None:
        """Return the entry of a new checkpoint; None when nothing came since the last one.

        Raises:
            Rejected: the checkpoints before it bear marks, and there is no key.
            StoreUnavailable, CorruptLog: none was taken.
            AnchorsUnavailable: it was taken, and could not be noted outside.
        """
        last = None
        # One covers a bounded number of entries and commits.
        while (entry := await self._checkpointer.take()) is not None:
            last = entry
        return last
