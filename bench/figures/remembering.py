"""Memory: whether the right fact is recalled, how long that takes, and what junk gets in."""

import asyncio
import statistics
import time
from operator import mul
from pathlib import Path
from typing import Final

from msgspec import structs

from bench.facts import Fact, facts
from bench.lab import Lab, Measured, median
from bench.remarks import (
    LATER_NOT_WORTH_KEEPING,
    LATER_WORTH_KEEPING,
    NOT_WORTH_KEEPING,
    WORTH_KEEPING,
    remarks,
)
from bench.table import Row, at_most, number
from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.system import SystemClock
from tenuto.core.memory.consolidating import Budget
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.memory.judging import is_junk
from tenuto.ports.memory import Kept, Memory, MemoryQuery, Question
from tenuto.runtime.consolidating import consolidated
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.summing import Summing

SCOPE: Final = Scope(tenant="bench", agent="clerk", user="ann")
EMBEDDER: Final = HashingEmbedder()
FORMS: Final = ("in its words", "in other forms of them", "misspelt or bent")
FIRST: Final = 5
ASKED: Final = 200
BATCH: Final = 200


def recall_quality(folder: Path, *, people: int) -> Measured:
    """Return the share of questions with the right fact among the first five, by form and by way
    of searching."""

    async def main() -> Measured:
        store = await SqliteEventStore.open(folder / "memory.db", durability="wal")
        known = list(facts(people))
        await _fill(store.memory, known)
        shares: Measured = {"items": len(known)}
        for form in range(len(FORMS)):
            for way in ("words", "vectors", "both"):
                right = 0
                for place, fact in enumerate(known):
                    found = await store.memory.recall(_question(fact.questions[form], way=way))
                    right += str(place) in [one.item.id for one in found[:FIRST]]
                shares[f"{way}{form}"] = right / len(known)
        await store.close()
        return shares

    return asyncio.run(main())


def summed_up_quality(
    folder: Path, *, people: int, sum_up: bool = False, left: int = 0
) -> Measured:
    """Return the share of questions to which the right fact is told by the first five items, and
    how long these are together. The size of topics was chosen by other facts.

    Args:
        sum_up: the oldest are summed up first, until half of the facts is a bound that holds.
        left: so many items stay, and the others are let go; 0: all.
    """

    async def main() -> Measured:
        known = list(facts(people, seed=3))
        store = await SqliteEventStore.open(folder / "memory.db", durability="wal")
        await _fill(store.memory, known)
        rememberer = Rememberer(store.memory, embedder=EMBEDDER, clock=SystemClock())
        query = MemoryQuery(tenant=SCOPE.tenant)
        summing = Summing(bound=len(known) // 2 if sum_up else 0)
        await consolidated(rememberer, query, budget=Budget(items=left), summing=summing)
        current = structs.replace(query, current_at_ms=rememberer.clock.now_ms())
        told: Measured = {
            "items": len(known),
            "left": (await store.memory.statistics(current)).items,
        }
        for form in range(len(FORMS)):
            right, chars = await _told_right(store.memory, known, form)
            told |= {f"right{form}": right, f"chars{form}": chars}
        await store.close()
        return told

    return asyncio.run(main())


async def _told_right(memory: Memory, known: list[Fact], form: int) -> tuple[float, float]:
    right, chars = 0, 0
    for fact in known:
        found = await memory.recall(_question(fact.questions[form], way="both"))
        texts = [one.item.text for one in found[:FIRST]]
        right += any(fact.text in text.split("\n") for text in texts)
        chars += sum(map(len, texts))
    return right / len(known), chars / len(known)


def recall_speed(folder: Path, *, people: int) -> Measured:
    """Return the processor's milliseconds of a recall, and of comparing as many vectors exactly."""

    async def main() -> Measured:
        store = await SqliteEventStore.open(folder / "memory.db", durability="wal")
        known = list(facts(people))
        await _fill(store.memory, known)
        spent_ms = []
        for place in range(0, len(known), max(1, len(known) // ASKED)):
            question = _question(known[place].questions[0], way="both")
            began_s = time.process_time()
            await store.memory.recall(question)
            spent_ms.append((time.process_time() - began_s) * 1_000)
        await store.close()
        vector = question.vector
        began_s = time.process_time()
        for _ in range(len(known)):
            sum(map(mul, vector, vector))
        exact_ms = (time.process_time() - began_s) * 1_000
        size = (folder / "memory.db").stat().st_size
        return {
            "items": len(known),
            "median_ms": statistics.median(spent_ms),
            "p95_ms": sorted(spent_ms)[len(spent_ms) * 95 // 100],
            "exact_ms": exact_ms,
            "bytes": size / len(known),
        }

    return asyncio.run(main())


def remembering(lab: Lab) -> list[Row]:
    """Return the figures of memory."""
    quality = lab.run(recall_quality, people=lab.count(50, least=2))
    rows = [_quality_row(quality, form) for form in range(len(FORMS))]
    runs = lab.in_turns((recall_speed, {"people": lab.count(500, least=2)}))[0]
    people = lab.count(50, least=2)
    before = lab.run(summed_up_quality, people=people)
    after = lab.run(summed_up_quality, people=people, sum_up=True)
    let_go = lab.run(summed_up_quality, people=people, left=int(after["left"]))
    rows += [_summed_up_row(before, after, let_go, form=form) for form in range(len(FORMS))]
    return [*rows, *_speed_rows(runs), *_junk_rows()]


def _quality_row(quality: Measured, form: int) -> Row:
    both, words, vectors = (quality[f"{way}{form}"] for way in ("both", "words", "vectors"))
    return Row(
        figure=f"recall: the right of {quality['items']:,.0f} facts among the first {FIRST}, asked "
        f"{FORMS[form]}",
        ours=f"{both:.1%}",
        beside=f"words alone: {words:.1%}; vectors alone: {vectors:.1%}",
        ratio=f"{both / max(words, vectors, 1e-9):.2f} x the better",
    )


def _summed_up_row(before: Measured, after: Measured, let_go: Measured, *, form: int) -> Row:
    right, chars = f"right{form}", f"chars{form}"
    return Row(
        figure=f"{after['items']:,.0f} facts summed up until {after['left']:,.0f} items are left: "
        f"the right one told by the first {FIRST}, asked {FORMS[form]}",
        ours=f"{after[right]:.1%} ({after[chars]:,.0f} characters of the five)",
        beside=f"before: {before[right]:.1%} ({before[chars]:,.0f}); as many left by letting go: "
        f"{let_go[right]:.1%}",
        ratio=f"{after[right] / max(before[right], 1e-9):.2f} x before",
    )


def _speed_rows(runs: list[Measured]) -> list[Row]:
    spent, exact = median(runs, "median_ms"), median(runs, "exact_ms")
    return [
        Row(
            figure=f"... of {runs[0]['items']:,.0f} items of 512 dimensions: CPU, median",
            ours=number(spent, "ms"),
            beside=f"as many exact comparisons, nothing else: {number(exact, 'ms')}",
            ratio=f"{spent / exact:.2f} x",
            bar="<= 50 ms",
            verdict=at_most(spent, bar=50, aim=50),
        ),
        Row(
            figure="... 95 of 100 within",
            ours=number(median(runs, "p95_ms"), "ms"),
            beside="",
            ratio="",
        ),
        Row(
            figure="... on disk, each",
            ours=f"{median(runs, 'bytes') / 1_000:.1f} kB",
            beside="its vector: 2.0 kB",
            ratio="",
        ),
    ]


def _junk_rows() -> list[Row]:
    sets = {
        "fitted to": (remarks(WORTH_KEEPING)[::2], remarks(NOT_WORTH_KEEPING)[::2]),
        "not fitted to": (
            remarks(WORTH_KEEPING)[1::2] + remarks(LATER_WORTH_KEEPING),
            remarks(NOT_WORTH_KEEPING)[1::2] + remarks(LATER_NOT_WORTH_KEEPING),
        ),
    }
    return [
        Row(
            figure=f"junk that is kept, of {len(junk)} remarks that the rules were {name}",
            ours=f"{sum(not is_junk(text) for text in junk) / len(junk):.1%}",
            beside=f"of {len(good)} worth keeping, dropped: "
            f"{sum(is_junk(text) for text in good) / len(good):.1%}",
            ratio="",
        )
        for name, (good, junk) in sets.items()
    ]


async def _fill(memory: Memory, known: list[Fact]) -> None:
    vectors = EMBEDDER.embed([fact.text for fact in known])
    kept = [
        Kept(
            item=MemoryItem(
                id=str(place), scope=SCOPE, kind="semantic", text=fact.text, created_ms=0
            ),
            vector=tuple(vector),
            embedder=EMBEDDER.name,
        )
        for place, (fact, vector) in enumerate(zip(known, vectors, strict=True))
    ]
    for begin in range(0, len(kept), BATCH):
        await memory.keep(kept[begin : begin + BATCH])


def _question(text: str, *, way: str) -> Question:
    vector = () if way == "words" else tuple(EMBEDDER.embed([text])[0])
    return Question(
        scopes=(SCOPE,),
        text="" if way == "vectors" else text,
        vector=vector,
        embedder=EMBEDDER.name,
        now_ms=0,
        limit=FIRST,
    )
