"""How the suite opens memories, and what it puts in them."""

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.ports.memory import Kept, Memory, MemoryQuery, Question

Scenario: TypeAlias = Callable[[Memory], Awaitable[None]]

SCENARIO_S_MAX: Final = 60.0
"""A scenario that takes longer hangs."""

NOW_MS: Final = 1_700_000_000_000
DAY_MS: Final = 24 * 60 * 60 * 1000

ANN: Final = Scope(tenant="acme", agent="clerk", user="ann")
BOB: Final = Scope(tenant="acme", agent="clerk", user="bob")
OTHER_TENANT: Final = Scope(tenant="rival", agent="clerk", user="ann")

DIMENSIONS: Final = 16


class MemoryCase(ABC):
    """Opens an empty memory for each test."""

    zero = "\0"
    """A character that some databases hold in no text; they set it to another."""

    @abstractmethod
    def open_memory(self) -> AbstractAsyncContextManager[Memory]:
        """Return a context in which an empty memory is open."""

    def check(self, scenario: Scenario) -> None:
        """Run `scenario` on an empty memory."""

        async def main() -> None:
            async with self.open_memory() as memory:
                await asyncio.wait_for(scenario(memory), SCENARIO_S_MAX)

        asyncio.run(main())


def item_of(id: str, text: str, **changes: object) -> MemoryItem:
    """Return a fact about Ann, with `changes`."""
    item = MemoryItem(id=id, scope=ANN, kind="semantic", text=text, created_ms=NOW_MS)
    return msgspec.structs.replace(item, **changes)


def kept(
    id: str, text: str, vector: tuple[float, ...] = (), *, embedder: str = "axes", **changes: object
) -> Kept:
    """Return what `item_of` does, ready to be kept."""
    return Kept(item=item_of(id, text, **changes), vector=vector, embedder=embedder)


def between(one: int, other: int, *, share: float) -> tuple[float, ...]:
    """Return the direction whose cosine with axis `one` is `share`; the rest lies on `other`."""
    vector = [0.0] * DIMENSIONS
    vector[one], vector[other] = share, math.sqrt(1 - share * share)
    return tuple(vector)


def along(axis: int) -> tuple[float, ...]:
    """Return the direction of one axis."""
    return tuple(float(place == axis) for place in range(DIMENSIONS))


def asking(text: str, vector: tuple[float, ...] = (), **changes: object) -> Question:
    """Return a question to Ann's memory, with `changes`."""
    question = Question(scopes=(ANN,), text=text, vector=vector, embedder="axes", now_ms=NOW_MS)
    return msgspec.structs.replace(question, **changes)


async def found(memory: Memory, question: Question) -> list[str]:
    """Return the ids that a question recalls, in order."""
    return [one.item.id for one in await memory.recall(question)]


async def listed(memory: Memory, **query: object) -> list[str]:
    """Return the ids that the memory lists of Ann's tenant, in order."""
    asked = msgspec.structs.replace(MemoryQuery(tenant=ANN.tenant), **query)
    return [item.id for item in await memory.items(asked)]


async def refused(call: Awaitable[object], error: type[TenutoError]) -> str:
    """Return the message of the error that `call` raises."""
    try:
        await call
    except error as raised:
        return str(raised)
    raise AssertionError(f"no {error.__name__} was raised")
