"""Columns that are made of several, and columns that are a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tenuto.teams.migration.lexicon import said_by
from tenuto.teams.migration.matching.sides import Side
from tenuto.teams.migration.plan import Change

if TYPE_CHECKING:
    from tenuto.teams.migration.matching.matcher import Match


class Composite(msgspec.Struct, frozen=True, kw_only=True):
    """What a column of the target is made of."""

    target: str
    sources: tuple[str, ...]
    changes: tuple[Change, ...]
    score: float
    reasons: tuple[str, ...]


class Whole(msgspec.Struct, frozen=True):
    """A meaning that is made of others."""

    name: str
    parts: tuple[str, ...]
    between: str


STANDS_ALONE: Final = 0.33
"""A match of a part that scores so much may be a column of its own."""
_WHOLES: Final = (
    Whole("full_name", ("first_name", "last_name"), " "),
    Whole("street", ("street", "house_number"), " "),
)
_ALSO: Final = {"full_name": frozenset({"full_name", "name", "user_name"})}


def composites(
    sources: Sequence[Side], targets: Sequence[Side], matches: Mapping[str, Match]
) -> list[Composite]:
    """Return the columns of the target that are made in such a way, rather than as matched."""
    making = _Composing(sources, targets, matches)
    return [
        found
        for whole in _WHOLES
        for target in targets
        if (found := making.composite(whole, target)) is not None
    ]


class _Composing:
    def __init__(
        self, sources: Sequence[Side], targets: Sequence[Side], matches: Mapping[str, Match]
    ) -> None:
        self.sources, self.targets, self.matches = sources, targets, matches
        self.tables = _tables_of(sources, targets, matches)

    def composite(self, of: Whole, target: Side) -> Composite | None:
        """Return what a column is made of as a whole or as a part; None: it is neither."""
        table = self.tables.get(target.table.name)
        if table is None:
            return None
        if target.meaning.semantic in _also(of.name):
            return self._joined(of, target, table)
        if target.meaning.semantic in of.parts:
            return self._split(of, target, table)
        return None

    def _joined(self, of: Whole, target: Side, table: str) -> Composite | None:
        """The target has the whole; the source has all parts, and no whole of its own."""
        if self._has_parts(of, target):
            return None
        found = [_within(self.sources, table, part) for part in of.parts]
        if of.name == "full_name" and _within(self.targets, target.table.name, "first_name"):
            # Beside a first name, a name is the last one.
            return None
        if any(len(one) != 1 for one in found):
            return None
        if _within(self.sources, table, of.name) not in ([], found[0]):
            return None
        if of.name == "full_name" and _qualified(target) != _qualified(found[0][0]):
            return None
        return Composite(
            target=target.id,
            sources=tuple(one[0].id for one in found),
            changes=(Change(do="join", options={"separator": of.between}),),
            score=0.93,
            reasons=(f"It is the {of.name.replace('_', ' ')}, which the source has in parts.",),
        )

    def _split(self, of: Whole, target: Side, table: str) -> Composite | None:
        """The target has all parts; the source has the whole, and no parts of its own."""
        if not self._has_parts(of, target):
            return None
        others = [part for part in of.parts if part != of.name]
        if any(_within(self.sources, table, part) for part in others):
            return None
        wholes = [
            side
            for semantic in sorted(_also(of.name))
            for side in _within(self.sources, table, semantic)
        ]
        if len(wholes) != 1 or self._stand_alone(of, target, table):
            return None
        # The last part is the last word; what comes before it is the first.
        part = -1 if target.meaning.semantic == of.parts[-1] else 0
        return Composite(
            target=target.id,
            sources=(wholes[0].id,),
            changes=(Change(do="split", options={"separator": of.between, "part": part}),),
            score=0.9,
            reasons=(f"It is a part of the {of.name.replace('_', ' ')}, which the source has.",),
        )

    def _stand_alone(self, of: Whole, target: Side, table: str) -> bool:
        """Return whether the parts have columns of their own in the source, though nothing but
        where they stand tells so: the first may be called a name, the last something unknown."""
        own = [
            self.matches.get(side.id)
            for part in of.parts
            for side in _within(self.targets, target.table.name, part)
        ]
        return all(
            one is not None
            and one.score >= STANDS_ALONE
            and one.sources[0].rpartition(".")[0] == table
            for one in own
        )

    def _has_parts(self, of: Whole, target: Side) -> bool:
        return all(_within(self.targets, target.table.name, part) for part in of.parts)


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
    there = (side for side in sides if side.table.name == table)
    return [side for side in there if side.meaning.semantic == semantic]


def _also(whole: str) -> frozenset[str]:
    return _ALSO.get(whole, frozenset({whole}))


def _qualified(side: Side) -> frozenset[str]:
    """Return what else a name says: that of a contact is not that of the customer."""
    said = said_by(side.column.name).all - side.context
    return said & {"contact", "manager", "agent", "doctor", "teacher", "author", "parent"}
