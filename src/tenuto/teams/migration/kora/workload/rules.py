"""What systems understand otherwise, rule by rule: each changes a query in place, and says whether
there was anything to change. Trees have the names of the target, and are worded for it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from sqlglot import exp

from tenuto.teams.migration.kora.workload.translating import KIND
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Kind, System

Apply = Callable[[exp.Expr, System, System], bool]

COMPARED: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
NUMBERS: Final[frozenset[Kind]] = frozenset(("integer", "decimal", "float"))
DATED: Final[frozenset[Kind]] = frozenset(("date", "time", "timestamp", "timestamptz"))
TEXTUAL: Final = (
    exp.Substring,
    exp.Length,
    exp.DPipe,
    exp.Concat,
    exp.Like,
    exp.ILike,
    exp.Upper,
    exp.Lower,
    exp.Trim,
    exp.StrPosition,
    exp.Replace,
)


class Rule(msgspec.Struct, frozen=True):
    """One way in which systems differ."""

    name: str
    reason: str
    sources: tuple[System, ...]
    targets: tuple[System, ...]
    apply: Apply


def kind_of(node: exp.Expr | None) -> Kind | None:
    """Return the kind of a value in the target, where it is known."""
    if isinstance(node, exp.Paren | exp.Alias | exp.Min | exp.Max):
        return kind_of(node.this)
    if isinstance(node, exp.Column):
        found: ColumnPlan | None = node.meta.get(KIND)
        return found.kind if found else None
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "integer" if node.is_int else "decimal"
    if isinstance(node, exp.Neg):
        return kind_of(node.this)
    return None


def columns(tree: exp.Expr, *kinds: Kind) -> Iterator[exp.Column]:
    """Give the columns of some kinds."""
    for column in list(tree.find_all(exp.Column)):
        if kind_of(column) in kinds:
            yield column


def as_text(node: exp.Expr) -> None:
    """Put the text of a value in its place."""
    node.replace(exp.cast(node.copy(), "text", copy=False))


def like(tree: exp.Expr, source: System, target: System) -> bool:
    found = list(tree.find_all(exp.Like))
    for node in found:
        if target == "postgresql":
            node.replace(exp.ILike(this=node.this, expression=node.expression))
        else:
            node.set("this", exp.Lower(this=node.this))
            node.set("expression", exp.Lower(this=node.expression))
    return bool(found)


def strict_like(tree: exp.Expr, source: System, target: System) -> bool:
    found = False
    for node in list(tree.find_all(exp.Like)):
        pattern = node.expression
        if isinstance(pattern, exp.Literal) and not set("[*?\\") & set(pattern.name):
            glob = pattern.name.replace("%", "*").replace("_", "?")
            node.replace(exp.Glob(this=node.this, expression=exp.Literal.string(glob)))
            found = True
    return found


def booleans(tree: exp.Expr, source: System, target: System) -> bool:
    found = False
    for column in columns(tree, "boolean"):
        at = column.parent
        if isinstance(at, (*COMPARED, exp.In, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Coalesce)):
            kinds = [kind_of(one) for one in at.iter_expressions()]
            if isinstance(at, exp.AggFunc) or kinds.count("integer") == len(kinds) - 1:
                column.replace(exp.cast(column.copy(), "int", copy=False))
                found = True
        elif isinstance(at, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod | exp.Neg):
            column.replace(exp.cast(column.copy(), "int", copy=False))
            found = True
    return found


def dates_as_text(tree: exp.Expr, source: System, target: System) -> bool:
    found = False
    for column in columns(tree, *DATED):
        if isinstance(column.parent, TEXTUAL):
            as_text(column)
            found = True
        elif isinstance(column.parent, COMPARED):
            kinds = {kind_of(column.parent.left), kind_of(column.parent.right)}
            if kinds & NUMBERS:
                as_text(column)
                found = True
    return found


def numbers_as_text(tree: exp.Expr, source: System, target: System) -> bool:
    found = False
    for column in columns(tree, *NUMBERS, "uuid", "json", "boolean"):
        if isinstance(column.parent, TEXTUAL):
            as_text(column)
            found = True
    for node in list(tree.find_all(*COMPARED)):
        left, right = kind_of(node.left), kind_of(node.right)
        for number, text, of in ((left, right, node.left), (right, left, node.right)):
            if (
                number is not None
                and number in NUMBERS
                and text == "text"
                and not _quoted_number(node, of)
            ):
                as_text(of)
                found = True
    return found


def _quoted_number(node: exp.Binary, number: exp.Expr) -> bool:
    """Return whether a column of numbers stands against a text that is a literal: fine as it is."""
    other = node.right if node.left is number else node.left
    return isinstance(other, exp.Literal)


def zero(tree: exp.Expr, source: System, target: System) -> bool:
    found = list(tree.find_all(exp.Div, exp.Mod, exp.IntDiv))
    for node in found:
        below = node.expression
        if not (isinstance(below, exp.Literal) and below.name.strip("0.")):
            nothing = exp.Literal.number(0)
            node.set("expression", exp.Nullif(this=below.copy(), expression=nothing))
    return bool(found)


def whole_division(tree: exp.Expr, source: System, target: System) -> bool:
    found = list(tree.find_all(exp.Div))
    for node in found:
        node.set("typed", False)
        node.set("safe", False)
        node.replace(exp.Trunc(this=node.copy()))
    return bool(found)


def exact_division(tree: exp.Expr, source: System, target: System) -> bool:
    found = list(tree.find_all(exp.Div))
    for node in found:
        node.set("this", exp.cast(node.this.copy(), "decimal", copy=False))
    return bool(found)


def bytewise(tree: exp.Expr, source: System, target: System) -> bool:
    """Sort and compare texts by their bytes."""
    name = {"postgresql": '"C"', "mariadb": "utf8mb4_bin", "sqlite": "BINARY"}[target]
    found = False
    for node in list(tree.find_all(exp.Ordered, exp.Min, exp.Max, *COMPARED)):
        for column in list(node.iter_expressions()):
            if isinstance(column, exp.Column) and kind_of(column) == "text":
                column.replace(exp.Collate(this=column.copy(), expression=exp.Var(this=name)))
                found = True
    return found


def without_case(tree: exp.Expr, source: System, target: System) -> bool:
    """Compare, group and sort texts without their case."""
    found = False
    for column in columns(tree, "text"):
        at = column.parent
        if isinstance(at, (*COMPARED, exp.In, exp.Group, exp.Ordered, exp.Min, exp.Max)):
            column.replace(exp.Lower(this=column.copy()))
            found = True
    if found:
        for node in list(tree.find_all(exp.Literal)):
            if node.is_string and isinstance(node.parent, (*COMPARED, exp.In)):
                node.replace(exp.Lower(this=node.copy()))
    return found


def one_of_group(tree: exp.Expr, source: System, target: System) -> bool:
    """Take the least value of what is neither grouped by nor aggregated."""
    found = False
    for select in list(tree.find_all(exp.Select)):
        group = select.args.get("group")
        if group is None and not any(part.find(exp.AggFunc) for part in select.selects):
            continue
        by = {part.sql() for part in group.expressions} if group else set()
        aliases = {part.alias for part in select.selects if part.alias}
        places = [
            *select.selects,
            *(select.args["order"].expressions if select.args.get("order") else ()),
        ]
        for part in places:
            for column in list(part.find_all(exp.Column)):
                is_alias = (
                    not column.table
                    and column.name in aliases
                    and column.find_ancestor(exp.Ordered)
                )
                if column.sql() in by or column.find_ancestor(exp.AggFunc) or is_alias:
                    continue
                column.replace(exp.Min(this=column.copy()))
                found = True
    return found


def aliases(tree: exp.Expr, source: System, target: System) -> bool:
    """Put what an alias stands for in its place in WHERE and HAVING."""
    found = False
    for select in list(tree.find_all(exp.Select)):
        known = {
            part.alias.lower(): part.this for part in select.selects if isinstance(part, exp.Alias)
        }
        for clause in ("where", "having"):
            node = select.args.get(clause)
            for column in list(node.find_all(exp.Column)) if node is not None else ():
                if not column.table and KIND not in column.meta and column.name.lower() in known:
                    column.replace(exp.paren(known[column.name.lower()].copy(), copy=False))
                    found = True
    return found


def rounding(tree: exp.Expr, source: System, target: System) -> bool:
    found = [node for node in tree.find_all(exp.Round) if node.args.get("decimals")]
    for node in found:
        node.set("this", exp.cast(node.this.copy(), "decimal", copy=False))
    return bool(found)


def concatenation(tree: exp.Expr, source: System, target: System) -> bool:
    found = list(tree.find_all(exp.Concat))
    for node in found:
        parts = node.expressions
        joined = parts[0].copy()
        for part in parts[1:]:
            joined = exp.DPipe(this=joined, expression=part.copy())
        node.replace(exp.paren(joined, copy=False))
    return bool(found)


def quoted_texts(tree: exp.Expr, source: System, target: System) -> bool:
    """Take a name in double quotes that names nothing for a text."""
    known = {part.alias.lower() for part in tree.find_all(exp.Alias) if part.alias}
    found = False
    for column in list(tree.find_all(exp.Column)):
        is_quoted = isinstance(column.this, exp.Identifier) and column.this.quoted
        is_nobody = not column.table and KIND not in column.meta
        if is_quoted and is_nobody and column.name.lower() not in known:
            column.replace(exp.Literal.string(column.name))
            found = True
    return found


def no_limit(tree: exp.Expr, source: System, target: System) -> bool:
    found = False
    for node in list(tree.find_all(exp.Limit)):
        if isinstance(node.expression, exp.Neg):
            node.pop()
            found = True
    return found


def bytes_of_text(tree: exp.Expr, source: System, target: System) -> bool:
    # CHAR_LENGTH, which counts characters, is no such one.
    found = [node for node in tree.find_all(exp.Length) if node.args.get("binary")]
    for node in found:
        if target == "sqlite":
            node.replace(exp.Length(this=exp.cast(node.this.copy(), "blob", copy=False)))
        else:
            node.replace(exp.ByteLength(this=node.this.copy()))
    return bool(found)


def sums_of_text(tree: exp.Expr, source: System, target: System) -> bool:
    found = False
    for column in columns(tree, "text"):
        if isinstance(column.parent, exp.Sum | exp.Avg | exp.Add | exp.Sub | exp.Mul | exp.Div):
            column.replace(exp.cast(column.copy(), "decimal", copy=False))
            found = True
    return found


def sums_of_floats(tree: exp.Expr, source: System, target: System) -> bool:
    """Add up floats as decimals."""
    found = False
    for column in columns(tree, "float"):
        if isinstance(column.parent, exp.Sum | exp.Avg):
            column.replace(exp.cast(column.copy(), "decimal", copy=False))
            found = True
    return found


def exact_average(tree: exp.Expr, source: System, target: System) -> bool:
    """Average numbers as floats."""
    found = list(tree.find_all(exp.Avg))
    for node in found:
        node.set("this", exp.cast(node.this.copy(), "double", copy=False))
    return bool(found)


def short_average(tree: exp.Expr, source: System, target: System) -> bool:
    """Round averages as MariaDB does: to four digits more than the numbers have."""
    found = False
    for node in list(tree.find_all(exp.Avg)):
        column = node.this
        # Booleans of MariaDB are whole numbers.
        averaged = kind_of(column) in ("integer", "decimal", "boolean")
        if averaged and isinstance(column, exp.Column):
            plan: ColumnPlan = column.meta[KIND]
            digits = exp.Literal.number((plan.scale or 0) + 4)
            node.replace(exp.Round(this=node.copy(), decimals=digits))
            found = True
    return found


def moments_as_kept(tree: exp.Expr, source: System, target: System) -> bool:
    """Write moments as the target keeps them: without a fraction that is zero."""
    found = False
    for column in columns(tree, "timestamp", "timestamptz"):
        at = column.find_ancestor(*COMPARED, exp.Between, exp.In)
        for node in list(at.find_all(exp.Literal)) if at is not None else ():
            plain = re.sub(r"(:\d\d)\.0+$", r"\1", node.name)
            if node.is_string and plain != node.name:
                node.replace(exp.Literal.string(plain))
                found = True
    return found


def decimals_as_numbers(tree: exp.Expr, source: System, target: System) -> bool:
    """Read decimals that are kept as texts as numbers."""
    found = False
    for column in columns(tree, "decimal"):
        plan: ColumnPlan = column.meta[KIND]
        if "text" in plan.type.lower():
            column.replace(exp.cast(column.copy(), "numeric", copy=False))
            found = True
    return found


POSTGRES: Final = {
    "thousandths": "YYYY-MM-DD HH24:MI:SS.MS",
    "seconds": "YYYY-MM-DD HH24:MI:SS",
    "days": "YYYY-MM-DD",
}
SQLITE: Final = {
    "thousandths": "%Y-%m-%d %H:%M:%f",
    "seconds": "%Y-%m-%d %H:%M:%S",
    "days": "%Y-%m-%d",
}
MARIADB: Final = {
    "thousandths": "%Y-%m-%d %H:%i:%s.000",
    "seconds": "%Y-%m-%d %H:%i:%s",
    "days": "%Y-%m-%d",
}
FORMATS: Final[dict[System, tuple[str, dict[str, str]]]] = {
    "postgresql": ("TO_CHAR", POSTGRES),
    "sqlite": ("STRFTIME", SQLITE),
    "mariadb": ("DATE_FORMAT", MARIADB),
}


def letter_by_letter(form: str) -> Apply:
    """Return a rule that compares moments as texts of a form."""

    def apply(tree: exp.Expr, source: System, target: System) -> bool:
        found = False
        for column in columns(tree, "date", "timestamp", "timestamptz"):
            at = column.parent
            if not isinstance(at, (*COMPARED, exp.Between)):
                continue
            found = True
            for one in list(at.iter_expressions()):
                if one is column:
                    one.replace(_formatted(one.copy(), target, form))
                elif not isinstance(one, exp.Literal | exp.Null):
                    moment = exp.cast(one.copy(), "timestamp", copy=False)
                    one.replace(_formatted(moment, target, "seconds"))
        return found

    return apply


def _formatted(value: exp.Expr, target: System, form: str) -> exp.Expr:
    name, forms = FORMATS[target]
    parts = [value, exp.Literal.string(forms[form])]
    if target == "sqlite":
        value = value.this if isinstance(value, exp.Cast) else value
        parts = [parts[1], value]
    return exp.Anonymous(this=name, expressions=parts)


LETTERS: Final = (
    "Moments are texts in SQLite, and compared letter by letter: one of a whole day is less than "
    "the same day with a time behind it. In the target they are moments."
)
LOOSE: Final[tuple[System, ...]] = ("sqlite", "mariadb")
ALL: Final[tuple[System, ...]] = ("sqlite", "postgresql", "mariadb", "folder")
TARGETS: Final[tuple[System, ...]] = ("postgresql", "mariadb", "sqlite")
STRICT: Final[tuple[System, ...]] = ("postgresql",)

RULES: Final = (
    Rule(
        "quoted texts",
        "SQLite takes a name in double quotes that names nothing for a text; write single quotes.",
        ("sqlite",),
        ALL,
        quoted_texts,
    ),
    Rule(
        "aliases",
        "The source knows names of results in WHERE and HAVING; write what they stand for.",
        LOOSE,
        STRICT,
        aliases,
    ),
    Rule(
        "like",
        "LIKE of the source does not mind the case of letters, LIKE of the target does.",
        LOOSE,
        ("postgresql", "mariadb"),
        like,
    ),
    Rule(
        "strict like",
        "LIKE of the source minds the case of letters, LIKE of SQLite does not; GLOB does.",
        ("postgresql", "mariadb"),
        ("sqlite",),
        strict_like,
    ),
    Rule(
        "booleans",
        "Booleans of the source are the numbers 0 and 1; those of the target are none, and are not "
        "compared with numbers, added up or averaged.",
        LOOSE,
        STRICT,
        booleans,
    ),
    Rule(
        "dates as text",
        "Dates of the source are texts; those of the target are dates, of which functions of texts "
        "know nothing.",
        LOOSE,
        STRICT,
        dates_as_text,
    ),
    Rule(
        "numbers as text",
        "The source takes numbers for texts where texts are wanted; on the target cast them.",
        LOOSE,
        STRICT,
        numbers_as_text,
    ),
    Rule(
        "sums of text",
        "The source adds up texts as the numbers that they begin with; on the target cast them.",
        LOOSE,
        STRICT,
        sums_of_text,
    ),
    Rule(
        "exact average",
        "The target averages whole numbers and decimals to four digits more than they have; cast "
        "them to DOUBLE.",
        ("sqlite", "postgresql"),
        ("mariadb",),
        exact_average,
    ),
    Rule(
        "short average",
        "The source averages whole numbers and decimals to four digits more than they have.",
        ("mariadb",),
        ("postgresql", "sqlite"),
        short_average,
    ),
    Rule(
        "sums of floats",
        "The target squares floats to average them, and refuses those whose squares are beyond a "
        "float; cast them to decimals.",
        LOOSE,
        STRICT,
        sums_of_floats,
    ),
    Rule(
        "zero",
        "Dividing by zero gives NULL in the source, and is refused by the target.",
        LOOSE,
        STRICT,
        zero,
    ),
    Rule(
        "whole division",
        "The source divides whole numbers to whole numbers, whatever the column is declared as; "
        "the target does so for columns of integers alone.",
        ("sqlite", "postgresql"),
        ("postgresql", "mariadb"),
        whole_division,
    ),
    Rule(
        "exact division",
        "The source divides whole numbers to decimals, the target to whole numbers.",
        ("mariadb",),
        ("postgresql", "sqlite"),
        exact_division,
    ),
    Rule(
        "rounding",
        "The target rounds decimals, and no floats, to a number of digits.",
        LOOSE,
        STRICT,
        rounding,
    ),
    Rule(
        "one of a group",
        "The source gives the value of any row of a group for what is neither grouped by nor "
        "aggregated; the target refuses that.",
        LOOSE,
        STRICT,
        one_of_group,
    ),
    Rule(
        "concatenation",
        "CONCAT with NULL is NULL in MariaDB, and leaves it out in PostgreSQL; write ||.",
        ("mariadb",),
        STRICT,
        concatenation,
    ),
    Rule(
        "bytes of texts",
        "LENGTH of MariaDB counts bytes, that of the target characters.",
        ("mariadb",),
        ("postgresql", "sqlite"),
        bytes_of_text,
    ),
    Rule(
        "moments as kept",
        "Moments are texts in the target, all of one form and without a fraction that is zero; "
        "texts that they are compared with have to be of this form.",
        ALL,
        ("sqlite",),
        moments_as_kept,
    ),
    Rule(
        "decimals as numbers",
        "Decimals are texts in the target, so that no digit is lost; to sort them and to compare "
        "them as numbers, cast them.",
        ALL,
        ("sqlite",),
        decimals_as_numbers,
    ),
    *(
        Rule(f"letter by letter, {form}", LETTERS, ("sqlite",), TARGETS, letter_by_letter(form))
        for form in ("thousandths", "seconds", "days")
    ),
    Rule(
        "no limit",
        "A negative LIMIT is none in SQLite, and an error elsewhere.",
        ("sqlite",),
        ALL,
        no_limit,
    ),
    Rule(
        "bytewise",
        "The collation of the target sorts and compares texts otherwise than the source, which "
        "does so by their bytes.",
        ALL,
        ("postgresql", "mariadb", "sqlite"),
        bytewise,
    ),
    Rule(
        "without case",
        "The collation of the source does not mind the case of letters, that of the target does.",
        ALL,
        ALL,
        without_case,
    ),
)
