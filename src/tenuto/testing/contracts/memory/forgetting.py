"""Forgetting: all that was meant, nothing else, and for good."""

from tenuto.ports.memory import Memory, MemoryQuery
from tenuto.testing.contracts.memory.case import (
    ANN,
    BOB,
    NOW_MS,
    OTHER_TENANT,
    MemoryCase,
    along,
    asking,
    found,
    kept,
    listed,
)


class Forgetting(MemoryCase):
    """See `Memory.forget`."""

    def test_all_that_the_query_means_is_gone_whatever_its_limit(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept(f"i{n}", "tea", along(0)) for n in range(700)])
            await memory.keep([kept("bob", "tea", along(0), scope=BOB)])
            await memory.keep([kept("rival", "tea", along(0), scope=OTHER_TENANT)])

            forgotten = await memory.forget(
                MemoryQuery(tenant=ANN.tenant, user="ann", limit=1, after="i3")
            )

            assert forgotten == 700
            assert await listed(memory) == ["bob"]
            assert await found(memory, asking("tea", along(0))) == []
            assert await found(memory, asking("tea", along(0), scopes=(OTHER_TENANT,))) == ["rival"]

        self.check(scenario)

    def test_forgetting_what_is_not_there_forgets_nothing(self) -> None:
        async def scenario(memory: Memory) -> None:
            assert await memory.forget(MemoryQuery(tenant=ANN.tenant)) == 0
            await memory.keep([kept("a", "tea", scope=OTHER_TENANT)])

            assert await memory.forget(MemoryQuery(tenant=ANN.tenant, ids=("a", "b"))) == 0
            assert await listed(memory, tenant=OTHER_TENANT.tenant) == ["a"]

        self.check(scenario)

    def test_what_has_expired_can_be_forgotten(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("gone", "tea", expires_ms=NOW_MS),
                    kept("still", "tea", expires_ms=NOW_MS + 1),
                    kept("ever", "tea"),
                ]
            )

            query = MemoryQuery(tenant=ANN.tenant, expired_at_ms=NOW_MS)

            assert await memory.forget(query) == 1
            assert sorted(await listed(memory)) == ["ever", "still"]

        self.check(scenario)

    def test_a_superseded_item_stays_so_when_its_successor_is_forgotten(self) -> None:
        async def scenario(memory: Memory) -> None:
            old = kept("old", "Ann lives in Rome.", along(0), key="home")
            await memory.keep([old, kept("new", "Ann lives in Bonn.", along(0), key="home")])

            assert await memory.forget(MemoryQuery(tenant=ANN.tenant, ids=("new",))) == 1
            await memory.keep([old])

            assert await found(memory, asking("lives", along(0))) == []
            assert await listed(memory, current_at_ms=NOW_MS) == []

        self.check(scenario)

    def test_what_was_forgotten_can_be_kept_anew(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "Ann likes tea.", along(0), key="drink")])
            await memory.touch(["a"], tenant=ANN.tenant, now_ms=NOW_MS)
            await memory.forget(MemoryQuery(tenant=ANN.tenant))

            await memory.keep([kept("a", "Ann likes milk.", along(1), key="drink")])

            (item,) = await memory.items(MemoryQuery(tenant=ANN.tenant))
            assert (item.text, item.accesses) == ("Ann likes milk.", 0)
            assert await found(memory, asking("tea", along(0))) == []

        self.check(scenario)
