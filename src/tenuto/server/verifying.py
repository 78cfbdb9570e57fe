"""Verifies the audit log once for all who ask meanwhile: it reads the whole database."""

from __future__ import annotations

import asyncio

from tenuto.runtime.verifying.verifier import Verified
from tenuto.sdk.audit import AuditTrail


class Verifying:
    """The verification of one database."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self._running: asyncio.Task[Verified] | None = None

    async def result(self) -> Verified:
        """Return what is found, without folding sessions. Who asks while it runs gets its result,
        and who hangs up ends it for nobody.

        Raises:
            StoreUnavailable, AnchorsUnavailable: something could not be read.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._trail.verify(sessions=False))
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
