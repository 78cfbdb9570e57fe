"""Turns of strategies, by a model that cannot reason: nothing is planned, all thoughts are alike,
and every answer is good."""

import re
from typing import Final

from tenuto.core.agent.messages import ModelRequest
from tenuto.core.vocabulary import Json, JsonObject

PURPOSES: Final = frozenset({"plan", "critique", "propose", "score"})

_NUMBERED: Final = re.compile(r"^\d+\. ", re.MULTILINE)


def think(request: ModelRequest) -> JsonObject:
    """Return data for a turn with one of `PURPOSES`."""
    match request.purpose:
        case "plan":
            return {"steps": []}
        case "propose":
            thought: JsonObject = {"thought": "Say what the inputs say.", "follows": 0}
            return {"thoughts": [thought]}
        case "score":
            scores: list[Json] = [5.0 for _ in _NUMBERED.findall(request.messages[-1].text)]
            return {"scores": scores}
    return {"good": True, "faults": []}
