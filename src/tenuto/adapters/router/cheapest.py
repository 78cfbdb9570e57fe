"""Chooses the cheapest model of a route that is likely to do.

How hard a request is, from 0 to 3, is counted from what can be seen of it: one for a long
conversation (over `LONG_CHARS`), one for many tools (over `TOOLS_MANY`) and one for an output of a
deep shape (over `DEPTH_DEEP` levels). The harder it is, the further up in the list of models by
price the choice begins: with one sign no longer at the cheapest, with three at the dearest. A model
whose answers to requests as hard as this one missed more often than `MISSES_MAX` of the time
(refused, empty, cut short, or not of the shape that was asked for) comes last until it has done
better. Both are rules of thumb of ours; every other model follows, so a wrong choice costs one
request.
"""

from collections import deque
from collections.abc import Sequence
from math import ceil
from typing import Final

from tenuto.adapters.router.prices import price_of
from tenuto.core.agent.messages import ModelRequest
from tenuto.core.agent.routes import RouteModel
from tenuto.core.vocabulary import Json

LONG_CHARS: Final = 8_000
TOOLS_MANY: Final = 8
DEPTH_DEEP: Final = 3
HARDNESS_MAX: Final = 3
MISSES_MAX: Final = 0.34
OUTCOMES_MIN: Final = 5
"""Outcomes before which a model is not judged."""
OUTCOMES_KEPT: Final = 50


class Choice:
    """Orders the models of one route, and learns from how they did."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[str, int], deque[bool]] = {}

    def ordered(self, parts: Sequence[RouteModel], request: ModelRequest) -> list[RouteModel]:
        """Return the models in the order in which they are to be asked."""
        by_price = sorted(parts, key=price_of)
        hardness = hardness_of(request)
        first = ceil(hardness * max(0, len(by_price) - 1) / HARDNESS_MAX)
        dearer_first = by_price[first:] + by_price[:first][::-1]
        return sorted(dearer_first, key=lambda part: self._misses_often(part.model, hardness))

    def note(self, model: str, request: ModelRequest, *, did: bool) -> None:
        """Take note of how a model did with a request."""
        key = model, hardness_of(request)
        self._outcomes.setdefault(key, deque(maxlen=OUTCOMES_KEPT)).append(did)

    def _misses_often(self, model: str, hardness: int) -> bool:
        known = self._outcomes.get((model, hardness), ())
        return len(known) >= OUTCOMES_MIN and known.count(False) > MISSES_MAX * len(known)


def hardness_of(request: ModelRequest) -> int:
    """Return how hard a request looks, from 0 to `HARDNESS_MAX`."""
    chars = len(request.instructions) + sum(len(message.text) for message in request.messages)
    return (
        (chars > LONG_CHARS)
        + (len(request.tools) > TOOLS_MANY)
        + (_depth(request.output_schema) > DEPTH_DEEP)
    )


def _depth(schema: Json) -> int:
    """Return how many objects and lists lie within each other."""
    if not isinstance(schema, dict):
        return 0
    properties = schema.get("properties")
    inner = list(properties.values()) if isinstance(properties, dict) else []
    items = schema.get("items")
    inner += [items] if items is not None else []
    definitions = schema.get("$defs")
    inner += list(definitions.values()) if isinstance(definitions, dict) else []
    return (1 if schema.get("type") in ("object", "array") else 0) + max(
        map(_depth, inner), default=0
    )
