"""Sums up the oldest items of a memory that holds many, topic by topic.

A topic is kept in one step with what it supersedes, and only where its items are still as they were
read: at no moment are both recalled, or neither, and what was forgotten meanwhile is not told.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec import structs

from tenuto.core.memory.extracting import extract
from tenuto.core.memory.items import MemoryItem
from tenuto.core.memory.summaries import summary_of, summed_up
from tenuto.core.memory.topics import SUM_UP_DEFAULT, SUMMARY_CHARS_MAX, topics
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.memory import MemoryChanged, MemoryQuery
from tenuto.runtime.remembering import Rememberer

ASKED_MAX: Final = 20
"""Summaries that a model is asked for in one look through a memory; the others wait."""

EXTRACT: Final = "extract"
"""Who wrote a summary that no model did."""


class Written(msgspec.Struct, frozen=True):
    """A summary, by which model, and what it cost."""

    text: str
    model: str
    cost: JsonObject


class Writer(Protocol):
    """Has a model sum up."""

    async def __call__(self, topic: Sequence[MemoryItem]) -> Written | None:
        """Return a summary; None where no usable one can be had now."""
        ...


class Summing(msgspec.Struct, frozen=True, kw_only=True):
    """When, and how."""

    bound: int = SUM_UP_DEFAULT
    """Current items of a kind that a scope may hold; 0: any number."""
    writer: Writer | None = None
    """None: sentences are chosen."""
    inline: bool = False
    """Topics are found on the loop itself, where there are no threads."""


SUMMING: Final = Summing()


class SummedUp(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    items: int = 0
    summaries: int = 0


async def sum_up(rememberer: Rememberer, query: MemoryQuery, summing: Summing) -> SummedUp:
    """Sum up what the query means, scope by scope, and return how many items in how many.

    Raises:
        NotFound: one was forgotten while they were read.
        MemoryUnavailable: part of it may be done; doing it again goes on from there.
    """
    if not summing.bound:
        return SummedUp()
    now_ms = rememberer.clock.now_ms()
    items = await rememberer.all(structs.replace(query, current_at_ms=now_ms))
    if len(items) <= summing.bound:
        return SummedUp()
    if summing.inline:
        found = topics(items, now_ms=now_ms, bound=summing.bound)
    else:
        found = await asyncio.to_thread(topics, items, now_ms=now_ms, bound=summing.bound)
    told, summaries = 0, 0
    for topic in found[:ASKED_MAX] if summing.writer is not None else found:
        summary = await _summary(topic, summing.writer)
        try:
            sources = [summed_up(one, summary) for one in topic]
            await rememberer.change([summary, *sources], known=topic)
        except MemoryChanged:
            # The next time it is another topic.
            continue
        told, summaries = told + len(topic), summaries + 1
    return SummedUp(items=told, summaries=summaries)


async def _summary(topic: Sequence[MemoryItem], writer: Writer | None) -> MemoryItem:
    written = await writer(topic) if writer is not None else None
    if written is not None:
        return summary_of(topic, written.text, data={"by": written.model, **written.cost})
    chosen = extract(topic, chars_max=SUMMARY_CHARS_MAX)
    data: JsonObject = {"by": EXTRACT, "lines_from": list(chosen.sources)}
    return summary_of(topic, chosen.text, data=data)
