"""A new key of secrets, and everything sealed anew with it.

The order makes it safe to end at any moment: the new key is in the file before anything is sealed
with it, and the keys before it stay there until nothing needs them. Done again, it makes another
new key, and drops all others.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from tenuto.core.accounts.principal import HOME
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Ledger, Source
from tenuto.ports.safe import Safe
from tenuto.server.sealed import opened, reseal, sealed_records


class Keys(Protocol):
    """Where the keys are kept, the one in use first."""

    def names(self) -> list[str]:
        """Return the keys' names, which tell nothing of them."""
        ...

    def add(self) -> str:
        """Return the name of a new key that is durably there, and is used from now on."""
        ...

    def keep_first(self) -> int:
        """Return how many keys were dropped: all but the one in use."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Let no other process change the keys meanwhile."""
        ...


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation did."""

    key: str
    """The name of the key in use."""
    resealed: int
    dropped: int


class Rotation:
    """Rotates the keys with which the records of a ledger are sealed."""

    def __init__(self, ledger: Ledger, safe: Safe, clock: Clock) -> None:
        self._ledger, self._safe, self._clock = ledger, safe, clock

    async def rotate(self, keys: Keys) -> Rotated:
        """Return once everything is sealed with a new key, and the others are dropped.

        Raises:
            CannotOpen: something was sealed with a key that is not there; nothing was changed.
            PortError: another process rotates, or the keys cannot be written.
        """
        with keys.alone():
            async for record in sealed_records(self._ledger):
                opened(self._safe, record)
            before = keys.names()
            key = keys.add()
            await self._enter("secrets.rotate", {"key": key, "before": [*before]})
            count = await reseal(self._ledger, self._safe, self._clock.now_ms())
            dropped = keys.keep_first()
            detail: JsonObject = {"key": key, "resealed": count, "dropped": dropped}
            await self._enter("secrets.rotated", detail)
        return Rotated(key=key, resealed=count, dropped=dropped)

    async def reseal(self) -> int:
        """Return how many secrets were sealed anew, with the key that is in use already.

        Raises:
            CannotOpen: something was sealed with a key that is not there; nothing was changed.
        """
        count = await reseal(self._ledger, self._safe, self._clock.now_ms())
        await self._enter("secrets.reseal", {"resealed": count})
        return count

    async def _enter(self, action: str, detail: JsonObject) -> None:
        change = Change(
            at_ms=self._clock.now_ms(),
            tenant=HOME,
            actor="system",
            action=action,
            source=Source(client="tenuto"),
            detail=detail,
        )
        await self._ledger.append([change])
