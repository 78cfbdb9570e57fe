"""The columns of both sides, as they are compared."""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.lexicon import Said, said_by
from tenuto.teams.migration.matching.naming import Word, words_of
from tenuto.teams.migration.schema import Annotated, Column, Meaning, Profile, Table
from tenuto.teams.migration.scout.meanings import meaning_of

PREFIXED_FROM: Final = 4
NOTHING_SEEN: Final = Profile(rows=0, whole=True)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A column with its table and what is known of it."""

    id: str
    """`table.column`."""
    table: Table
    column: Column
    words: tuple[Word, ...]
    context: frozenset[str]
    """What the name of the table means."""
    described: tuple[Word, ...]
    """The words of its description."""
    meaning: Meaning
    profile: Profile
    names: str | None
    """The table that it names, when it is in a foreign key."""
    is_key: bool
    place: float
    """From 0, the first column of the table, to 1."""


def sides_of(annotated: Annotated) -> list[Side]:
    """Return the columns of a schema, in its order."""
    found = []
    for table in annotated.schema.tables:
        about: Said = said_by(table.name)
        prefix = common_prefix([column.name for column in table.columns])
        foreign = {name: key.table for key in table.foreign_keys for name in key.columns}
        for place, column in enumerate(table.columns):
            notes = annotated.columns.get(f"{table.name}.{column.name}")
            profile = notes.profile if notes else NOTHING_SEEN
            found.append(
                Side(
                    id=f"{table.name}.{column.name}",
                    table=table,
                    column=column,
                    words=words_of(said_by(column.name[len(prefix) :])),
                    context=about.all,
                    described=words_of(said_by(column.comment)) if column.comment else (),
                    meaning=notes.meaning if notes else meaning_of(table, column, profile),
                    profile=profile,
                    names=foreign.get(column.name),
                    is_key=column.name in table.key,
                    place=place / max(len(table.columns) - 1, 1),
                )
            )
    return found


def common_prefix(names: list[str]) -> str:
    """Return the letters that nearly all names of a table begin with, and that say nothing: CM of
    CMNAME, CMCITY. None where names have so few columns that it may be chance."""
    if len(names) < PREFIXED_FROM:
        return ""
    first, last = min(names), max(names)
    while not last.startswith(first):
        first = first[:-1]
    # A name must be left behind it, and what is left must not begin within a word.
    while first and any(len(name) <= len(first) for name in names):
        first = first[:-1]
    if not first.isupper() and not first.endswith("_"):
        return ""
    return first if len(first) >= 2 else ""
