"""Expressions that are plain JSON: their value is known when they are compiled."""

import json
from typing import Final

from tenuto.core.vocabulary import Json

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1
_BEGINNINGS: Final = frozenset('{["-0123456789tfn')


class _NotPlain(ValueError):
    """Not JSON, or JSON that CEL takes otherwise."""


def literal_value(source: str) -> tuple[Json] | None:
    """Return the value of `source`, in a tuple, if it is JSON that means the same in CEL.

    A literal keeps the order of its keys, and may be nested deeper than CEL allows."""
    text = source.strip()
    # CEL knows no `\\/`, and no surrogates: let it say so itself.
    if text[:1] not in _BEGINNINGS or "\\/" in text or "\\ud" in text.lower():
        return None
    try:
        value: Json = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer
        )
        if text.encode() and _is_finite(value):
            return (value,)
    except (ValueError, RecursionError):
        pass
    return None


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _NotPlain("a key stands twice")
    return value


def _constant(name: str) -> Json:
    raise _NotPlain(name)


def _integer(digits: str) -> int:
    value = int(digits)
    if not _INT_MIN <= value <= _INT_MAX:
        raise _NotPlain("beyond 64 bits")
    return value


def _is_finite(value: Json) -> bool:
    if isinstance(value, float):
        return value - value == 0.0
    if isinstance(value, list):
        return all(map(_is_finite, value))
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return True
