"""What only the text of a declaration tells: checks, collations, expressions, AUTOINCREMENT."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenuto.teams.migration.databases.describing.lexing import (
    Mark,
    closing,
    inside,
    marks,
    parts,
)


class DeclaredColumn(msgspec.Struct, frozen=True, kw_only=True):
    """What a column's declaration holds beside name, type and default."""

    generated: str | None = None
    collation: str | None = None


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a table's declaration tells."""

    columns: dict[str, DeclaredColumn]
    """By their names in small letters."""
    checks: tuple[tuple[str | None, str], ...] = ()
    """Name, where it has one, and condition."""
    counts: bool = False
    """It has AUTOINCREMENT."""
    without_rowid: bool = False
    strict: bool = False


def declared_in(sql: str) -> Declared:
    """Return what a CREATE TABLE of SQLite tells."""
    of = marks(sql)
    opening = next((index for index, mark in enumerate(of) if mark.text == "("), len(of))
    if opening == len(of):
        return Declared(columns={})
    end = closing(of, opening)
    columns: dict[str, DeclaredColumn] = {}
    checks: list[tuple[str | None, str]] = []
    counts = False
    for part in parts(of[opening + 1 : end]):
        checks.extend(_checks(sql, part))
        counts = counts or any(mark.is_word("AUTOINCREMENT") for mark in part)
        if not part[0].is_word("CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN"):
            columns[part[0].name.lower()] = _column(sql, part)
    after = [mark.text.upper() for mark in of[end + 1 :]]
    return Declared(
        columns=columns,
        checks=tuple(checks),
        counts=counts,
        without_rowid="WITHOUT" in after,
        strict="STRICT" in after,
    )


def _checks(sql: str, part: Sequence[Mark]) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    for index, mark in enumerate(part[:-1]):
        if mark.is_word("CHECK") and part[index + 1].text == "(":
            named = index >= 2 and part[index - 2].is_word("CONSTRAINT")
            found.append((part[index - 1].name if named else None, inside(sql, part, index + 1)))
    return found


def _column(sql: str, part: Sequence[Mark]) -> DeclaredColumn:
    generated = collation = None
    depth = 0
    for index, mark in enumerate(part[:-1]):
        depth += {"(": 1, ")": -1}.get(mark.text, 0)
        if depth or index == 0:
            continue
        if mark.is_word("AS") and part[index + 1].text == "(":
            generated = inside(sql, part, index + 1)
        elif mark.is_word("COLLATE"):
            collation = part[index + 1].name
    return DeclaredColumn(generated=generated, collation=collation)


def index_parts(sql: str) -> tuple[list[str], str | None]:
    """Return the texts of what a CREATE INDEX sorts by, and its condition."""
    of = marks(sql)
    opening = next((index for index, mark in enumerate(of) if mark.text == "("), len(of))
    if opening == len(of):
        return [], None
    end = closing(of, opening)
    texts = []
    for part in parts(of[opening + 1 : end]):
        bare = list(part)
        while bare and bare[-1].is_word("ASC", "DESC"):
            bare.pop()
        if len(bare) > 2 and bare[-2].is_word("COLLATE"):
            bare = bare[:-2]
        texts.append(sql[bare[0].start : bare[-1].end])
    where = None
    for index in range(end + 1, len(of) - 1):
        if of[index].is_word("WHERE"):
            where = sql[of[index + 1].start :].strip().rstrip(";").strip()
            break
    return texts, where
