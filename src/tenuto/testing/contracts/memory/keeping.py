"""Keeping: once is enough, the newer says it better, and what was counted stays counted."""

from msgspec import structs

from tenuto.core.errors import Rejected
from tenuto.core.memory.items import DATA_BYTES_MAX, KEY_CHARS_MAX, TEXT_CHARS_MAX, Source
from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.ports.memory import Kept, Memory, MemoryQuery
from tenuto.testing.contracts.memory.case import (
    ANN,
    BOB,
    DAY_MS,
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

QUERY = MemoryQuery(tenant=ANN.tenant)


class Keeping(MemoryCase):
    """See `Memory.keep` and `Memory.touch`."""

    def test_an_item_comes_back_as_it_was_kept(self) -> None:
        async def scenario(memory: Memory) -> None:
            whole = item_of(
                "a",
                f"Größe: 東京 🎻\nwith {self.zero} and 'quotes'",
                kind="procedural",
                key="size",
                data={"steps": ["one", 2, None, {"three": 3.5}]},
                importance=0.25,
                labels=("untrusted", "web"),
                source=Source(session=SessionId("s"), task=TaskNo(7)),
                expires_ms=NOW_MS + DAY_MS,
                tries=3,
                successes=2,
            )

            await memory.keep([Kept(item=whole, vector=along(0), embedder="axes")])

            assert await memory.items(QUERY) == (whole,)
            (best,) = await memory.recall(asking("quotes"))
            assert best.item == whole

        self.check(scenario)

    def test_keeping_twice_is_keeping_once(self) -> None:
        async def scenario(memory: Memory) -> None:
            same = [kept("a", "Ann likes tea.", along(0)), kept("b", "Ann has a dog.", along(1))]

            await memory.keep(same)
            await memory.keep(same)
            await memory.keep([*same, *same])

            assert await listed(memory) == ["b", "a"]
            assert await found(memory, asking("tea", along(0))) == ["a"]

        self.check(scenario)

    def test_what_is_not_of_the_right_type_is_refused_and_the_memory_goes_on(self) -> None:
        async def scenario(memory: Memory) -> None:
            right = item_of("a", "Ann likes tea.")
            for wrong in (
                structs.replace(right, scope=structs.replace(ANN, user=None)),
                structs.replace(right, text=5),
                structs.replace(right, text=" "),
                structs.replace(right, importance="high"),
            ):
                assert "cannot be kept" in await refused(memory.keep([Kept(item=wrong)]), Rejected)

            await memory.keep([kept("a", "Ann likes tea.", along(0))])

            assert await listed(memory) == ["a"]

        self.check(scenario)

    def test_a_known_id_is_replaced_and_keeps_its_accesses(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "Ann likes tea.", along(0))])
            await memory.touch(["a", "unknown"], tenant=ANN.tenant, now_ms=NOW_MS + 5)
            await memory.touch(["a"], tenant=ANN.tenant, now_ms=NOW_MS + 9)

            await memory.keep([kept("a", "Ann likes coffee.", along(1), importance=0.9)])

            (item,) = await memory.items(QUERY)
            assert (item.text, item.importance) == ("Ann likes coffee.", 0.9)
            assert (item.accesses, item.accessed_ms) == (2, NOW_MS + 9)
            assert await found(memory, asking("tea", along(0))) == []
            assert await found(memory, asking("coffee")) == ["a"]
            assert await found(memory, asking("", along(1))) == ["a"]

        self.check(scenario)

    def test_accesses_may_be_raised_and_never_fall(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "tea", accesses=3, accessed_ms=NOW_MS)])

            await memory.keep([kept("a", "tea", accesses=1, accessed_ms=1)])
            (fallen,) = await memory.items(QUERY)
            await memory.keep([kept("a", "tea", accesses=8, accessed_ms=NOW_MS + 1)])
            (raised,) = await memory.items(QUERY)

            assert (fallen.accesses, fallen.accessed_ms) == (3, NOW_MS)
            assert (raised.accesses, raised.accessed_ms) == (8, NOW_MS + 1)

        self.check(scenario)

    def test_a_vector_stays_with_its_text_when_none_is_handed_over(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "Ann likes tea.", along(0))])

            await memory.keep([kept("a", "Ann likes tea.", embedder="", tries=1)])
            assert await found(memory, asking("", along(0))) == ["a"]

            await memory.keep([kept("a", "Ann likes coffee.", embedder="")])
            assert await found(memory, asking("", along(0))) == []

        self.check(scenario)

    def test_the_newer_of_a_scope_kind_and_key_supersedes_the_older(self) -> None:
        async def scenario(memory: Memory) -> None:
            old = kept("old", "Ann lives in Rome.", along(0), key="home")
            new = kept("new", "Ann lives in Bonn.", along(0), key="home", created_ms=NOW_MS + 1)

            await memory.keep([old])
            await memory.keep([new])

            items = {item.id: item.superseded_by for item in await memory.items(QUERY)}
            assert items == {"new": "", "old": "new"}
            for question in (asking("lives Rome Bonn"), asking("", along(0))):
                assert await found(memory, question) == ["new"]

        self.check(scenario)

    def test_an_older_one_that_comes_late_is_superseded_at_once(self) -> None:
        async def scenario(memory: Memory) -> None:
            old = kept("old", "Ann lives in Rome.", key="home")
            new = kept("new", "Ann lives in Bonn.", key="home", created_ms=NOW_MS + 1)

            for order in ([new, old], [old, new], [old], [new], [new, old]):
                await memory.keep(order)

                items = {item.id: item.superseded_by for item in await memory.items(QUERY)}
                assert items == {"new": "", "old": "new"}

        self.check(scenario)

    def test_of_two_of_one_moment_the_one_kept_later_stands_for_good(self) -> None:
        async def scenario(memory: Memory) -> None:
            first = kept("z", "Ann lives in Rome.", key="home")
            second = kept("a", "Ann lives in Bonn.", key="home")

            await memory.keep([first, second])
            await memory.keep([first])

            items = {item.id: item.superseded_by for item in await memory.items(QUERY)}
            assert items == {"a": "", "z": "a"}

        self.check(scenario)

    def test_nothing_is_superseded_across_scopes_kinds_and_keys_or_without_a_key(self) -> None:
        async def scenario(memory: Memory) -> None:
            different: list[dict[str, object]] = [
                {"key": "home"},
                {"key": "home", "scope": BOB},
                {"key": "home", "scope": OTHER_TENANT},
                {"key": "home", "scope": structs.replace(ANN, agent="cook")},
                {"key": "home", "kind": "episodic"},
                {"key": "work"},
                {},
                {},
            ]
            await memory.keep(
                [Kept(item=item_of(f"i{n}", "x", **one)) for n, one in enumerate(different)]
            )

            assert len(await memory.items(QUERY)) == len(different) - 1
            for tenant in (ANN.tenant, OTHER_TENANT.tenant):
                current = await memory.items(MemoryQuery(tenant=tenant))
                assert not [item for item in current if item.superseded_by]

        self.check(scenario)

    def test_an_item_may_be_kept_as_superseded(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "Ann likes tea.", along(0)), kept("b", "Tea.", along(0))])

            await memory.keep([kept("a", "Ann likes tea.", embedder="", superseded_by="b")])

            assert await found(memory, asking("tea", along(0))) == ["b"]
            assert await listed(memory, current_at_ms=NOW_MS) == ["b"]

        self.check(scenario)

    def test_an_id_of_another_tenant_names_something_else(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "Ours.", key="k")])
            await memory.keep([kept("a", "Theirs.", scope=OTHER_TENANT, key="k")])
            await memory.touch(["a"], tenant=OTHER_TENANT.tenant, now_ms=NOW_MS)

            (ours,) = await memory.items(QUERY)
            (theirs,) = await memory.items(MemoryQuery(tenant=OTHER_TENANT.tenant))
            assert (ours.text, ours.accesses) == ("Ours.", 0)
            assert (theirs.text, theirs.accesses) == ("Theirs.", 1)

        self.check(scenario)

    def test_what_fits_the_limits_is_kept_and_what_does_not_leaves_nothing(self) -> None:
        async def scenario(memory: Memory) -> None:
            longest = item_of("a", "x" * TEXT_CHARS_MAX, key="k" * KEY_CHARS_MAX)
            await memory.keep([Kept(item=longest)])
            wrong = [
                item_of("b", "x" * (TEXT_CHARS_MAX + 1)),
                item_of("b", "x", key="k" * (KEY_CHARS_MAX + 1)),
                item_of("b", "x", data="d" * DATA_BYTES_MAX),
                item_of("b", "x", importance=1.5),
                item_of("b", "x", importance=float("nan")),
                item_of("b", "\ud800"),
                item_of("b", "x", created_ms=1 << 70),
                item_of("", "x"),
            ]
            for item in wrong:
                good = Kept(item=item_of("good", "x"))
                assert await refused(memory.keep([good, Kept(item=item)]), Rejected)
            await refused(memory.keep([kept("b", "x", (float("nan"), 0.0))]), Rejected)

            assert await listed(memory) == ["a"]

        self.check(scenario)

    def test_keeping_nothing_is_allowed(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([])
            await memory.touch([], tenant=ANN.tenant, now_ms=NOW_MS)

            assert await listed(memory) == []

        self.check(scenario)
