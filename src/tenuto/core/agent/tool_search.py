"""Search among tools: by the words of their names, descriptions and parameters.

Okapi BM25 over the three fields as one text in which a name counts thrice. Source: Robertson and
Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; `k1` and `b` are its usual
values.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.agent.state import Turn
from tenuto.core.vocabulary import Json, JsonObject

FIND_TOOLS: Final = "find_tools"
"""The tool by which a model finds those that it is not shown."""

_K1: Final = 1.2
_B: Final = 0.75
_NAME_WEIGHT: Final = 3

_WORD: Final = re.compile(r"[^\W_]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_DESCRIPTION_CHARS_MAX: Final = 300
_PARAMETERS_MAX: Final = 20


def best_of(query: str, tools: Sequence[ToolSpec], *, most: int) -> list[ToolSpec]:
    """Return the tools that fit the words of `query` best, at most so many, best first.

    One that has none of the words is never among them; of equals the earlier comes first."""
    wanted = set(_words(query))
    if not wanted or not tools:
        return []
    texts = [_text(tool) for tool in tools]
    lengths = [sum(text.values()) for text in texts]
    average = sum(lengths) / len(lengths) or 1.0
    weights = {word: _rarity(word, texts) for word in sorted(wanted)}
    scores = [
        sum(
            weight * text[word] * (_K1 + 1) / (text[word] + _K1 * (1 - _B + _B * length / average))
            for word, weight in weights.items()
            if word in text
        )
        for text, length in zip(texts, lengths, strict=True)
    ]
    order = sorted(range(len(tools)), key=lambda n: (-scores[n], n))
    return [tools[n] for n in order[:most] if scores[n] > 0]


def _rarity(word: str, texts: Sequence[Counter[str]]) -> float:
    having = sum(1 for text in texts if word in text)
    return math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))


def _text(tool: ToolSpec) -> Counter[str]:
    words = Counter(_words(tool.description))
    for word in _words(tool.name):
        words[word] += _NAME_WEIGHT
    for name in _properties(tool):
        words.update(_words(name))
    return words


def _words(text: str) -> Iterator[str]:
    """Yield words in small letters and the singular: `listIssues` has `list` and `issue`."""
    for found in _WORD.findall(_HUMP.sub(" ", text)):
        word = found.lower()
        if len(word) > 4 and word.endswith("ies"):
            yield f"{word[:-3]}y"
        elif len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
            yield word[:-1]
        else:
            yield word


def _properties(tool: ToolSpec) -> JsonObject:
    found = tool.parameters.get("properties")
    return found if isinstance(found, dict) else {}


def summary_of(tool: ToolSpec) -> JsonObject:
    """Return a tool in short, as a search gives it: name, description, parameters."""
    description = " ".join(tool.description.split())
    if len(description) > _DESCRIPTION_CHARS_MAX:
        description = f"{description[:_DESCRIPTION_CHARS_MAX]}…"
    required = tool.parameters.get("required")
    needed = required if isinstance(required, list) else []
    properties = _properties(tool)
    parts = [
        f"{name}: {_type_of(schema)}" + ("" if name in needed else ", optional")
        for name, schema in list(properties.items())[:_PARAMETERS_MAX]
    ]
    if len(properties) > _PARAMETERS_MAX:
        parts.append("…")
    return {"name": tool.name, "description": description, "parameters": "; ".join(parts)}


def _type_of(schema: Json) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(kind, list):
        return " or ".join(name for name in kind if isinstance(name, str))
    return kind if isinstance(kind, str) else "any"


def recalled(turns: Sequence[Turn], known: Collection[str], *, most: int) -> frozenset[str]:
    """Return those of the `known` names that turns of this task called or found, newest first, at
    most so many."""
    names: dict[str, None] = {}
    for turn in reversed(turns):
        for name in _named_in(turn):
            if name in known:
                names[name] = None
                if len(names) == most:
                    return frozenset(names)
    return frozenset(names)


def _named_in(turn: Turn) -> Iterator[str]:
    for call in turn.answer.calls:
        yield call.tool
    for result in turn.results:
        if result is None or result.tool != FIND_TOOLS or not isinstance(result.value, dict):
            continue
        found = result.value.get("tools")
        for tool in found if isinstance(found, list) else []:
            name = tool.get("name") if isinstance(tool, dict) else None
            if isinstance(name, str):
                yield name
