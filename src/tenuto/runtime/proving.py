"""Proves that an entry is covered by a checkpoint, to who has the checkpoint and nothing else."""

import msgspec

from tenuto.core.audit.chain import body_of, canonical
from tenuto.core.audit.checkpoints import ACTION, TENANT, Checkpoint, entry_leaf, read_checkpoint
from tenuto.core.audit.merkle import proof
from tenuto.core.errors import NotFound, Rejected
from tenuto.ports.ledger import EntryQuery, Ledger
from tenuto.runtime.auditing import ENTRIES_PAGE


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from an entry to the root of a checkpoint. Source: RFC 9162, 2.1.3.

    The entry's digest is the SHA-256 of `before`, as bytes, and `canonical`, as UTF-8; the leaf is
    the SHA-256 of a zero byte and that digest, and its place among `count` leaves is `index`."""

    number: int
    canonical: str
    before: str
    """The digest of the entry before it."""
    digest: str
    index: int
    count: int
    path: tuple[str, ...]
    """Hashes beside the way up, in hex, from below."""
    root: str
    checkpoint: int
    """The number of the checkpoint's entry."""


async def prove(ledger: Ledger, number: int) -> Proof:
    """Return the proof for the entry of that number.

    Raises:
        NotFound: there is no such entry.
        Rejected: no checkpoint covers it yet.
    """
    found = await ledger.entries(EntryQuery(after=number - 1, limit=1))
    if number < 1 or not found or found[0].number != number:
        raise NotFound(what="entry", name=str(number))
    entry = found[0]
    at, checkpoint = await _covering(ledger, number)
    digests: list[str] = []
    after = checkpoint.entries_after
    while page := await ledger.entries(
        EntryQuery(after=after, before=checkpoint.entries + 1, limit=ENTRIES_PAGE)
    ):
        digests += [one.digest for one in page]
        after = page[-1].number
    index = number - checkpoint.entries_after - 1
    before = await ledger.entries(EntryQuery(before=number, limit=1))
    return Proof(
        number=number,
        canonical=canonical(entry, body_of(entry)).decode(),
        before=before[0].digest if before else Checkpoint().entries_digest,
        digest=entry.digest,
        index=index,
        count=len(digests),
        path=tuple(one.hex() for one in proof([entry_leaf(one) for one in digests], index)),
        root=checkpoint.entries_root,
        checkpoint=at,
    )


async def _covering(ledger: Ledger, number: int) -> tuple[int, Checkpoint]:
    after = number - 1
    while page := await ledger.entries(
        EntryQuery(tenant=TENANT, actions=(ACTION,), after=after, limit=10)
    ):
        for entry in page:
            checkpoint = read_checkpoint(entry.after)
            if checkpoint and checkpoint.entries_after < number <= checkpoint.entries:
                return entry.number, checkpoint
        after = page[-1].number
    raise Rejected(f"No checkpoint covers entry {number} yet; take one: tenuto audit checkpoint.")
