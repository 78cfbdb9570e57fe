"""Conditions and defaults in the SQL of another system, where they mean the same there.

sqlglot reads and writes the dialects. What it would carry over word for word, without knowing
whether the target has it or means it so, is refused here: only the parts named below pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tenuto.teams.migration.databases.quoting import literal
from tenuto.teams.migration.dialects import dialect_of
from tenuto.teams.migration.schema import Kind, System
from tenuto.teams.migration.scout.patterns import FALSE_WORDS, TEXT_PATTERNS, TRUE_WORDS

# Of `sqlglot.exp`: these mean the same everywhere.
SAFE: Final = frozenset(
    {
        "Column",
        "Identifier",
        "Literal",
        "Boolean",
        "Null",
        "Paren",
        "And",
        "Or",
        "Not",
        "Xor",
        "EQ",
        "NEQ",
        "LT",
        "LTE",
        "GT",
        "GTE",
        "Is",
        "Between",
        "In",
        "Add",
        "Sub",
        "Mul",
        "Neg",
        "Abs",
        "Lower",
        "Upper",
        "Length",
        "Trim",
        "Coalesce",
        "Nullif",
        "Case",
        "If",
        "Tuple",
        "DPipe",
        "Concat",
        "Round",
        "Greatest",
        "Least",
        "Substring",
        "Var",
    }
)
_TIMED: Final = frozenset({"CurrentTimestamp", "CurrentDate", "CurrentTime"})


class Untranslatable(Exception):
    """It does not say for sure the same in the target; the message says what stands in the way."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What the columns of a table are called in the target, and what they hold there."""

    names: Mapping[str, str]
    kinds: Mapping[str, Kind]
    """By the source's names."""
    changed: frozenset[str] = frozenset()
    """Columns of the source whose values become others: a condition on them may not hold then."""


def condition(sql: str, source: System, target: System, *, of: Names) -> str:
    """Return a condition or an expression of a table in the SQL of the target.

    Raises:
        Untranslatable: it cannot be said there for sure.
    """
    tree = parsed(sql, source)
    if source == "sqlite":
        tree = with_plain_dates(tree)
    folded = {name.lower(): name for name in of.names}
    tree = _plainer(tree, of, folded)
    for node in tree.walk() if source != target else ():
        _check(node, source, target)
    for column in tree.find_all(_exp().Column):
        name = column.name if column.name in of.names else folded.get(column.name.lower())
        if name is None:
            raise Untranslatable(f"It names {column.name!r}, which is no column of the table.")
        if name in of.changed:
            raise Untranslatable(f"The values of {name!r} become others.")
        column.set("table", None)
        column.set("this", _exp().to_identifier(of.names[name], quoted=True))
    if source != target:
        _check_kinds(tree, of, {new: old for old, new in of.names.items()})
    return written(tree, target)


def _exp() -> Any:
    from sqlglot import exp

    return exp


def parsed(sql: str, source: System) -> Any:
    """Return the tree of SQL; raises Untranslatable."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(sql, read=dialect_of(source))
    except SqlglotError as error:
        raise Untranslatable(f"It cannot be read: {str(error).splitlines()[0]:.200}") from None


def with_plain_dates(tree: Any) -> Any:
    """Return a tree of SQLite with date('2024-01-31') and the like as the texts that they are."""
    exp = _exp()

    def plain(node: Any) -> Any:
        is_date = isinstance(node, exp.Date)
        is_moment = isinstance(node, exp.Anonymous) and str(node.this).lower() == "datetime"
        if not (is_date or is_moment):
            return node
        given = [node.this, *node.expressions] if is_date else node.expressions
        if len(given) != 1 or not isinstance(given[0], exp.Literal):
            return node
        text = given[0].name
        if not any(TEXT_PATTERNS[name](text) for name in ("date_iso", "timestamp_iso")):
            return node
        day, _, time = text.replace("T", " ").partition(" ")
        return exp.Literal.string(day if is_date else f"{day} {time or '00:00:00'}")

    return tree.transform(plain)


def written(tree: Any, target: System) -> str:
    """Return a tree as SQL of the target; raises Untranslatable."""
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        return str(tree.sql(dialect=dialect_of(target), unsupported_level=ErrorLevel.RAISE))
    except SqlglotError as error:
        raise Untranslatable(f"It cannot be said there: {str(error)[:200]}") from None


def _plainer(tree: Any, of: Names, folded: Mapping[str, str]) -> Any:
    """Return the tree without casts that change nothing, and with IN for `= ANY (ARRAY[…])`."""
    exp = _exp()

    def of_text(node: Any) -> bool:
        inner = node.unnest()
        name = inner.name if isinstance(inner, exp.Column) else ""
        return of.kinds.get(folded.get(name.lower(), "")) == "text"

    def plainer(node: Any) -> Any:
        if isinstance(node, exp.Cast):
            inner, to = node.this, node.to
            if isinstance(inner.unnest(), exp.Literal | exp.Neg):
                if inner.unnest().is_string and not to.is_type(*exp.DataType.TEXT_TYPES):
                    return node
                return inner.unnest().copy()
            if to.is_type(*exp.DataType.TEXT_TYPES) and of_text(inner):
                return inner.unnest().copy()
        if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any):
            array = node.expression.this.unnest()
            if isinstance(array, exp.Cast):
                array = array.this.unnest()
            if isinstance(array, exp.Array):
                return exp.In(this=node.this, expressions=array.expressions)
        return node

    # Twice: a cast in a cast, an array of casts.
    return tree.transform(plainer).transform(plainer)


def check_quiet(node: Any, source: System, target: System) -> None:
    """Refuse what both systems take and one means otherwise: nothing would be said about it."""
    exp = _exp()
    systems = {source, target}
    if isinstance(node, exp.Length) and node.args.get("binary"):
        raise Untranslatable("LENGTH of MariaDB counts bytes.")
    if isinstance(node, exp.Concat):
        raise Untranslatable("CONCAT takes NULL differently there.")
    if isinstance(node, exp.Greatest | exp.Least) and "postgresql" in systems:
        raise Untranslatable("GREATEST and LEAST take NULL differently there.")
    if isinstance(node, exp.Round):
        raise Untranslatable("ROUND takes halves differently there.")
    if isinstance(node, exp.Avg) and "mariadb" in systems:
        raise Untranslatable("MariaDB gives averages with four digits more than their values have.")
    if isinstance(node, exp.Substring):
        start = node.args.get("start")
        if not isinstance(start, exp.Literal) or start.is_string or int(start.name) < 1:
            raise Untranslatable("SUBSTR counts from elsewhere there, unless it starts at 1 or on.")
    if isinstance(node, exp.Xor):
        raise Untranslatable("XOR is of MariaDB alone.")


def _check(node: Any, source: System, target: System) -> None:
    exp = _exp()
    name = type(node).__name__
    check_quiet(node, source, target)
    if name in SAFE:
        if isinstance(node, exp.In) and node.args.get("query"):
            raise Untranslatable("It asks other rows.")
        if isinstance(node, exp.DPipe) and "mariadb" in (source, target):
            raise Untranslatable("|| is OR in MariaDB.")
        if isinstance(node, exp.Length) and target == "mariadb":
            node.set("encoding", None)
        return
    what = str(node.this) if name == "Anonymous" else name.upper()
    raise Untranslatable(f"{what} may mean something else in {target}.")


def _check_kinds(tree: Any, of: Names, back: Mapping[str, str]) -> None:
    """Refuse to compare columns with literals of another sort: systems differ in what that does."""
    exp = _exp()
    for node in tree.find_all(exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Round):
        for part in (one.unnest() for one in node.iter_expressions()):
            is_text = isinstance(part, exp.Literal) and part.is_string
            column = isinstance(part, exp.Column) and of.kinds[back[part.name]]
            if is_text or column not in (False, "integer", "decimal", "float"):
                raise Untranslatable(f"It computes with {part.sql()}, which is no number.")
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In):
        column = node.this.unnest()
        if not isinstance(column, exp.Column):
            continue
        kind = of.kinds[back[column.name]]
        others = node.expressions if isinstance(node, exp.In) else [node.expression]
        for other in (each.unnest() for each in others):
            if not isinstance(other, exp.Literal | exp.Neg):
                continue
            is_number = kind in ("integer", "decimal", "float")
            fits = kind != "boolean" and is_number != other.is_string
            if isinstance(other, exp.Literal) and kind == "boolean" and other.name in ("0", "1"):
                other.replace(exp.Boolean(this=other.name == "1"))
            elif not fits:
                raise Untranslatable(f"It compares {column.name!r}, of {kind}, with {other.sql()}.")


def default(sql: str, source: System, target: System, kind: Kind) -> str | None:
    """Return a default in the SQL of the target; None: there is none (NULL).

    Raises:
        Untranslatable: it cannot be said there for sure.
    """
    exp = _exp()
    tree = parsed(sql, source).unnest()
    while isinstance(tree, exp.Cast):
        tree = tree.this.unnest()
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Introducer):
        tree = tree.expression
    # SQLite takes "text" and text for a text where no column can be meant.
    if isinstance(tree, exp.Column) and source == "sqlite":
        words = {"true": exp.Boolean(this=True), "false": exp.Boolean(this=False)}
        tree = words.get(tree.name.lower(), exp.Literal.string(tree.name))
    if isinstance(tree, exp.Literal | exp.Boolean | exp.Neg):
        return _literal(tree, target, kind)
    if type(tree).__name__ in _TIMED or _is_now(tree, source):
        return _now(tree, target, kind)
    if source == target:
        return sql
    raise Untranslatable(f"The default {sql} may mean something else in {target}.")


def _is_now(tree: Any, source: System) -> bool:
    exp = _exp()
    if source != "sqlite" or not isinstance(tree, exp.Func):
        return False
    said = tree.sql(dialect=dialect_of("sqlite")).lower().replace(" ", "")
    return said in ("datetime('now')", "date('now')", "time('now')", "datetime()", "date()")


def _now(tree: Any, target: System, kind: Kind) -> str:
    """The clock of SQLite is in UTC; so is that of every target here."""
    utc = {
        "postgresql": "(now() AT TIME ZONE 'UTC')",
        "folder": "(now() AT TIME ZONE 'UTC')",
        "sqlite": "CURRENT_TIMESTAMP",
        "mariadb": "(utc_timestamp(6))",
    }[target]
    if kind == "timestamp":
        return utc
    if kind == "timestamptz":
        return "now()" if target in ("postgresql", "folder") else utc
    if kind == "date":
        return {"sqlite": "CURRENT_DATE", "mariadb": "(utc_date())"}.get(target, f"({utc}::date)")
    if kind == "time":
        return {"sqlite": "CURRENT_TIME", "mariadb": "(utc_time(6))"}.get(target, f"({utc}::time)")
    if kind == "text" and target == "postgresql":
        return "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    raise Untranslatable(f"A clock gives no {kind}.")


_WRITTEN: Final[dict[Kind, tuple[str, ...]]] = {
    "date": ("date_iso",),
    "time": ("time",),
    "timestamp": ("date_iso", "timestamp_iso"),
    "timestamptz": ("date_iso", "timestamp_iso", "timestamp_zone"),
    "json": ("json",),
    "uuid": ("uuid",),
}
"""As what a default must be written to be one of a kind."""


def _literal(tree: Any, target: System, kind: Kind) -> str:
    exp = _exp()
    negative = isinstance(tree, exp.Neg)
    inner = tree.this.unnest() if negative else tree
    text = ("-" if negative else "") + (
        str(inner.this).lower() if isinstance(inner, exp.Boolean) else str(inner.name)
    )
    if kind == "boolean":
        if text.lower() not in TRUE_WORDS | FALSE_WORDS:
            raise Untranslatable(f"The default {text!r} is neither true nor false.")
        truth = text.lower() in TRUE_WORDS
        return ("1" if truth else "0") if target == "sqlite" else str(truth).upper()
    if kind in ("integer", "decimal", "float"):
        if text in ("true", "false"):
            return "1" if text == "true" else "0"
        try:
            float(text)
        except ValueError:
            raise Untranslatable(f"The default {text!r} is no number.") from None
        return text
    if kind in _WRITTEN and not any(TEXT_PATTERNS[name](text) for name in _WRITTEN[kind]):
        raise Untranslatable(f"The default {text!r} is no {kind}.")
    if kind == "bytes":
        raise Untranslatable("Bytes as a default are written differently everywhere.")
    said = literal(target, text)
    return f"({said})" if target == "mariadb" and kind in ("json",) else said
