"""Summing up: one stands for several, and what is forgotten is told by none."""

from collections.abc import Awaitable, Callable

from msgspec import structs

from tenuto.core.memory.items import MemoryItem
from tenuto.core.memory.summaries import summary_of, summed_up
from tenuto.ports.memory import Kept, Memory, MemoryChanged, MemoryQuery
from tenuto.testing.contracts.memory.case import (
    ANN,
    BOB,
    NOW_MS,
    OTHER_TENANT,
    MemoryCase,
    along,
    asking,
    found,
    item_of,
    kept,
    listed,
    refused,
)

TEXTS = {"a": "Ann likes tea.", "b": "Ann has a tea house.", "c": "Ann grows mint for tea."}
SOURCES = tuple(
    item_of(id, text, created_ms=NOW_MS + place) for place, (id, text) in enumerate(TEXTS.items())
)
SUMMARY = summary_of(SOURCES, "Ann likes, grows and sells tea.")
TEA = asking("tea", along(0), now_ms=NOW_MS + 9)


def ids(*names: str) -> MemoryQuery:
    return MemoryQuery(tenant=ANN.tenant, ids=names)


async def sum_up(memory: Memory, sources: tuple[MemoryItem, ...] = SOURCES) -> None:
    """Keep the sources, and their summary in place of them."""
    await memory.keep([Kept(item=one, vector=along(0), embedder="axes") for one in sources])
    await told(memory, sources)


async def told(memory: Memory, sources: tuple[MemoryItem, ...] = SOURCES) -> None:
    """Keep the summary in place of its sources, if they are as they were."""
    superseded = [Kept(item=summed_up(one, SUMMARY)) for one in sources]
    summary = Kept(item=SUMMARY, vector=along(0), embedder="axes")
    await memory.keep([summary, *superseded], known=sources)


class Summing(MemoryCase):
    """See what `Memory.keep` and `Memory.forget` say of summaries."""

    def check_summed_up(self, story: Callable[[Memory], Awaitable[None]]) -> None:
        """Run `story` on a memory that holds the summary and its sources."""

        async def scenario(memory: Memory) -> None:
            await sum_up(memory)
            await story(memory)

        self.check(scenario)

    def test_a_summary_is_recalled_in_place_of_what_it_sums_up(self) -> None:
        async def story(memory: Memory) -> None:
            assert await found(memory, TEA) == [SUMMARY.id]
            assert await memory.items(ids(SUMMARY.id)) == (SUMMARY,)
            past = {item.id: item.superseded_by for item in await memory.items(ids("a", "b", "c"))}
            assert past == dict.fromkeys("abc", SUMMARY.id)

        self.check_summed_up(story)

    def test_summing_up_twice_is_summing_up_once(self) -> None:
        async def story(memory: Memory) -> None:
            await told(memory)

            assert await found(memory, TEA) == [SUMMARY.id]
            assert (await memory.statistics(MemoryQuery(tenant=ANN.tenant))).items == 4

        self.check_summed_up(story)

    def test_accesses_are_no_reason_not_to_sum_up(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([Kept(item=one) for one in SOURCES])
            await memory.touch(["a"], tenant=ANN.tenant, now_ms=NOW_MS + 5)

            await told(memory)

            assert await found(memory, TEA) == [SUMMARY.id]

        self.check(scenario)

    def test_what_was_forgotten_or_changed_meanwhile_is_not_summed_up(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([Kept(item=one) for one in SOURCES])
            await memory.forget(ids("b"))
            assert "'b'" in await refused(told(memory), MemoryChanged)
            assert await listed(memory) == ["c", "a"]

            changed = structs.replace(SOURCES[1], labels=("untrusted",))
            await memory.keep([Kept(item=changed)])
            assert "'b'" in await refused(told(memory), MemoryChanged)
            assert sorted(await listed(memory, current_at_ms=NOW_MS)) == ["a", "b", "c"]

        self.check(scenario)

    def test_forgetting_what_was_summed_up_forgets_the_summary_and_gives_back_the_others(
        self,
    ) -> None:
        async def story(memory: Memory) -> None:
            assert await memory.forget(ids("b")) == 1

            assert sorted(await found(memory, TEA)) == ["a", "c"]
            assert sorted(await found(memory, asking("mint tea"))) == ["a", "c"]
            assert await listed(memory) == ["c", "a"]

        self.check_summed_up(story)

    def test_forgetting_a_summary_forgets_what_it_sums_up(self) -> None:
        async def story(memory: Memory) -> None:
            assert await memory.forget(ids(SUMMARY.id)) == 1

            assert await listed(memory) == []
            assert await found(memory, TEA) == []

        self.check_summed_up(story)

    def test_forgetting_everything_of_a_user_counts_each_once(self) -> None:
        async def story(memory: Memory) -> None:
            await memory.keep([kept("bob", "Bob likes tea.", scope=BOB)])

            assert await memory.forget(MemoryQuery(tenant=ANN.tenant, user="ann")) == 4
            assert await listed(memory) == ["bob"]

        self.check_summed_up(story)

    def test_what_makes_room_stays_in_the_summary_until_it_is_forgotten(self) -> None:
        async def story(memory: Memory) -> None:
            assert await memory.forget(ids("a", "b"), exactly=True) == 2
            assert await found(memory, TEA) == [SUMMARY.id]

            other_user = structs.replace(ids("a"), user="bob")
            assert await memory.forget(other_user) == 0
            assert await found(memory, TEA) == [SUMMARY.id]

            assert await memory.forget(ids("a", "unheard")) == 1
            assert await listed(memory) == ["c"]
            assert await found(memory, TEA) == ["c"]

        self.check_summed_up(story)

    def test_what_a_summary_sums_up_is_current_again_when_it_alone_goes(self) -> None:
        async def story(memory: Memory) -> None:
            assert await memory.forget(ids(SUMMARY.id), exactly=True) == 1

            assert sorted(await found(memory, TEA)) == ["a", "b", "c"]
            assert sorted(await found(memory, asking("", along(0)))) == ["a", "b", "c"]

        self.check_summed_up(story)

    def test_other_tenants_summaries_are_theirs(self) -> None:
        async def story(memory: Memory) -> None:
            others = tuple(structs.replace(one, scope=OTHER_TENANT) for one in SOURCES)
            theirs = summary_of(others, "Theirs.")
            await memory.keep([Kept(item=one) for one in (theirs, *others)])

            await memory.forget(MemoryQuery(tenant=OTHER_TENANT.tenant, ids=("a",)))
            assert await found(memory, TEA) == [SUMMARY.id]

            await memory.forget(ids("a"))
            assert sorted(await listed(memory, tenant=OTHER_TENANT.tenant)) == ["b", "c"]

        self.check_summed_up(story)

    def test_statistics_tell_how_many_were_summed_up(self) -> None:
        async def story(memory: Memory) -> None:
            await memory.keep([kept("d", "Ann has a dog.")])

            counted = await memory.statistics(MemoryQuery(tenant=ANN.tenant))
            assert (counted.summaries, counted.summed_up, counted.superseded) == (1, 3, 3)

            await memory.forget(ids("a"), exactly=True)
            counted = await memory.statistics(MemoryQuery(tenant=ANN.tenant, user="ann"))
            assert (counted.summaries, counted.summed_up, counted.items) == (1, 3, 4)

            await memory.forget(ids("b"))
            counted = await memory.statistics(MemoryQuery(tenant=ANN.tenant))
            assert (counted.summaries, counted.summed_up) == (0, 0)

        self.check_summed_up(story)


class TakingApart(Summing):
    """See what becomes of a summary when one of its sources, or itself, is kept again."""

    def test_what_is_kept_again_as_it_was_stays_summed_up(self) -> None:
        async def story(memory: Memory) -> None:
            await memory.keep([Kept(item=structs.replace(SOURCES[0], created_ms=NOW_MS + 3))])

            assert await found(memory, TEA) == [SUMMARY.id]

        self.check_summed_up(story)

    def test_what_is_kept_again_saying_something_else_takes_its_summary_apart(self) -> None:
        source = SOURCES[0]
        for again in (
            structs.replace(source, text="Ann likes no tea."),
            structs.replace(source, labels=("untrusted",)),
            structs.replace(source, expires_ms=NOW_MS + 99),
        ):

            async def story(memory: Memory, again: MemoryItem = again) -> None:
                await memory.keep([Kept(item=again)])

                assert sorted(await found(memory, TEA)) == ["a", "b", "c"]
                assert await memory.items(ids("a")) == (again,)

            self.check_summed_up(story)

    def test_a_corrected_summary_still_goes_with_what_it_sums_up(self) -> None:
        async def story(memory: Memory) -> None:
            await memory.keep([kept(SUMMARY.id, "Ann deals in tea.")])
            (corrected,) = await memory.items(ids(SUMMARY.id))
            assert (corrected.text, corrected.sums_up) == ("Ann deals in tea.", ("a", "b", "c"))

            await memory.forget(ids("c"))

            assert await listed(memory) == ["b", "a"]

        self.check_summed_up(story)

    def test_of_a_key_only_one_is_current_when_a_summary_goes(self) -> None:
        async def scenario(memory: Memory) -> None:
            old = item_of("old", "Ann's tea is green.", key="tea")
            new = item_of("new", "Ann's tea is black.", key="tea", created_ms=NOW_MS + 1)
            summary = item_of("both", "Ann's tea.", sums_up=("old",))
            await memory.keep([Kept(item=old)])
            await memory.keep([Kept(item=summary), Kept(item=summed_up(old, summary))])
            await memory.keep([Kept(item=new)])

            await memory.forget(ids("both"), exactly=True)

            assert await found(memory, asking("tea", now_ms=NOW_MS + 9)) == ["new"]
            assert [item.superseded_by for item in await memory.items(ids("old"))] == ["new"]

        self.check(scenario)
