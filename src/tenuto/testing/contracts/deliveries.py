"""What everything that keeps deliveries of webhooks must do."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

import msgspec

from tenuto.ports.deliveries import Deliveries, Delivery, DeliveryQuery


def delivery(id: str, *, tenant: str = "org", webhook: str = "w", due_ms: int = 0) -> Delivery:
    """Return a delivery that waits."""
    return Delivery(
        id=id, tenant=tenant, webhook=webhook, type="t", body=b"{}", created_ms=0, due_ms=due_ms
    )


class DeliveriesContract(ABC):
    """Subclass it and build what is tested."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Deliveries]:
        """Give an empty keeper, and close it."""

    def test_the_position_is_the_one_that_was_kept_last(self) -> None:
        async def main() -> None:
            async with self.opened() as kept:
                assert await kept.position() is None
                await kept.add([], 7)
                assert await kept.position() == 7
                await kept.add([delivery("a")], 9)
                assert await kept.position() == 9

        asyncio.run(main())

    def test_of_positions_the_largest_is_kept_and_a_beginning_only_where_there_is_none(
        self,
    ) -> None:
        async def main() -> None:
            async with self.opened() as kept:
                await kept.add([], 7, begins=True)
                await kept.add([], 9, begins=True)
                assert await kept.position() == 7
                await kept.add([], 9)
                await kept.add([delivery("late")], 8)

                assert await kept.position() == 9
                assert [one.id for one in await kept.due(0, 10)] == ["late"]

        asyncio.run(main())

    def test_a_delivery_that_is_there_already_is_not_replaced(self) -> None:
        async def main() -> None:
            async with self.opened() as kept:
                await kept.add([delivery("a")], 1)
                done = msgspec.structs.replace(delivery("a"), state="delivered", attempts=1)
                await kept.update(done)
                await kept.add([delivery("a"), delivery("b")], 2)

                assert await kept.find("org", "a") == done
                assert await kept.due(0, 10) == (delivery("b"),)

        asyncio.run(main())

    def test_what_is_due_comes_in_the_order_of_its_time(self) -> None:
        async def main() -> None:
            async with self.opened() as kept:
                await kept.add([delivery(str(due), due_ms=due) for due in (30, 10, 20, 40)], 1)

                assert [one.id for one in await kept.due(30, 10)] == ["10", "20", "30"]
                assert [one.id for one in await kept.due(30, 2)] == ["10", "20"]
                assert await kept.due(9, 10) == ()

        asyncio.run(main())

    def test_one_tenant_s_are_not_another_s(self) -> None:
        async def main() -> None:
            async with self.opened() as kept:
                await kept.add([delivery("a"), delivery("b", tenant="other")], 1)

                assert await kept.find("org", "b") is None
                query = DeliveryQuery(tenant="org", webhook="w")
                assert [one.id for one in await kept.list(query)] == ["a"]

        asyncio.run(main())

    def test_lists_are_newest_first_by_state_and_in_pages(self) -> None:
        async def main() -> None:
            async with self.opened() as kept:
                await kept.add([delivery(id) for id in "abcd"], 1)
                await kept.add([delivery("x", webhook="other")], 2)
                await kept.update(msgspec.structs.replace(delivery("b"), state="dead"))
                query = DeliveryQuery(tenant="org", webhook="w", limit=2)

                assert [one.id for one in await kept.list(query)] == ["d", "c"]
                rest = msgspec.structs.replace(query, before="c")
                assert [one.id for one in await kept.list(rest)] == ["b", "a"]
                dead = msgspec.structs.replace(query, state="dead")
                assert [one.id for one in await kept.list(dead)] == ["b"]
                await kept.update(delivery("gone"))
                assert await kept.find("org", "gone") is None

        asyncio.run(main())
