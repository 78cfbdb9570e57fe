"""Answers of models that are kept to be given again. A cache: it may forget whatever it likes."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from tenuto.core.agent.messages import ModelAnswer

Found: TypeAlias = Literal["exact", "semantic"]
"""How an answer was found: by its request, or by a question that is alike."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is kept, and for whom."""

    key: str
    """Of the request; hex."""
    tenant: str
    agent: str
    answer: ModelAnswer
    kept_ms: int
    """When it was given; milliseconds since 1970."""
    expires_ms: int
    """From when on it may be thrown away."""
    scope: str = ""
    """Of requests that may have the same answer; empty: it is found by its key alone."""
    vector: Sequence[float] = ()
    """Of its question, of unit length; with a scope only."""


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """A response whose question is near another one."""

    response: Response
    likeness: float
    """Cosine of the angle between the questions, -1 to 1."""


class Reused(msgspec.Struct, frozen=True, kw_only=True):
    """What the cache holds for one agent of one tenant, and what it saved while it held it."""

    tenant: str
    agent: str
    answers: int
    exact_hits: int
    semantic_hits: int
    input_tokens: int
    """Saved: what the answers had taken, times their hits."""
    output_tokens: int
    usd: float


class Responses(Protocol):
    """Keeps answers, up to a number that each adapter is told; the oldest go first."""

    async def find(self, key: str, *, since_ms: int) -> Response | None:
        """Return the answer that was kept under this key at `since_ms` or later.

        Raises:
            PortError: it may work later.
        """
        ...

    async def nearest(self, scope: str, vector: Sequence[float], *, since_ms: int) -> Near | None:
        """Return the answer of this scope whose question is nearest; of equals the newest.

        May look at the newest two thousand of the scope only. Vectors of another length than
        `vector` are of another embedder, and are passed over.

        Raises:
            PortError: it may work later.
        """
        ...

    def keep(self, response: Response) -> None:
        """Keep an answer, in place of one with the same key. Returns at once; it may get lost."""
        ...

    def count(self, key: str, how: Found) -> None:
        """Take note that the answer of this key was given again. Returns at once."""
        ...

    async def statistics(self, tenant: str | None = None) -> tuple[Reused, ...]:
        """Return what is kept for each tenant and agent, by their names; or of one tenant.

        Raises:
            PortError: it may work later.
        """
        ...

    async def forget(self, tenant: str | None = None, *, before_ms: int | None = None) -> int:
        """Return how many answers were thrown away: those of a tenant, those kept before a moment,
        or all.

        Raises:
            PortError: it may work later.
        """
        ...
