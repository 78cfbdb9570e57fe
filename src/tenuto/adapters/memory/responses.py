"""Answers to be given again, in memory."""

from collections.abc import Sequence
from operator import mul

import msgspec

from tenuto.core.agent.messages import Usage
from tenuto.ports.responses import Found, Near, Response, Reused


class _Kept(msgspec.Struct, kw_only=True):
    response: Response
    exact: int = 0
    semantic: int = 0


class MemoryResponses:
    """`Responses` that end with the process. `entries_max` are kept; the oldest go first."""

    def __init__(self, *, entries_max: int) -> None:
        assert entries_max >= 1, "a cache holds something"
        self._entries_max = entries_max
        self._kept: dict[str, _Kept] = {}
        """Oldest first."""

    async def find(self, key: str, *, since_ms: int) -> Response | None:
        """See `Responses.find`."""
        kept = self._kept.get(key)
        found = kept is not None and kept.response.kept_ms >= since_ms
        return kept.response if kept is not None and found else None

    async def nearest(self, scope: str, vector: Sequence[float], *, since_ms: int) -> Near | None:
        """See `Responses.nearest`."""
        best: Near | None = None
        for kept in reversed(self._kept.values()):
            one = kept.response
            if not scope or one.scope != scope or one.kept_ms < since_ms:
                continue
            if len(one.vector) != len(vector):
                continue
            likeness = sum(map(mul, one.vector, vector))
            if best is None or likeness > best.likeness:
                best = Near(response=one, likeness=likeness)
        return best

    def keep(self, response: Response) -> None:
        """See `Responses.keep`."""
        old = self._kept.pop(response.key, None)
        hits = (old.exact, old.semantic) if old is not None else (0, 0)
        self._kept[response.key] = _Kept(response=response, exact=hits[0], semantic=hits[1])
        for key, kept in list(self._kept.items()):
            if kept.response.expires_ms > response.kept_ms:
                break
            del self._kept[key]
        while len(self._kept) > self._entries_max:
            del self._kept[next(iter(self._kept))]

    def count(self, key: str, how: Found) -> None:
        """See `Responses.count`."""
        kept = self._kept.get(key)
        if kept is None:
            return
        if how == "exact":
            kept.exact += 1
        else:
            kept.semantic += 1

    async def statistics(self, tenant: str | None = None) -> tuple[Reused, ...]:
        """See `Responses.statistics`."""
        by_agent: dict[tuple[str, str], Reused] = {}
        for kept in self._kept.values():
            one = kept.response
            if tenant is None or one.tenant == tenant:
                whose = one.tenant, one.agent
                by_agent[whose] = _plus(by_agent.get(whose), kept)
        return tuple(by_agent[whose] for whose in sorted(by_agent))

    async def forget(self, tenant: str | None = None, *, before_ms: int | None = None) -> int:
        """See `Responses.forget`."""
        gone = [
            key
            for key, kept in self._kept.items()
            if (tenant is None or kept.response.tenant == tenant)
            and (before_ms is None or kept.response.kept_ms < before_ms)
        ]
        for key in gone:
            del self._kept[key]
        return len(gone)


def _plus(sums: Reused | None, kept: _Kept) -> Reused:
    one, hits = kept.response, kept.exact + kept.semantic
    usage: Usage = one.answer.usage
    before = sums or Reused(
        tenant=one.tenant,
        agent=one.agent,
        answers=0,
        exact_hits=0,
        semantic_hits=0,
        input_tokens=0,
        output_tokens=0,
        usd=0.0,
    )
    return Reused(
        tenant=one.tenant,
        agent=one.agent,
        answers=before.answers + 1,
        exact_hits=before.exact_hits + kept.exact,
        semantic_hits=before.semantic_hits + kept.semantic,
        input_tokens=before.input_tokens + hits * usage.input_tokens,
        output_tokens=before.output_tokens + hits * usage.output_tokens,
        usd=before.usd + hits * usage.cost_usd,
    )
