"""Deliveries in memory."""

from collections.abc import Sequence

from tenuto.ports.deliveries import Delivery, DeliveryQuery


class MemoryDeliveries:
    """`Deliveries` that end with the process."""

    def __init__(self) -> None:
        self._position: int | None = None
        self._kept: dict[str, Delivery] = {}

    async def position(self) -> int | None:
        """See `Deliveries.position`."""
        return self._position

    async def add(
        self, deliveries: Sequence[Delivery], position: int, *, begins: bool = False
    ) -> None:
        """See `Deliveries.add`."""
        for delivery in deliveries:
            self._kept.setdefault(delivery.id, delivery)
        if self._position is None or not begins:
            self._position = max(position, self._position or 0)

    async def due(self, now_ms: int, limit: int) -> tuple[Delivery, ...]:
        """See `Deliveries.due`."""
        found = [d for d in self._kept.values() if d.state == "pending" and d.due_ms <= now_ms]
        return tuple(sorted(found, key=lambda delivery: delivery.due_ms)[:limit])

    async def update(self, delivery: Delivery) -> None:
        """See `Deliveries.update`."""
        if delivery.id in self._kept:
            self._kept[delivery.id] = delivery

    async def list(self, query: DeliveryQuery) -> tuple[Delivery, ...]:
        """See `Deliveries.list`."""
        found = [
            delivery
            for delivery in reversed(self._kept.values())
            if (delivery.tenant, delivery.webhook) == (query.tenant, query.webhook)
        ]
        if query.before is not None:
            ids = [delivery.id for delivery in found]
            found = found[ids.index(query.before) + 1 :] if query.before in ids else []
        matching = [d for d in found if query.state in (None, d.state)]
        return tuple(matching[: query.limit])

    async def find(self, tenant: str, id: str) -> Delivery | None:
        """See `Deliveries.find`."""
        found = self._kept.get(id)
        return found if found is not None and found.tenant == tenant else None
