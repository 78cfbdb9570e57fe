"""Deleting sessions that ended long ago, with all that is kept of them but their places in the log.

A place stays so that positions have no gap: whoever follows the log passes over it, and an audit
still knows the digest of what stood there. Sessions go in two steps. The first takes them out of
all lists, and is so short that commits need not wait; the second deletes what they hold, in pieces,
and may be interrupted at any moment: the next one goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from tenuto.core.vocabulary import SessionId

FOUND_MAX: Final = 10_000


class PruneQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions are meant."""

    ended_before_ms: int
    """They ended before this moment, in ms since 1970."""
    tenant: str | None = None
    """None: those of all."""
    but: tuple[str, ...] = ()
    """Of these tenants none."""


class Prunable(msgspec.Struct, frozen=True, kw_only=True):
    """A session that may go."""

    number: int
    """Its number in the store."""
    session: SessionId
    tenant: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What may go as of a moment."""

    sessions: tuple[Prunable, ...]
    """In the order of their starts."""
    last: int
    """The number of the newest session that there was."""


class Pruning(Protocol):
    """A store that can be pruned. Every method may raise `StoreUnavailable`."""

    async def find(self, query: PruneQuery, *, limit: int = FOUND_MAX) -> Found:
        """Return sessions that are meant and may go, at most `limit`.

        One may go when it has ended and is neither the newest of the store, nor the origin of a
        fork, nor has a parent that is still there. So what stands on another session goes first,
        and a second look finds the other."""
        ...

    async def remove(self, found: Found, sessions: Sequence[Prunable]) -> tuple[Prunable, ...]:
        """Return which of these sessions were taken out of all lists; one that may not go any more
        is none of them. Few at a time: who starts a session waits."""
        ...

    async def sweep(self) -> int:
        """Return how many commits of removed sessions were emptied in this step; 0: nothing is left
        of any session that was removed."""
        ...

    async def drop_artifacts(self, *, left_before_ms: int) -> int:
        """Return how many artifacts were judged; 0: none is left to judge.

        Judged are those that an emptied commit referred to, emptied before the moment: one that no
        commit refers to any more is deleted. It reads all commits that refer to artifacts. An
        artifact that is stored again meanwhile stays; its commit must come within the time between
        the moment and now."""
        ...
