"""Memory: whether the right fact is recalled, how long that takes, and what junk gets in."""

import asyncio
import statistics
import time
from operator import mul
from pathlib import Path
from typing import Final

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
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.memory.judging import is_junk
from tenuto.ports.memory import Kept, Memory, Question

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
