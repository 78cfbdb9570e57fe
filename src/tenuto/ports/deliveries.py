"""What webhooks are to be told, and how far the log was read for that."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

DeliveryState: TypeAlias = Literal["pending", "delivered", "dead"]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message for one webhook."""

    id: str
    """Stable: the same event for the same webhook has the same one, whoever makes it."""
    tenant: str
    webhook: str
    type: str
    body: bytes
    created_ms: int
    due_ms: int
    """When it is tried next, while it is pending; milliseconds since 1970."""
    state: DeliveryState = "pending"
    attempts: int = 0
    updated_ms: int = 0
    status: int = 0
    """Of the last answer; 0: there was none."""
    answer: str = ""
    """The begin of the last answer, or why there was none."""


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to list, newest first."""

    tenant: str
    webhook: str
    state: DeliveryState | None = None
    before: str | None = None
    """Page: only those listed after the one with this id."""
    limit: int = 50


class Deliveries(Protocol):
    """Keeps deliveries. Every method may raise `StoreUnavailable`."""

    async def position(self) -> int | None:
        """Return the position up to which the log was read; None: it was never said."""
        ...

    async def add(
        self, deliveries: Sequence[Delivery], position: int, *, begins: bool = False
    ) -> None:
        """Keep deliveries, but for those whose id is there already, and the position: all or
        nothing.

        Of positions the largest is kept: who comes late with an earlier one has made no message
        that is not there. `begins`: it is kept only where none was said."""
        ...

    async def due(self, now_ms: int, limit: int) -> tuple[Delivery, ...]:
        """Return those that are pending and due at `now_ms`, the longest due first."""
        ...

    async def update(self, delivery: Delivery) -> None:
        """Replace the delivery with this id, unless it is gone."""
        ...

    async def list(self, query: DeliveryQuery) -> tuple[Delivery, ...]:
        """Return those that match."""
        ...

    async def find(self, tenant: str, id: str) -> Delivery | None:
        """Return the tenant's delivery with this id, or None."""
        ...
