"""Records whose private part is sealed: written, opened, and sealed anew for another key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from tenuto.ports.ledger import Change, Entry, Ledger, Outdated, Record, RecordQuery
from tenuto.ports.safe import Safe

KINDS: Final = ("secret", "webhook")
"""Of all records with a sealed private part."""
_PAGE: Final = 500


async def append_sealed(ledger: Ledger, safe: Safe, change: Change, content: bytes) -> Entry:
    """Return the entry, once the record `change.target` holds `content` in its private part.

    The key may be replaced by another process while this is written, and be dropped before it is:
    then it is sealed and written again.

    Raises:
        Outdated: its version is not `change.expected`.
    """
    purpose = purpose_of(change.kind, change.tenant, change.target)
    sealed = safe.seal(purpose, content)
    (entry,) = await ledger.append([msgspec.structs.replace(change, writes=True, private=sealed)])
    written = entry
    while not safe.is_current(sealed):
        sealed = safe.seal(purpose, content)
        again = msgspec.structs.replace(
            change,
            action=f"{change.kind}.reseal",
            writes=True,
            private=sealed,
            expected=written.version,
        )
        try:
            (written,) = await ledger.append([again])
        except Outdated:
            break  # Somebody has written something else, and looks after that.
    return entry


def opened(safe: Safe, record: Record) -> bytes:
    """Return what the record's private part holds.

    Raises:
        CannotOpen: its key is missing.
    """
    return safe.open(purpose_of(record.kind, record.tenant, record.id), record.private)


async def reseal(ledger: Ledger, safe: Safe, now_ms: int) -> int:
    """Return how many private parts were sealed anew: all that the key in use had not sealed.

    Every part is opened first: where one cannot be, nothing is changed. It may be ended at any
    moment and done again.

    Raises:
        CannotOpen: the key of one is missing.
    """
    async for record in _outdated(ledger, safe):
        opened(safe, record)
    count, found = 0, True
    while found:
        found = False
        async for record in _outdated(ledger, safe):
            found = True
            change = Change(
                at_ms=now_ms,
                tenant=record.tenant,
                actor="system",
                action=f"{record.kind}.reseal",
                kind=record.kind,
                target=record.id,
                writes=True,
                expected=record.version,
                name=record.name,
                value=record.value,
                private=safe.seal(
                    purpose_of(record.kind, record.tenant, record.id), opened(safe, record)
                ),
            )
            try:
                await ledger.append([change])
            except Outdated:
                continue  # The next round sees what it is now.
            count += 1
    return count


async def sealed_records(ledger: Ledger) -> AsyncIterator[Record]:
    """Give all records with a sealed private part, of all organisations, by their id."""
    for kind in KINDS:
        beyond = ("", "", "")
        while page := await ledger.records(RecordQuery(kind=kind, beyond=beyond, limit=_PAGE)):
            for record in page:
                if record.private:
                    yield record
            beyond = page[-1].tenant, page[-1].kind, page[-1].id


def purpose_of(kind: str, tenant: str, id: str) -> str:
    """Return what a record's private part is sealed for."""
    return f"{kind}:{tenant}:{id}"


async def _outdated(ledger: Ledger, safe: Safe) -> AsyncIterator[Record]:
    async for record in sealed_records(ledger):
        if not safe.is_current(record.private):
            yield record
