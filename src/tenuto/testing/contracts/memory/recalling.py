"""Recalling: by words, by meaning, by both; of the right scopes and only what is current."""

from msgspec import structs

from tenuto.core.memory.items import MemoryKind
from tenuto.ports.memory import RECALL_MAX, Memory
from tenuto.testing.contracts.memory.case import (
    ANN,
    BOB,
    DAY_MS,
    NOW_MS,
    OTHER_TENANT,
    MemoryCase,
    along,
    asking,
    between,
    found,
    kept,
)


class Recalling(MemoryCase):
    """See `Memory.recall`."""

    def test_an_empty_memory_recalls_nothing(self) -> None:
        async def scenario(memory: Memory) -> None:
            assert await found(memory, asking("anything", along(0))) == []

        self.check(scenario)

    def test_items_are_found_by_their_words_in_other_forms(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [kept("a", "Ann was painting houses in Málaga."), kept("b", "Ann has a boat.")]
            )
            for text in ("PAINTED", "which house?", "malaga", "the painter of paint"):
                assert await found(memory, asking(text)) == ["a"], text
            assert await found(memory, asking("aeroplane")) == []
            # Of few items, a word that all of them hold is a word like any other.
            assert await found(memory, asking("has Ann a boat?")) == ["b", "a"]

        self.check(scenario)

    def test_rare_words_weigh_more_than_common_ones(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept(f"x{n}", f"Ann likes thing {n}.") for n in range(20)])
            await memory.keep([kept("a", "Ann dislikes zeppelins.")])

            assert (await found(memory, asking("likes zeppelins")))[0] == "a"

        self.check(scenario)

    def test_items_are_found_by_their_meaning(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("far", "b", along(1)),
                    kept("near", "c", between(0, 1, share=0.9)),
                    kept("nearer", "d", between(0, 1, share=0.99)),
                    kept("opposite", "e", tuple(-value for value in along(0))),
                    kept("none", "f"),
                ]
            )

            assert await found(memory, asking("zzz", along(0))) == ["nearer", "near"]

        self.check(scenario)

    def test_what_fits_in_words_and_meaning_beats_what_fits_in_one(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("words", "Ann drinks green tea tea tea.", along(1)),
                    kept("both", "Ann drinks green tea.", between(0, 1, share=0.9)),
                    kept("meaning", "Her favourite brew.", along(0)),
                ]
            )

            ids = await found(memory, asking("green tea", along(0)))

            assert ids[0] == "both"
            assert sorted(ids) == ["both", "meaning", "words"]

        self.check(scenario)

    def test_scores_fall_and_are_at_most_one(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept(f"i{n}", "tea " * (n % 3 + 1), between(0, 1, share=n / 20), importance=1.0)
                    for n in range(20)
                ]
            )

            scores = [one.score for one in await memory.recall(asking("tea", along(0), limit=50))]

            assert len(scores) == 20
            assert scores == sorted(scores, reverse=True)
            assert all(0 < score <= 1 for score in scores)

        self.check(scenario)

    def test_of_what_fits_alike_the_important_and_then_the_newest_come_first(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("new", "tea", along(0), created_ms=NOW_MS),
                    kept("newer", "tea", along(0), created_ms=NOW_MS + 1),
                    kept("old", "tea", along(0), created_ms=NOW_MS - 90 * DAY_MS),
                    kept("heavy", "tea", along(0), importance=1.0),
                ]
            )

            ids = await found(memory, asking("tea", along(0)))

            assert ids == ["heavy", "newer", "new", "old"]

        self.check(scenario)

    def test_only_the_scopes_that_were_named_are_looked_at(self) -> None:
        async def scenario(memory: Memory) -> None:
            everybody = structs.replace(ANN, user="")
            for number, scope in enumerate((ANN, BOB, everybody, OTHER_TENANT)):
                await memory.keep([kept(f"i{number}", "tea", along(0), scope=scope)])

            for question in (asking("tea"), asking("", along(0)), asking("tea", along(0))):
                assert await found(memory, question) == ["i0"]
                both = structs.replace(question, scopes=(ANN, everybody))
                assert sorted(await found(memory, both)) == ["i0", "i2"]
                assert await found(memory, structs.replace(question, scopes=())) == []

        self.check(scenario)

    def test_what_others_keep_changes_neither_order_nor_scores(self) -> None:
        async def scenario(memory: Memory) -> None:
            texts = ["red tea", "red red boat", "green tea pot", "blue boat in the pot"]
            vectors = [between(0, 1, share=0.3 + n / 10) for n in range(len(texts))]
            mine = zip(texts, vectors, strict=True)
            await memory.keep([kept(f"m{n}", *one) for n, one in enumerate(mine)])
            before = await memory.recall(asking("red tea pot", along(0)))
            for scope in (BOB, OTHER_TENANT):
                noise = [kept(f"{scope.user}{n}", "red " * n + "pot", along(0)) for n in range(40)]
                await memory.keep(
                    [structs.replace(k, item=structs.replace(k.item, scope=scope)) for k in noise]
                )

            assert before
            assert await memory.recall(asking("red tea pot", along(0))) == before

        self.check(scenario)

    def test_only_the_kinds_that_were_named_are_recalled(self) -> None:
        async def scenario(memory: Memory) -> None:
            kinds: tuple[MemoryKind, ...] = ("semantic", "episodic", "procedural")
            await memory.keep([kept(kind, "tea", along(0), kind=kind) for kind in kinds])

            question = asking("tea", along(0), kinds=("episodic",))

            assert await found(memory, question) == ["episodic"]
            two = structs.replace(question, kinds=("episodic", "procedural"))
            assert sorted(await found(memory, two)) == ["episodic", "procedural"]

        self.check(scenario)

    def test_what_has_expired_is_not_recalled(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("gone", "tea", along(0), expires_ms=NOW_MS),
                    kept("still", "tea", along(0), expires_ms=NOW_MS + 1),
                    kept("ever", "tea", along(0)),
                ]
            )

            assert sorted(await found(memory, asking("tea", along(0)))) == ["ever", "still"]
            later = asking("tea", along(0), now_ms=NOW_MS + 1)
            assert await found(memory, later) == ["ever"]

        self.check(scenario)

    def test_vectors_of_other_embedders_and_lengths_are_not_compared(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep(
                [
                    kept("other", "a", along(0), embedder="other"),
                    kept("short", "b", along(0)[:8]),
                    kept("fits", "c", along(0)),
                ]
            )

            assert await found(memory, asking("zzz", along(0))) == ["fits"]

        self.check(scenario)

    def test_a_vector_of_zeros_is_near_nothing(self) -> None:
        async def scenario(memory: Memory) -> None:
            zeros = (0.0,) * len(along(0))
            await memory.keep([kept("zeros", "...", zeros), kept("a", "tea", along(0))])

            assert await found(memory, asking("tea", zeros)) == ["a"]
            assert await found(memory, asking("", along(0))) == ["a"]

        self.check(scenario)

    def test_no_more_than_the_limit_come_back(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept(f"i{n}", "tea", along(0)) for n in range(RECALL_MAX + 20)])

            for limit, expected in ((3, 3), (0, 0), (-1, 0), (10_000, RECALL_MAX)):
                question = asking("tea", along(0), limit=limit)
                assert len(await found(memory, question)) == expected

        self.check(scenario)

    def test_any_text_is_a_question(self) -> None:
        async def scenario(memory: Memory) -> None:
            await memory.keep([kept("a", "to be or not to be"), kept("b", "東京タワー")])
            assert await found(memory, asking("to be or not to be")) == ["a"]
            assert await found(memory, asking("東京")) == ["b"]
            for text in (
                "",
                "   ",
                '"',
                '"" *:^ ()',
                "a:b -c +d",
                "NEAR(a b)",
                "'; DROP TABLE x; --",
                "\0\ud800",
                "AND OR NOT",
                "é" * 9_999,
                " ".join(f"w{n}" for n in range(2_000)),
            ):
                await memory.recall(asking(text))

        self.check(scenario)
