"""Memory: what agents remember from session to session, found by words and by meaning.

PortError, Transient
+-- MemoryUnavailable   it cannot be read or written now
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from tenuto.core.errors import PortError, Transient
from tenuto.core.memory.items import MemoryItem, MemoryKind, Recalled, Scope

PAGE_MAX: Final = 500
"""A listing returns no more items than this."""
RECALL_MAX: Final = 50
"""A search returns no more items than this."""


class MemoryUnavailable(PortError, Transient):
    """Nothing can be remembered or recalled now: disk full, locked for too long, no permission."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it is handed over, with the vector of its text."""

    item: MemoryItem
    vector: tuple[float, ...] = ()
    """Of unit length; empty: it is found by its words only."""
    embedder: str = ""
    """Which embedder made the vector; those of others are not compared with it."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recalled. An item is looked at when its scope is one of `scopes`."""

    scopes: tuple[Scope, ...]
    text: str
    vector: tuple[float, ...] = ()
    embedder: str = ""
    kinds: tuple[MemoryKind, ...] = ()
    """Empty: all."""
    now_ms: int
    limit: int = 10


class MemoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items are meant. What is None is not asked about."""

    tenant: str
    agent: str | None = None
    user: str | None = None
    kind: MemoryKind | None = None
    key: str | None = None
    ids: tuple[str, ...] | None = None
    current_at_ms: int | None = None
    """Only items that are current at this moment."""
    expired_at_ms: int | None = None
    """Only items that have expired at this moment."""
    after: str = ""
    """Go on behind this id, as the last one of an earlier page."""
    limit: int = 100


class MemoryStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a memory holds, of the items that were asked about."""

    items: int = 0
    """Current and superseded."""
    superseded: int = 0
    characters: int = 0
    """Of all texts."""
    accesses: int = 0
    by_kind: dict[str, int] = {}
    oldest_ms: int = 0
    newest_ms: int = 0
    """Moments at which the first and the last of them were made; 0 when there is none."""


def statistics_of(items: Sequence[MemoryItem]) -> MemoryStatistics:
    """Return what these are, counted."""
    return MemoryStatistics(
        items=len(items),
        superseded=sum(bool(item.superseded_by) for item in items),
        characters=sum(len(item.text) for item in items),
        accesses=sum(item.accesses for item in items),
        by_kind=dict(sorted(Counter(item.kind for item in items).items())),
        oldest_ms=min((item.created_ms for item in items), default=0),
        newest_ms=max((item.created_ms for item in items), default=0),
    )


class Memory(Protocol):
    """Keeps the items of one store."""

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep the items, all or none.

        An id that its tenant has is replaced, but for its counts of access; what was superseded
        stays so, and a vector stays with its text when none is handed over. An item with a key
        supersedes the current one of its scope, kind and key, or is superseded by it when it is
        the older of the two; of two of one moment the one kept later stands. Keeping again what
        was kept makes no difference.

        Raises:
            Rejected: an item is beyond a limit of `items`; nothing was kept.
            MemoryUnavailable: nothing was kept.
        """
        ...

    async def recall(self, question: Question) -> tuple[Recalled, ...]:
        """Return the current items that fit best, best first; among equals the newest.

        Those that share a word with the question, or are near it in meaning. Nothing that lies in
        other scopes has any bearing on them, their order or their scores (P7).

        Raises:
            MemoryUnavailable: it may work later.
        """
        ...

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """Return the items that the query means, newest first, up to `limit` and `PAGE_MAX`.

        Raises:
            NotFound: the item to go on behind is not there any more.
            MemoryUnavailable: it may work later.
        """
        ...

    async def touch(self, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
        """Count one more access of each; those that are not there are passed over.

        Raises:
            MemoryUnavailable: nothing was counted.
        """
        ...

    async def forget(self, query: MemoryQuery) -> int:
        """Delete all that the query means, whatever its page; return how many there were.

        They can be recovered from nowhere: text, vector and words are gone from the store. What
        the log of a session holds stays there.

        Raises:
            MemoryUnavailable: nothing was deleted.
        """
        ...

    async def statistics(self, query: MemoryQuery) -> MemoryStatistics:
        """Return what the memory holds of what the query means.

        Raises:
            MemoryUnavailable: it may work later.
        """
        ...
