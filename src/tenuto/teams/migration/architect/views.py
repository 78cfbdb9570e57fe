"""Views in the SQL of another system, where they say the same there.

sqlglot finds out which column of which table each name means; what it cannot find out is not
translated, nor what another system may take in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tenuto.teams.migration.architect.expressions import (
    SAFE,
    Untranslatable,
    check_quiet,
    parsed,
    with_plain_dates,
    written,
)
from tenuto.teams.migration.dialects import dialect_of
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Kind, System, View

_SAFE: Final = SAFE | frozenset(
    {
        "Alias",
        "Avg",
        "CTE",
        "Count",
        "Distinct",
        "Div",
        "Except",
        "Exists",
        "From",
        "Group",
        "Having",
        "Intersect",
        "Join",
        "Like",
        "ILike",
        "Limit",
        "Max",
        "Min",
        "Mod",
        "Offset",
        "Order",
        "Ordered",
        "Select",
        "Star",
        "Subquery",
        "Sum",
        "Table",
        "TableAlias",
        "Union",
        "Where",
        "With",
    }
)
_COMPARED: Final = ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "In", "Between", "Like")
_NUMBERS: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "float"})


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """A table or a view that queries may name."""

    name: str
    """In the target."""
    source: str = ""
    """Of a table, in the source."""
    columns: Mapping[str, str]
    """Source's name to the target's."""
    plans: Mapping[str, ColumnPlan] = {}
    """Of a table, by the source's names."""
    kinds: Mapping[str, Kind] = {}
    """Of a table, as the source has them."""
    lengths: Mapping[str, int] = {}
    """Of columns of dates in SQLite: with how many characters all are written, or 0."""
    changed: Mapping[str, str] = {}
    """Of a view: see `ViewPlan`."""


Relations = Mapping[str, Relation]
"""By the source's names."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query in the SQL of the target."""

    sql: str
    names: frozenset[str]
    """The relations of the source that it names."""
    changed: Mapping[str, str] = {}
    """Columns of the result that show values which become others: see `ViewPlan`."""


def translated(view: View, source: System, target: System, relations: Relations) -> Query:
    """Return a view's query in the SQL of the target.

    Raises:
        Untranslatable: it cannot be said there for sure.
    """
    tree = parsed(view.query, source)
    if source == "sqlite":
        tree = with_plain_dates(tree)
    fold = _folds(source)
    by_folded = {fold(name): relation for name, relation in relations.items()}
    folded = {fold(name): name for name in relations}
    tree = _qualified(tree, source, by_folded, fold)
    for node in tree.walk() if source != target else ():
        _check(node, source, target)
    named: set[str] = set()
    from sqlglot.optimizer.scope import traverse_scope

    for scope in traverse_scope(tree):
        tables = {
            alias: by_folded[node.name]
            for alias, node in scope.sources.items()
            if isinstance(node, _exp().Table) and node.name in by_folded
        }
        named |= {
            folded[node.name]
            for node in scope.sources.values()
            if isinstance(node, _exp().Table) and node.name in folded
        }
        for column in list(scope.columns):
            if column.table in tables:
                _place(column, tables[column.table], fold, source, target)
    for table in tree.find_all(_exp().Table):
        if table.name in by_folded:
            table.set("this", _exp().to_identifier(by_folded[table.name].name, quoted=True))
    changed = _name_columns(tree, view)
    return Query(sql=written(tree, target), names=frozenset(named), changed=changed)


def _exp() -> Any:
    from sqlglot import exp

    return exp


def _folds(source: System) -> Any:
    return (lambda name: name) if source == "postgresql" else str.lower


def _qualified(tree: Any, source: System, relations: Mapping[str, Relation], fold: Any) -> Any:
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    columns: dict[str, object] = {
        name: {fold(column): "TEXT" for column in relation.columns}
        for name, relation in relations.items()
    }
    dialect = dialect_of(source)
    for table in tree.find_all(_exp().Table):
        known = {cte.alias_or_name.lower() for cte in tree.find_all(_exp().CTE)}
        name = fold(table.name) if not table.this.quoted else _as_written(table.name, source)
        if name not in relations and table.name.lower() not in known:
            raise Untranslatable(f"It names {table.name!r}, which is not moved.")
        # Schemas of the source have no place in the target.
        table.set("db", None)
        table.set("catalog", None)
    try:
        schema = MappingSchema(columns, dialect=dialect, normalize=False)
        return qualify(tree, schema=schema, dialect=dialect)
    except SqlglotError as error:
        said = str(error).splitlines()[0].partition(" Line:")[0]
        raise Untranslatable(f"Its names cannot be told for sure: {said:.200}") from None


def _as_written(name: str, source: System) -> str:
    return name if source == "postgresql" else name.lower()


def _check(node: Any, source: System, target: System) -> None:
    exp = _exp()
    name = type(node).__name__
    check_quiet(node, source, target)
    if name in ("TimeToStr", "TsOrDsToTimestamp") and source == "sqlite":
        format = node.args.get("format")
        if format is None or re.fullmatch(r"(%[YmdHMS]|[-:/. T])+", format.name):
            return
    if name == "Cast" and type(node.this).__name__ == "TimeToStr" and node.to.is_type("int"):
        return
    if name == "DataType" and type(node.parent.this).__name__ == "TimeToStr":
        return
    if name not in _SAFE:
        what = str(node.this) if name == "Anonymous" else name.upper()
        raise Untranslatable(f"{what} may mean something else in {target}.")
    is_sum = isinstance(node, _arithmetic())
    parts = node.iter_expressions() if is_sum else ()
    if any(isinstance(part, exp.Literal) and part.is_string for part in parts):
        raise Untranslatable("It computes with a text.")
    if name == "Like" and "sqlite" in (source, target):
        if (source, target) == ("sqlite", "postgresql"):
            return
        raise Untranslatable("LIKE takes capitals and small letters differently there.")
    if name == "Div" and "mariadb" in (source, target):
        raise Untranslatable("Whole numbers are divided differently there.")
    if name == "DPipe" and "mariadb" in (source, target):
        raise Untranslatable("|| is OR in MariaDB.")


def _place(column: Any, of: Relation, fold: Any, source: System, target: System) -> None:
    """Give a column the name that the target has for it, and see that it may stand where it is."""
    own = {fold(name): name for name in of.columns}
    if column.name not in own:
        raise Untranslatable(f"It names {column.name!r}, which is not moved.")
    name = own[column.name]
    plan = of.plans.get(name)
    if plan is not None:
        was = of.kinds.get(name, plan.kind)
        if _is_changed(plan, was):
            column.meta["changed"] = f"{of.source}.{name}"
        _check_use(column, plan, was, source, target)
    if name in of.changed:
        column.meta["changed"] = of.changed[name]
    column.set("this", _exp().to_identifier(of.columns[name], quoted=True))
    if source == "sqlite" != target and name in of.lengths:
        _as_texts_compare(column, of.lengths[name])


def _check_use(column: Any, plan: ColumnPlan, was: Kind, source: System, target: System) -> None:
    """See that a column may stand where it does, with what it becomes."""
    exp = _exp()
    use = column.parent
    while isinstance(use, exp.Paren):
        use = use.parent
    compared = type(use).__name__ in _COMPARED
    if isinstance(use, exp.Like) and (source, target) == ("sqlite", "postgresql"):
        use.replace(exp.ILike(this=use.this, expression=use.expression))
        use = column.parent
    if plan.kind == "boolean" and (plan.changes or (source != target and target != "sqlite")):
        _as_truth(column, use, plan)
        return
    changed = _is_changed(plan, was)
    if isinstance(use, _arithmetic()) and plan.kind not in _NUMBERS and source != target:
        raise Untranslatable(f"It computes with {plan.source!r}, which is of {plan.kind}.")
    if isinstance(use, exp.TsOrDsToTimestamp):
        if plan.kind not in ("date", "timestamp"):
            raise Untranslatable(f"It takes {plan.source!r}, of {plan.kind}, for a date.")
        return
    others = _literals(use, column) if compared else []
    if changed and (others or not _is_shown(use, compared)):
        raise Untranslatable(f"It computes with {plan.source!r}, whose values become others.")
    for other in others if source != target else ():
        is_number = plan.kind in _NUMBERS
        if other.is_string == is_number:
            raise Untranslatable(
                f"It compares {plan.source!r}, of {plan.kind}, with {other.sql()}."
            )


def _is_changed(plan: ColumnPlan, was: Kind) -> bool:
    same = plan.kind == was or {plan.kind, was} <= _NUMBERS
    tidy = ("trim", "null_if", "latin1", "normalize")
    return not same or any(change.do not in tidy for change in plan.changes)


_LONGER: Final = {"GTE": "GTE", "GT": "GTE", "LTE": "LT", "LT": "LT"}
_SHORTER: Final = {"GTE": "GT", "GT": "GT", "LTE": "LTE", "LT": "LTE"}
_FLIPPED: Final = {"GTE": "LTE", "GT": "LT", "LTE": "GTE", "LT": "GT"}


def _as_texts_compare(column: Any, length: int) -> None:
    """Let dates compare as SQLite compares their texts, where they are written with other lengths:
    2021-01-01 comes before 2021-01-01 00:00:00 there, which is the same moment elsewhere.

    Args:
        length: characters of each value of the column; 0: they are not written alike.
    """
    exp = _exp()
    use = column.parent
    name = type(use).__name__
    if name not in _COMPARED:
        return
    odd = [one for one in _literals(use, column) if one.is_string and len(one.name) != length]
    if not odd:
        return
    if isinstance(use, exp.Between) and length:
        low, high = use.args["low"], use.args["high"]
        of = (
            exp.GTE(this=column.copy(), expression=low),
            exp.LTE(this=column.copy(), expression=high),
        )
        both = exp.paren(exp.and_(*of, copy=False), copy=False)
        use.replace(both)
        for part in (one for one in both.find_all(exp.GTE, exp.LTE) if one in of):
            _turn(part, length, on_left=True)
        for part in both.find_all(exp.Column):
            part.meta.update(column.meta)
        return
    if name not in _LONGER or not length:
        raise Untranslatable(
            f"SQLite compares {column.name!r} with {odd[0].name!r} as texts, which are not "
            "written alike; as dates they compare in another way."
        )
    _turn(use, length, on_left=use.this is column)


def _turn(use: Any, length: int, *, on_left: bool) -> None:
    exp = _exp()
    other = use.expression if on_left else use.this
    if not isinstance(other, exp.Literal) or len(other.name) == length:
        return
    ways = _LONGER if length > len(other.name) else _SHORTER
    name = type(use).__name__
    turned = ways[name] if on_left else _FLIPPED[ways[_FLIPPED[name]]]
    use.replace(getattr(exp, turned)(this=use.this, expression=use.expression))


def _arithmetic() -> Any:
    exp = _exp()
    return (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Sum, exp.Avg, exp.Round)


def _is_shown(use: Any, compared: bool) -> bool:
    """Return whether a column only passes there, whatever it holds."""
    exp = _exp()
    plain = (exp.Alias, exp.Select, exp.Group, exp.Ordered, exp.Count, exp.Max, exp.Min, exp.Is)
    return compared or isinstance(use, (*plain, exp.Coalesce))


def _literals(use: Any, column: Any) -> list[Any]:
    exp = _exp()
    parts = [use.this, use.args.get("expression"), *use.expressions]
    parts += [use.args.get("low"), use.args.get("high")]
    bare = (part.unnest() for part in parts if part is not None and part is not column)
    return [part for part in bare if isinstance(part, exp.Literal)]


def _as_truth(column: Any, use: Any, plan: ColumnPlan) -> None:
    """Let a truth value be compared with true and false where it was with words or numbers."""
    exp = _exp()
    truths = {"1": True, "0": False}
    for change in plan.changes:
        for name, truth in (("true", True), ("false", False)):
            words = change.options.get(name)
            if change.do == "boolean" and isinstance(words, list):
                truths |= {str(word): truth for word in words}
    if isinstance(use, exp.EQ | exp.NEQ | exp.In):
        for other in _literals(use, column):
            if other.name not in truths:
                raise Untranslatable(f"It compares {plan.source!r}, true or false, with {other}.")
            other.replace(exp.Boolean(this=truths[other.name]))
        return
    if isinstance(use, exp.Where | exp.And | exp.Or | exp.Not | exp.If):
        return
    if not _is_shown(use, compared=False) or isinstance(use, exp.Max | exp.Min | exp.Coalesce):
        raise Untranslatable(f"It computes with {plan.source!r}, which becomes true or false.")


def _name_columns(tree: Any, view: View) -> dict[str, str]:
    """Give the columns of the result the names that the source gives them; return those that show
    values which become others."""
    exp = _exp()
    first = tree
    while not isinstance(first, exp.Select):
        first = first.this.unnest() if isinstance(first, exp.Subquery) else first.this
    if len(first.expressions) != len(view.columns):
        raise Untranslatable("Its columns are not those that the source tells.")
    named, new = [], {}
    changed: dict[str, str] = {}
    for expression, name in zip(first.expressions, view.columns, strict=True):
        bare = expression.this if isinstance(expression, exp.Alias) else expression
        new[expression.alias_or_name] = name
        if any("changed" in column.meta for column in bare.find_all(exp.Column)):
            changed[name] = bare.meta["changed"] if isinstance(bare, exp.Column) else ""
        named.append(exp.alias_(bare, name, quoted=True))
    order = tree.args.get("order")
    for column in order.find_all(exp.Column) if order is not None else ():
        if not column.table:
            if column.name not in new:
                raise Untranslatable(f"It sorts by {column.name!r}, which nobody knows.")
            column.set("this", exp.to_identifier(new[column.name], quoted=True))
    first.set("expressions", named)
    return changed


def in_order(queries: Mapping[str, Query]) -> Iterator[str]:
    """Give the names of views, each after those that it names."""
    left = dict(sorted(queries.items()))
    while left:
        ready = [
            name
            for name, query in left.items()
            if not any(other in left for other in query.names - {name})
        ]
        for name in ready or list(left):
            yield name
            del left[name]
