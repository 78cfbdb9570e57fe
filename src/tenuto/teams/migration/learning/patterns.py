"""What one migration teaches: a few general statements, in which no value of a row stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.recovery.fixes import Fix
from tenuto.teams.migration.schema import Annotated

PATTERNS_MAX: Final = 4
"""How many a migration contributes at most: the noise grows with it. See `releasing.floor`."""
SURE: Final = 0.9
"""Meanings of less confidence teach nothing."""
_WORD: Final = re.compile(r"[a-zäöüßéèáíóúñç]{2,24}")

Sort = Literal["fix", "meaning", "type"]


class Pattern(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A statement: of this, that was right."""

    sort: Sort
    """`fix`: kind of column to the fix that helped. `meaning`: word of a name to semantic type.
    `type`: type of the source to type of the target."""
    of: str
    was: str

    @property
    def text(self) -> str:
        """Return it in one line, as it is counted."""
        return f"{self.sort} {self.of} → {self.was}"


def patterns_of(
    plan: Plan, annotated: Annotated, fixes: Iterable[tuple[str, Fix]] = ()
) -> tuple[Pattern, ...]:
    """Return what a migration contributes: what helped first, then what names meant, then types; at
    most `PATTERNS_MAX`.

    Args:
        fixes: table and fix, of what Recovery did.
    """
    found: dict[Pattern, None] = {}
    kinds = {
        (table.name, column.name): column.kind for table in plan.tables for column in table.columns
    }
    for table, fix in fixes:
        if fix.column:
            kind = kinds.get((table, fix.column), "text")
            found[Pattern(sort="fix", of=kind, was=fix.name)] = None
    found |= dict.fromkeys(sorted(_meanings(annotated)))
    found |= dict.fromkeys(sorted(_types(plan, annotated)))
    return tuple(found)[:PATTERNS_MAX]


def _meanings(annotated: Annotated) -> set[Pattern]:
    return {
        Pattern(sort="meaning", of=words[-1], was=notes.meaning.semantic)
        for name, notes in annotated.columns.items()
        if notes.meaning.confidence >= SURE
        and (words := _WORD.findall(name.rpartition(".")[2].lower()))
    }


def _types(plan: Plan, annotated: Annotated) -> set[Pattern]:
    tables = {table.name: table for table in annotated.schema.tables}
    declared = {
        (table.source, column.name): column.type.declared
        for table in plan.tables
        if table.source in tables
        for column in tables[table.source].columns
    }
    return {
        Pattern(
            sort="type",
            of=f"{plan.source_system} {declared[table.source, column.source].lower()}",
            was=f"{plan.target_system} {column.type.lower()}",
        )
        for table in plan.tables
        for column in table.columns
        if column.source and (table.source, column.source) in declared
    }
