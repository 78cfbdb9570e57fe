"""Deletes what is older than the server was told to keep, from time to time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from tenuto.core.errors import PortError, TenutoError
from tenuto.core.retention import Retention
from tenuto.sdk.duties import Duties
from tenuto.sdk.runtime import Runtime

DUTY: Final = "pruning"
EVERY_S: Final = 3_600.0
"""Between two looks; the first one is when the server has been there for a moment."""
FIRST_S: Final = 30.0
ACTOR: Final = "system:retention"

_log: Final = logging.getLogger("tenuto.server")


class Keeper:
    """Prunes a database by a rule. Of several servers the one that has this `DUTY` does, by its own
    rule: give all of them the same."""

    def __init__(self, runtime: Runtime, rule: Retention, *, first_s: float = FIRST_S) -> None:
        self._runtime, self._rule, self._first_s = runtime, rule, first_s
        self._working: asyncio.Task[None] | None = None

    def start(self, duties: Duties) -> None:
        """Begin, where something is to be deleted ever."""
        if self._rule.is_forever or self._runtime.pruner is None:
            return
        duties.volunteer(DUTY)
        self._working = asyncio.create_task(self._work(duties))

    async def close(self) -> None:
        """End. What was begun goes on with the next server."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    async def prune(self) -> dict[str, int]:
        """Return how many sessions of which organisations were deleted now."""
        gone: dict[str, int] = {}
        for tenant, ms in self._rule.of.items():
            if ms is not None:
                gone.update(await self._prune(ms, tenant=tenant))
        if self._rule.usual is not None:
            gone.update(await self._prune(self._rule.usual, but=tuple(self._rule.of)))
        return gone

    async def _prune(
        self, ms: int, *, tenant: str | None = None, but: tuple[str, ...] = ()
    ) -> dict[str, int]:
        done = await self._runtime.prune(older_than=ms / 1000, tenant=tenant, but=but, actor=ACTOR)
        return dict(done.sessions)

    async def _work(self, duties: Duties) -> None:
        await asyncio.sleep(self._first_s)
        while True:
            try:
                if duties.leads(DUTY):
                    gone = await self.prune()
                    if gone:
                        _log.info("deleted %s sessions that ended long ago", sum(gone.values()))
            except PortError as error:
                _log.warning("old sessions are not deleted now: %s", error)
            except TenutoError as error:
                _log.error("old sessions cannot be deleted: %s", error)
            await asyncio.sleep(EVERY_S)
