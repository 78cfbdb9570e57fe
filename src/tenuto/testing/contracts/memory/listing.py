"""Listing and counting: newest first, page by page, nothing twice and nothing left out."""

from msgspec import structs

from tenuto.core.errors import NotFound
from tenuto.ports.memory import PAGE_MAX, Memory, MemoryQuery, MemoryStatistics
from tenuto.testing.contracts.memory.case import (
    ANN,
    BOB,
    NOW_MS,
    OTHER_TENANT,
    MemoryCase,
    kept,
    listed,
    refused,
)


class Listing(MemoryCase):
    """See `Memory.items` and `Memory.statistics`."""

    def test_pages_follow_each_other_without_gap_or_repeat(self) -> None:
        async def scenario(memory: Memory) -> None:
            # Several are of one moment, and ids do not follow the order of keeping.
            items = [kept(f"i{n * 7 % 50:02}", "x", created_ms=NOW_MS + n // 4) for n in range(50)]
            await memory.keep(items)
            newest_first = [
                one.item.id
                for one in sorted(
                    items, key=lambda one: (one.item.created_ms, one.item.id), reverse=True
                )
            ]

            for limit in (1, 3, 7, 50):
                pages: list[str] = []
                while page := await listed(memory, limit=limit, after=pages[-1] if pages else ""):
                    assert len(page) <= limit
                    pages += page
                assert pages == newest_first

        self.check(scenario)

    def test_a_page_behind_an_item_that_is_gone_is_refused(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "x"), kept("b", "x", scope=OTHER_TENANT)])

            for id in ("gone", "b"):
                query = MemoryQuery(tenant=ANN.tenant, after=id)
                assert repr(id) in await refused(memory.items(query), NotFound)

        self.check(scenario)

    def test_a_page_behind_a_place_needs_no_item_there(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept(f"i{n}", "x", created_ms=NOW_MS + n // 2) for n in range(6)])
            first = await memory.items(MemoryQuery(tenant=ANN.tenant, limit=3))
            behind = first[-1].created_ms, first[-1].id
            await memory.forget(MemoryQuery(tenant=ANN.tenant, ids=(first[-1].id,)))

            rest = await memory.items(MemoryQuery(tenant=ANN.tenant, behind=behind))

            assert [one.id for one in (*first, *rest)] == ["i5", "i4", "i3", "i2", "i1", "i0"]

        self.check(scenario)

    def test_a_page_is_bounded(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept(f"i{n}", "x") for n in range(PAGE_MAX + 1)])

            assert len(await listed(memory, limit=10 * PAGE_MAX)) == PAGE_MAX
            assert await listed(memory, limit=0) == []
            assert await listed(memory, limit=-1) == []

        self.check(scenario)

    def test_every_condition_of_a_query_narrows_it(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("plain", "x"),
                    kept("bob", "x", scope=BOB),
                    kept("cook", "x", scope=structs.replace(ANN, agent="cook")),
                    kept("shared", "x", scope=structs.replace(ANN, user="", agent="")),
                    kept("told", "x", kind="episodic"),
                    kept("keyed", "x", key="k"),
                    kept("rekeyed", "x", key="k"),
                    kept("expired", "x", expires_ms=NOW_MS - 1),
                    kept("rival", "x", scope=OTHER_TENANT),
                ]
            )

            every = sorted(await listed(memory))
            assert len(every) == 8
            assert "rival" not in every
            assert await listed(memory, user="bob") == ["bob"]
            assert await listed(memory, agent="cook") == ["cook"]
            assert await listed(memory, user="") == ["shared"]
            assert await listed(memory, user="ann", kind="episodic") == ["told"]
            assert await listed(memory, key="k") == ["rekeyed", "keyed"]
            assert sorted(await listed(memory, key="")) == sorted({*every} - {"keyed", "rekeyed"})
            assert await listed(memory, ids=("bob", "told", "rival")) == ["told", "bob"]
            assert await listed(memory, ids=()) == []
            assert await listed(memory, expired_at_ms=NOW_MS) == ["expired"]
            assert await listed(memory, expired_at_ms=NOW_MS - 2) == []
            current = await listed(memory, current_at_ms=NOW_MS)
            assert sorted(current) == sorted({*every} - {"keyed", "expired"})
            assert await listed(memory, tenant="nobody") == []

        self.check(scenario)

    def test_statistics_count_what_the_query_means(self) -> None:
        async def scenario(memory: Memory) -> None:
            nothing = await memory.statistics(MemoryQuery(tenant=ANN.tenant))
            assert nothing == MemoryStatistics()
            await memory.keep(
                [
                    kept("a", "four", key="k", created_ms=NOW_MS),
                    kept("b", "fifty", key="k", created_ms=NOW_MS + 1),
                    kept("c", "日本", kind="episodic", created_ms=NOW_MS + 2),
                    kept("d", "not counted", scope=OTHER_TENANT),
                ]
            )
            await memory.touch(["b", "c", "c", "d"], tenant=ANN.tenant, now_ms=NOW_MS)

            assert await memory.statistics(MemoryQuery(tenant=ANN.tenant, limit=1)) == (
                MemoryStatistics(
                    items=3,
                    superseded=1,
                    characters=11,
                    accesses=3,
                    by_kind={"episodic": 1, "semantic": 2},
                    oldest_ms=NOW_MS,
                    newest_ms=NOW_MS + 2,
                )
            )
            counted = await memory.statistics(MemoryQuery(tenant=ANN.tenant, kind="episodic"))
            assert (counted.items, counted.accesses) == (1, 2)

        self.check(scenario)
