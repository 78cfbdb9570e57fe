"""What two people made of one thing: where each changed it, and where both did, differently.

Objects are compared key by key, and lists whose items all have an `id` or a `name` item by item;
any other value is compared as a whole.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from tenuto.core.vocabulary import Json, JsonObject

_NAMES: Final = ("id", "name")


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A place that both changed, differently. What is not there is left out."""

    path: str
    """As in `nodes.pay.condition`."""
    base: Json | UnsetType = UNSET
    mine: Json | UnsetType = UNSET
    theirs: Json | UnsetType = UNSET


class ThreeWay(msgspec.Struct, frozen=True, kw_only=True):
    """What became of `base`. Places are in the order of what is compared."""

    mine: tuple[str, ...]
    """Places that only mine changed."""
    theirs: tuple[str, ...]
    """Places that only theirs changed."""
    conflicts: tuple[Conflict, ...]


def three_way(base: JsonObject, mine: JsonObject, theirs: JsonObject) -> ThreeWay:
    """Return how `mine` and `theirs` differ from `base`, and from each other."""
    only_mine: list[str] = []
    only_theirs: list[str] = []
    conflicts: list[Conflict] = []
    for found in _differences("", base, mine, theirs):
        if found.theirs == found.base:
            only_mine.append(found.path)
        elif found.mine == found.base:
            only_theirs.append(found.path)
        else:
            conflicts.append(found)
    return ThreeWay(mine=tuple(only_mine), theirs=tuple(only_theirs), conflicts=tuple(conflicts))


def _differences(
    path: str, base: Json | UnsetType, mine: Json | UnsetType, theirs: Json | UnsetType
) -> Iterator[Conflict]:
    """Yield the smallest places where `mine` and `theirs` differ."""
    if mine == theirs:
        return
    parts = [None if one is UNSET else _parts(one) for one in (base, mine, theirs)]
    if base is UNSET:
        parts[0] = {}
    first, second, third = parts
    if first is None or second is None or third is None:
        yield Conflict(path=path, base=base, mine=mine, theirs=theirs)
        return
    for name in {**first, **third, **second}:
        place = f"{path}.{name}" if path else name
        yield from _differences(
            place, first.get(name, UNSET), second.get(name, UNSET), third.get(name, UNSET)
        )


def _parts(value: Json | UnsetType) -> dict[str, Json] | None:
    """Return what `value` is made of, by name; None: it is compared as a whole."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    for field in _NAMES:
        named: dict[str, Json] = {
            str(item[field]): item for item in value if isinstance(item, dict) and field in item
        }
        if len(named) == len(value):
            return named
    return None
