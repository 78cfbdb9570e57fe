"""Columns that are made of several, and columns that are a part of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tenuto.teams.migration.lexicon import said_by
from tenuto.teams.migration.matching.sides import Side
from tenuto.teams.migration.plan import Change

if TYPE_CHECKING:
    import numpy as np

    from tenuto.teams.migration.matching.matcher import Match


class Composite(msgspec.Struct, frozen=True, kw_only=True):
    """What a column of the target is made of."""

    target: str
    sources: tuple[str, ...]
    changes: tuple[Change, ...]
    score: float
    reasons: tuple[str, ...]


_WHOLES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("full_name", ("first_name", "last_name"), " "),
    ("street", ("street", "house_number"), " "),
)
"""Meaning, the meanings that it is made of, in their order, and what stands between them."""
_ALSO: Final = {"full_name": frozenset({"full_name", "name", "user_name"})}


def composites(
    sources: Sequence[Side],
    targets: Sequence[Side],
    scores: np.ndarray[Any, Any],
    matches: Mapping[str, Match],
) -> Iterator[Composite]:
    """Give the columns of the target that are better made in such a way than as they are matched."""
    tables = _tables_of(sources, targets, matches)
    for whole, parts, between in _WHOLES:
        for target in targets:
            if target.meaning.semantic in _ALSO.get(whole, {whole}):
                found = _joined(whole, parts, between, target, sources, targets, tables)
                if found is not None:
                    yield found
            elif target.meaning.semantic in parts:
                found = _split(whole, parts, between, target, sources, targets, tables)
                if found is not None:
                    yield found


def _tables_of(
    sources: Sequence[Side], targets: Sequence[Side], matches: Mapping[str, Match]
) -> dict[str, str]:
    """Return for each table of the target the table of the source that most of it comes from."""
    table_of = {side.id: side.table.name for side in (*sources, *targets)}
    votes: dict[str, dict[str, float]] = {}
    for target, found in matches.items():
        own = votes.setdefault(table_of[target], {})
        of = table_of[found.sources[0]]
        own[of] = own.get(of, 0.0) + found.score
    return {table: max(sorted(own), key=lambda of: own[of]) for table, own in votes.items()}


def _within(sides: Sequence[Side], table: str, semantic: str) -> list[Side]:
    return [
        side for side in sides if side.table.name == table and side.meaning.semantic == semantic
    ]


def _joined(
    whole: str,
    parts: tuple[str, ...],
    between: str,
    target: Side,
    sources: Sequence[Side],
    targets: Sequence[Side],
    tables: Mapping[str, str],
) -> Composite | None:
    """The target has the whole; the source has all parts, and no whole of its own."""
    table = tables.get(target.table.name)
    if table is None or _has_own_parts(target, parts, targets):
        return None
    found = [_within(sources, table, part) for part in parts]
    if any(len(one) != 1 for one in found) or _within(sources, table, whole) not in ([], found[0]):
        return None
    if whole == "full_name" and _qualified(target) != _qualified(found[0][0]):
        return None
    names = tuple(one[0].id for one in found)
    return Composite(
        target=target.id,
        sources=names,
        changes=(Change(do="join", options={"separator": between}),),
        score=0.86,
        reasons=(f"It is the {whole.replace('_', ' ')}, which the source has in parts.",),
    )


def _split(
    whole: str,
    parts: tuple[str, ...],
    between: str,
    target: Side,
    sources: Sequence[Side],
    targets: Sequence[Side],
    tables: Mapping[str, str],
) -> Composite | None:
    """The target has all parts; the source has the whole, and no parts of its own."""
    table = tables.get(target.table.name)
    if table is None or not _has_own_parts(target, parts, targets):
        return None
    if whole in parts and not _within(targets, target.table.name, parts[-1]):
        return None
    others = [part for part in parts if part != whole]
    if any(_within(sources, table, part) for part in others):
        return None
    wholes = [
        side
        for semantic in sorted(_ALSO.get(whole, {whole}))
        for side in _within(sources, table, semantic)
    ]
    if len(wholes) != 1:
        return None
    place = parts.index(target.meaning.semantic)
    # The last part is the last word; what comes before it is the first.
    part = -1 if place == len(parts) - 1 else 0
    return Composite(
        target=target.id,
        sources=(wholes[0].id,),
        changes=(Change(do="split", options={"separator": between, "part": part}),),
        score=0.84,
        reasons=(f"It is a part of the {whole.replace('_', ' ')}, which the source has whole.",),
    )


def _has_own_parts(target: Side, parts: tuple[str, ...], targets: Sequence[Side]) -> bool:
    return all(_within(targets, target.table.name, part) for part in parts)


def _qualified(side: Side) -> frozenset[str]:
    """Return what else a name says: that of a contact is not that of the customer."""
    said = said_by(side.column.name).all - side.context
    return said & {"contact", "manager", "agent", "doctor", "teacher", "author", "parent"}
