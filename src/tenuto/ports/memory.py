"""Memory: what agents remember from session to session, found by words and by meaning.

PortError, Transient
+-- MemoryUnavailable   it cannot be read or written now
TenutoError
+-- MemoryChanged       what was to be changed is not there any more as it was read
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from tenuto.core.errors import PortError, TenutoError, Transient
from tenuto.core.memory.items import MemoryItem, MemoryKind, Recalled, Scope

PAGE_MAX: Final = 500
"""A listing returns no more items than this."""
RECALL_MAX: Final = 50
"""A search returns no more items than this."""


class MemoryUnavailable(PortError, Transient):
    """Nothing can be remembered or recalled now: disk full, locked for too long, no permission."""


class MemoryChanged(TenutoError):
    """Somebody has changed or forgotten an item that a change was based on; nothing was kept."""

    def __init__(self, item: str) -> None:
        self.item = item
        super().__init__(
            f"Memory item {item!r} is not there any more as it was read; read it again and retry."
        )


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
    behind: tuple[int, str] | None = None
    """Go on behind this place: the moment at which an item was made, and its id. It need not be
    there any more."""
    limit: int = 100


def is_left_in(summary: MemoryItem, query: MemoryQuery) -> bool:
    """Return whether ids that the query names may be left in the summary alone: whose it is and of
    which kind is known of them, and that they had no key."""
    asked = (
        (query.agent, summary.scope.agent),
        (query.user, summary.scope.user),
        (query.kind, summary.kind),
        (query.key, ""),
    )
    return (
        query.ids is not None
        and query.current_at_ms is None
        and query.expired_at_ms is None
        and all(wanted is None or wanted == found for wanted, found in asked)
    )


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
    summaries: int = 0
    """Items that sum up others."""
    summed_up: int = 0
    """How many others these sum up, also such as were let go since."""


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
        summaries=sum(bool(item.sums_up) for item in items),
        summed_up=sum(len(item.sums_up) for item in items),
    )


class Memory(Protocol):
    """Keeps the items of one store."""

    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        """Keep the items, all or none.

        An id that its tenant has is replaced, but its accesses never fall; what was superseded
        stays so, and a vector stays with its text when none is handed over. An item with a key
        supersedes the current one of its scope, kind and key, or is superseded by it when it is
        the older of the two; of two of one moment the one kept later stands. Keeping again what
        was kept makes no difference.

        What a summary sums up stays with it, whatever replaces its text. An item that is summed up
        and is kept again saying something else takes its summary apart: the summary goes, and the
        items are current again; see `summaries.is_told_by`.

        Args:
            known: items as they were read. Nothing is kept unless each is still there like that,
                accesses aside, or is already as it is to be kept now.

        Raises:
            MemoryChanged: one of `known` is not; nothing was kept.
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

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        """Delete all that the query means, whatever its page; return how many there were.

        They can be recovered from nowhere: text, vector and words are gone from the store. What
        the log of a session holds stays there.

        Neither does a summary tell of them any more. One that sums up any of them goes too, also
        when of an id that is named only the summary is left, and what else it sums up is current
        again. With a summary that is meant goes all that it sums up. What only went along is not
        counted.

        Args:
            exactly: delete these and no others, as to make room: summaries go on telling of them.
                What a deleted summary sums up is current again in any case.

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
