"""What all organisations have and use together, counted at most every few seconds.

Who reads it runs the server and may not see what is another organisation's: so nothing is told by
organisation, and a model is named where the server or the first organisation uses it. What others
call their models stands together as `other`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

import msgspec

from tenuto.core.accounts.principal import HOME
from tenuto.core.lifecycle import Status
from tenuto.core.tables import COUNTS
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.read_models import UsageSum
from tenuto.sdk.runtime import Runtime
from tenuto.server.registry.offered import Offered

FRESH_S: Final = 10.0
MODELS_MAX: Final = 100
OTHER: Final = "other"


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted."""

    sessions: Mapping[Status, int] = {}
    """By status; all statuses that there are."""
    models: tuple[UsageSum, ...] = ()


class Surveyor:
    """Counts, and remembers for a while what it counted."""

    def __init__(
        self, runtime: Runtime, offered: Mapping[str, Offered], *, fresh_s: float = FRESH_S
    ) -> None:
        self._runtime, self._offered, self._fresh_s = runtime, offered, fresh_s
        self._known: tuple[float, Survey] | None = None
        self._counting = asyncio.Lock()

    async def survey(self) -> Survey:
        """Return what there was at most `fresh_s` seconds ago.

        Raises:
            StoreUnavailable: it cannot be counted now.
        """
        async with self._counting:
            if self._known is None or monotonic() - self._known[0] >= self._fresh_s:
                self._known = monotonic(), await self._counted()
            return self._known[1]

    async def _counted(self) -> Survey:
        lists, tables = self._runtime.lists, self._runtime.read_models
        assert lists is not None, "an open database has lists"
        all_models = await tables.usage(None, by="model")
        own = await tables.usage(HOME, by="model")
        names = {one.group for one in own}
        for offered in self._offered.values():
            names |= _models(offered.definition)
        named = [one for one in all_models if one.group in names and one.group != OTHER]
        named = named[:MODELS_MAX]
        total = await tables.usage(None)
        rest = _difference(total[0] if total else UsageSum(), named)
        models = (*named, rest) if any(_counts(rest)) else tuple(named)
        return Survey(sessions=await lists.by_status(), models=models)


def _models(definition: WorkflowDefinition) -> set[str]:
    return {agent.model for agent in definition.agents}.union(*map(_models, definition.children))


def _difference(total: UsageSum, parts: list[UsageSum]) -> UsageSum:
    left: Counter[str] = Counter(dict(zip(COUNTS, _counts(total), strict=True)))
    for part in parts:
        left.subtract(dict(zip(COUNTS, _counts(part), strict=True)))
    # Of two questions one moment apart: what came between them is not less than nothing.
    return UsageSum(group=OTHER, **dict[str, Any]({name: max(0, n) for name, n in left.items()}))


def _counts(used: UsageSum) -> list[int]:
    return [getattr(used, name) for name in COUNTS]
