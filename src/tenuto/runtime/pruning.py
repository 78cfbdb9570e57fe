"""Has a store pruned, and has the ledger say so: see `ports.pruning`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Ledger, Source
from tenuto.ports.pruning import Prunable, PruneQuery, Pruning

ACTION: Final = "session.prune"
KIND: Final = "session"
ALL: Final = "*"
"""As the target of an entry: it is about many."""
REMOVED_AT_ONCE: Final = 20
"""Sessions of one transaction, in which nobody starts one. Measured: 10 ms."""
ARTIFACTS_KEPT_MS: Final = 3_600_000
"""How long an artifact stays at least after the last event that referred to it: the commit of one
that is stored again must come within this time. So it is the next run that deletes it."""
PAUSE_S: Final = 0.01
"""What others do meanwhile goes first."""


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted, or with `dry_run` would be."""

    sessions: Mapping[str, int]
    """How many of each tenant."""
    commits: int = 0
    """How many commits were emptied, those of earlier runs that were interrupted too."""


class Pruner:
    """Prunes one store."""

    def __init__(self, store: Pruning, ledger: Ledger, clock: Clock) -> None:
        self._store, self._ledger, self._clock = store, ledger, clock
        self.artifacts_kept_ms = ARTIFACTS_KEPT_MS
        self.removed: Callable[[], None] = lambda: None
        """Told when sessions were deleted; set by who composes."""

    async def look(self, query: PruneQuery) -> Pruned:
        """Return what would be deleted at once. What another session stands on is not counted: it
        goes with the next look, when that one is gone."""
        found = await self._store.find(query, limit=1 << 62)
        return Pruned(sessions=_counted(found.sessions))

    async def prune(self, query: PruneQuery, *, actor: str = "system") -> Pruned:
        """Return what was deleted. Before the first of a tenant's sessions goes, the ledger says
        how many are to go, and on whose word. May be cancelled, and called again, at any time.

        Raises:
            StoreUnavailable: some may be deleted, and the next call goes on.
        """
        removed: Counter[str] = Counter()
        # What an earlier run left, first.
        commits = await self._sweep()
        while (found := await self._store.find(query)).sessions:
            await self._enter(query, _counted(found.sessions), actor)
            before = sum(removed.values())
            for first in range(0, len(found.sessions), REMOVED_AT_ONCE):
                some = found.sessions[first : first + REMOVED_AT_ONCE]
                removed.update(_counted(await self._store.remove(found, some)))
                self.removed()
                commits += await self._sweep()
                await asyncio.sleep(PAUSE_S)
            if sum(removed.values()) == before:
                # Others came to stand on all of them; the next run looks again.
                break
        before_ms = self._clock.now_ms() - self.artifacts_kept_ms
        while await self._store.drop_artifacts(left_before_ms=before_ms):
            pass
        return Pruned(sessions=dict(removed), commits=commits)

    async def _sweep(self) -> int:
        swept = 0
        while some := await self._store.sweep():
            swept += some
            await asyncio.sleep(PAUSE_S)
        return swept

    async def _enter(self, query: PruneQuery, counts: Mapping[str, int], actor: str) -> None:
        await self._ledger.append(
            [
                Change(
                    at_ms=self._clock.now_ms(),
                    tenant=tenant,
                    actor=actor,
                    action=ACTION,
                    kind=KIND,
                    target=ALL,
                    source=Source(),
                    detail={"sessions": count, "ended_before_ms": query.ended_before_ms},
                )
                for tenant, count in sorted(counts.items())
            ]
        )


def _counted(sessions: tuple[Prunable, ...]) -> dict[str, int]:
    return dict(Counter(one.tenant for one in sessions))
