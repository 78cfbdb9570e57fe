"""Which column of the source becomes which of the target.

Columns are compared by what speaks for them (`evidence`); tables by their names and their columns;
then each lends to the other, and foreign keys to both. The best whole assignment is taken, not the
best for each: two columns of the target are hardly ever made of one. Last, what is made of several
columns, or is a part of one, is looked for (`composing`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tenuto.teams.migration.lexicon import said_by
from tenuto.teams.migration.matching import evidence
from tenuto.teams.migration.matching.composing import Composite, composites
from tenuto.teams.migration.matching.naming import likeness, words_of
from tenuto.teams.migration.matching.sides import Side, sides_of
from tenuto.teams.migration.plan import Change
from tenuto.teams.migration.schema import Annotated, Schema

if TYPE_CHECKING:
    import numpy as np

ROUNDS: Final = 3
LEAST: Final = 0.2
"""Pairs that score less are no match."""
AGAIN: Final = 0.5
"""So sure it must be that a key is that of another table as well."""

# Found on half of the sets of tests/teams/migration/matching; the others were not looked at.
NAME, TYPE, MEANING, ROLE, PLACE = 0.56, 0.12, 0.16, 0.12, 0.04
VALUES: Final = 0.25
TABLE: Final = 0.38
NEIGHBOUR: Final = 0.1
SLOPE, MIDDLE, AHEAD = 22.0, 0.28, 3.1


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a column of the target is made of."""

    target: str
    """`table.column`."""
    sources: tuple[str, ...]
    """One, or several that are joined."""
    changes: tuple[Change, ...] = ()
    """`join` or `split`, where it is not one column as it is."""
    score: float
    confidence: float
    """From 0 to 1: of matches that say 0.9, nine of ten are right."""
    reasons: tuple[str, ...] = ()


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found."""

    tables: dict[str, tuple[str, float]]
    """Table of the target to the table of the source that most of it comes from, and the score."""
    matches: dict[str, Match]
    """By columns of the target."""
    unmatched: tuple[str, ...]
    """Columns of the target that nothing was found for."""
    unused: tuple[str, ...]
    """Columns of the source that go nowhere."""
    others: dict[str, tuple[tuple[str, float], ...]] = {}
    """By columns of the target: columns of the source that are like it, of every table, and how
    likely each is right; the best first."""


def match(source: Annotated, target: Annotated | Schema) -> Matching:
    """Return what each column of the target is made of; the same input gives the same."""
    there = target if isinstance(target, Annotated) else Annotated(schema=target, columns={})
    matcher = _Matcher(sides_of(source), sides_of(there))
    return matcher.matching()


class _Matcher:
    def __init__(self, sources: list[Side], targets: list[Side]) -> None:
        import numpy as np

        self.sources, self.targets = sources, targets
        self.tables_from = list(dict.fromkeys(side.table.name for side in sources))
        self.tables_to = list(dict.fromkeys(side.table.name for side in targets))
        self.of_source = np.array([self.tables_from.index(s.table.name) for s in sources], int)
        self.of_target = np.array([self.tables_to.index(t.table.name) for t in targets], int)

    def matching(self) -> Matching:
        own = self._own()
        names = self._table_names()
        tables = names
        scores = own
        for _ in range(ROUNDS):
            tables = self._tables(scores, names)
            scores = self._together(own, tables)
            scores = scores + NEIGHBOUR * self._neighbours(scores)
        matches = self._assigned(scores)
        for composite in composites(self.sources, self.targets, matches):
            matches[composite.target] = self._composed(composite)
        of_tables = self._of_tables(matches, tables)
        others = {side.id: self._others(scores[row]) for row, side in enumerate(self.targets)}
        for side in self.targets:
            now = matches.get(side.id)
            again = self._again(side, others[side.id], of_tables)
            if again is not None and (now is None or now.confidence < AGAIN):
                matches[side.id] = again
        used = {source for found in matches.values() for source in found.sources}
        return Matching(
            tables=of_tables,
            matches={side.id: matches[side.id] for side in self.targets if side.id in matches},
            unmatched=tuple(side.id for side in self.targets if side.id not in matches),
            unused=tuple(side.id for side in self.sources if side.id not in used),
            others=others,
        )

    def _again(
        self,
        side: Side,
        others: tuple[tuple[str, float], ...],
        tables: dict[str, tuple[str, float]],
    ) -> Match | None:
        """Return the match of a key that other tables of the target are made of as well: where a
        table was cut in parts, each has it."""
        if not (side.is_key or side.names) or side.table.name not in tables:
            return None
        by_id = {one.id: one for one in self.sources}
        wanted = tables[side.table.name][0]
        for source, likely in others:
            of = by_id[source]
            if of.table.name != wanted:
                continue
            if not (of.is_key or of.names) or likely < AGAIN:
                return None
            return Match(
                target=side.id,
                sources=(source,),
                score=likely,
                confidence=min(likely, 0.95),
                reasons=(f"It is the key by which parts of {wanted!r} belong together.",),
            )
        return None

    def _others(self, scores: np.ndarray[Any, Any]) -> tuple[tuple[str, float], ...]:
        """Return what a column might be made of, with how likely that is."""
        ranked = sorted(range(len(self.sources)), key=lambda place: (-scores[place], place))
        found = []
        for at, place in enumerate(ranked):
            if scores[place] < LEAST:
                break
            best = scores[ranked[1 if at == 0 else 0]] if len(ranked) > 1 else 0.0
            likely = confidence(float(scores[place]), float(scores[place] - best))
            found.append((self.sources[place].id, round(likely, 4)))
        return tuple(found)

    def _own(self) -> np.ndarray[Any, Any]:
        """Return what the columns themselves say for each pair."""
        import numpy as np

        found: np.ndarray[Any, Any] = np.zeros((len(self.targets), len(self.sources)))
        for row, target in enumerate(self.targets):
            for place, source in enumerate(self.sources):
                score = (
                    NAME * evidence.by_name(source, target)
                    + TYPE * evidence.by_type(source, target)
                    + MEANING * evidence.by_meaning(source, target)
                    + ROLE * evidence.by_role(source, target)
                    + PLACE * (1 - abs(source.place - target.place))
                )
                values = evidence.by_values(source, target)
                if values is not None:
                    score = (1 - VALUES) * score + VALUES * values
                found[row, place] = score
        return found

    def _table_names(self) -> np.ndarray[Any, Any]:
        import numpy as np

        words_from = [words_of(said_by(name)) for name in self.tables_from]
        words_to = [words_of(said_by(name)) for name in self.tables_to]
        found = np.zeros((len(words_to), len(words_from)))
        for row, there in enumerate(words_to):
            found[row] = [likeness(here, there) for here in words_from]
        return found

    def _tables(
        self, scores: np.ndarray[Any, Any], names: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        """Return how alike tables are: by name, and by the columns that find one another."""
        import numpy as np
        from scipy.optimize import linear_sum_assignment

        found: np.ndarray[Any, Any] = np.zeros(names.shape)
        for row in range(len(self.tables_to)):
            for place in range(len(self.tables_from)):
                part = scores[self.of_target == row][:, self.of_source == place]
                at = linear_sum_assignment(part, maximize=True)
                good = np.clip(part[at] - 0.3, 0, None) / 0.6
                columns = good.sum() / max(min(part.shape), 1)
                # A table of which nearly all is found counts more than one of two columns.
                filled = good.sum() / max(part.shape[0], 1)
                found[row, place] = 0.5 * names[row, place] + 0.3 * columns + 0.2 * filled
        return found

    def _together(
        self, own: np.ndarray[Any, Any], tables: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        """Return the scores of columns with what their tables and the tables they name add."""
        import numpy as np

        best = np.maximum(tables.max(axis=1, keepdims=True), tables.max(axis=0, keepdims=True))
        relative = tables * (0.5 + 0.5 * tables / np.maximum(best, 1e-9))
        spread = relative[np.ix_(self.of_target, self.of_source)]
        scores: np.ndarray[Any, Any] = (1 - TABLE) * own + TABLE * spread
        for row, target in enumerate(self.targets):
            for place, source in enumerate(self.sources):
                if target.names in self.tables_to and source.names in self.tables_from:
                    named = tables[
                        self.tables_to.index(str(target.names)),
                        self.tables_from.index(str(source.names)),
                    ]
                    scores[row, place] += 0.25 * (named - 0.35)
        return scores

    def _neighbours(self, scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return for each pair how many of the pairs beside it are each other's best, from 0 to 1:
        who cuts a table anew seldom shuffles its columns."""
        import numpy as np

        rows = np.arange(len(self.targets))
        best = np.zeros_like(scores)
        mutual = scores.argmax(axis=0)[scores.argmax(axis=1)] == rows
        best[rows[mutual], scores.argmax(axis=1)[mutual]] = 1.0
        found = np.zeros_like(scores)
        same_target = self.of_target[1:] == self.of_target[:-1]
        same_source = self.of_source[1:] == self.of_source[:-1]
        together = np.outer(same_target, same_source)
        found[1:, 1:] += best[:-1, :-1] * together
        found[:-1, :-1] += best[1:, 1:] * together
        return found / 2

    def _assigned(self, scores: np.ndarray[Any, Any]) -> dict[str, Match]:
        from scipy.optimize import linear_sum_assignment

        found: dict[str, Match] = {}
        # What is below the least is worth nothing, so that it pushes nobody out.
        worth = scores.copy()
        worth[worth < LEAST] = 0.0
        for row, place in zip(*linear_sum_assignment(worth**2, maximize=True), strict=True):
            score = float(scores[row, place])
            if score < LEAST:
                continue
            target, source = self.targets[row], self.sources[place]
            ahead = score - self._next_best(scores, int(row), int(place))
            found[target.id] = Match(
                target=target.id,
                sources=(source.id,),
                score=round(score, 4),
                confidence=round(confidence(score, ahead), 4),
                reasons=tuple(_reasons(source, target)),
            )
        return found

    def _next_best(self, scores: np.ndarray[Any, Any], row: int, place: int) -> float:
        import numpy as np

        others = [np.delete(scores[row], place), np.delete(scores[:, place], row)]
        return float(max((part.max() for part in others if part.size), default=0.0))

    def _composed(self, composite: Composite) -> Match:
        return Match(
            target=composite.target,
            sources=composite.sources,
            changes=composite.changes,
            score=composite.score,
            confidence=composite.score,
            reasons=composite.reasons,
        )

    def _of_tables(
        self, matches: dict[str, Match], tables: np.ndarray[Any, Any]
    ) -> dict[str, tuple[str, float]]:
        found: dict[str, tuple[str, float]] = {}
        by_id = {side.id: side for side in (*self.sources, *self.targets)}
        for row, name in enumerate(self.tables_to):
            votes: dict[str, float] = {}
            for target, one in matches.items():
                if by_id[target].table.name == name:
                    for source in one.sources:
                        of = by_id[source].table.name
                        votes[of] = votes.get(of, 0.0) + one.confidence
            if votes:
                best = max(sorted(votes), key=lambda of: votes[of])
                score = float(tables[row, self.tables_from.index(best)])
                found[name] = (best, round(score, 4))
        return found


def confidence(score: float, ahead: float) -> float:
    """Return how likely a match is right, by its score and how far it is ahead of the next best."""
    return 1 / (1 + math.exp(-(SLOPE * (score - MIDDLE) + AHEAD * ahead)))


def _reasons(source: Side, target: Side) -> list[str]:
    said = []
    if evidence.by_name(source, target) >= 0.6:
        said.append(f"The names {source.column.name!r} and {target.column.name!r} say the same.")
    if source.meaning.semantic == target.meaning.semantic and source.meaning.semantic != "unknown":
        said.append(f"Both are {source.meaning.semantic.replace('_', ' ')}.")
    values = evidence.by_values(source, target)
    if values is not None and values >= 0.7:
        said.append("Their values are alike.")
    if source.names and target.names:
        said.append(f"They name {source.names!r} and {target.names!r}.")
    return said
