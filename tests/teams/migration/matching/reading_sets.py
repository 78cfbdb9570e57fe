"""Sets of schemas with what each column of the target is made of, as people wrote them down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from tenuto.teams.migration.databases.describing.sqlite_types import type_of
from tenuto.teams.migration.matching import Match, match
from tenuto.teams.migration.schema import Annotated, Column, ForeignKey, Schema, Table

FOLDER: Final = Path(__file__).with_name("sets")
_COLUMN: Final = re.compile(r"(\w+) ([\w]+(?:\([\d,]+\))?)( pk)?(?: -> (\w+))?")


class Set(msgspec.Struct, frozen=True):
    """A source, a target, and what the target is made of."""

    name: str
    source: Schema
    target: Schema
    gold: dict[str, frozenset[str]]


class Judged(msgspec.Struct, frozen=True):
    """A match of a column that has an answer, and whether it is right."""

    set: str
    found: Match | None
    target: str
    gold: frozenset[str]

    @property
    def right(self) -> bool:
        return self.found is not None and frozenset(self.found.sources) == self.gold


def sets() -> list[Set]:
    """Return all sets, in the order of their numbers."""
    return [_read(file) for file in sorted(FOLDER.glob("*.txt"))]


def tuned(of: Set) -> bool:
    """Return whether a set may be looked at when the matcher is changed: those of odd numbers."""
    return int(of.name[:2]) % 2 == 1


def judged(of: Set) -> list[Judged]:
    """Return what the matcher makes of a set. Columns without an answer that it finds one for are
    in it too: they are wrong."""
    found = match(Annotated(schema=of.source, columns={}), of.target).matches
    answers = [Judged(of.name, found.get(target), target, gold) for target, gold in of.gold.items()]
    extra = [
        Judged(of.name, one, target, frozenset())
        for target, one in found.items()
        if target not in of.gold
    ]
    return answers + extra


def _read(file: Path) -> Set:
    parts = re.split(r"^\[(\w+)\]\n", file.read_text("utf-8"), flags=re.MULTILINE)
    by_name = dict(zip(parts[1::2], parts[2::2], strict=True))
    gold = {}
    for line in by_name["gold"].strip().splitlines():
        target, _, made_of = line.partition(" = ")
        gold[target] = frozenset(made_of.split(" + "))
    return Set(file.stem, _schema(by_name["source"]), _schema(by_name["target"]), gold)


def _schema(text: str) -> Schema:
    tables = []
    for line in text.strip().splitlines():
        name, _, rest = line.partition(": ")
        columns, key, foreign = [], [], []
        for part in re.split(r", (?=\w+ )", rest):
            found = _COLUMN.fullmatch(part)
            assert found, f"{name}: {part}"
            column, type_, is_key, parent = found.groups()
            columns.append(Column(name=column, type=type_of(type_)))
            key += [column] if is_key else []
            if parent:
                foreign.append((column, parent))
        tables.append((name, columns, key, foreign))
    keys = {name: tuple(key) for name, _, key, _ in tables}
    return Schema(
        system="sqlite",
        version="",
        tables=tuple(
            Table(
                name=name,
                columns=tuple(columns),
                key=tuple(key),
                foreign_keys=tuple(
                    ForeignKey(name=column, columns=(column,), table=parent, named=keys[parent][:1])
                    for column, parent in foreign
                ),
            )
            for name, columns, key, foreign in tables
        ),
    )
