"""A query of the source as a query of the target: its names by the plan, its words by sqlglot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from tenuto.teams.migration.dialects import dialect_of
from tenuto.teams.migration.plan import ColumnPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Kind, Schema

FORBIDDEN: Final = frozenset(
    [
        "nextval",
        "setval",
        "pg_sleep",
        "sleep",
        "lo_import",
        "lo_export",
        "dblink",
        "pg_read_file",
        "load_extension",
        "load_file",
        "benchmark",
        "get_lock",
        "pg_terminate_backend",
        "pg_cancel_backend",
        "set_config",
    ]
)
"""Functions that do more than read."""
KIND: Final = "kind"
"""Under this name a column that was found has the kind that it has in the target."""


class Untranslatable(Exception):
    """A query cannot be asked of the target; the message says why."""


class Translated(msgspec.Struct):
    """A query of the target."""

    tree: exp.Query
    """With the names of the target, and the words of the source's SQL still."""
    sql: str
    touched: tuple[tuple[TablePlan, ColumnPlan], ...]
    """The columns that it reads whose values are changed, or are texts no longer."""
    results: tuple[ColumnPlan | None, ...]
    """For each column of the result the column that it is, where it is one and nothing else."""
    kinds: tuple[Kind | None, ...]
    """And its kind, where it is that of a column, or its least or greatest value."""
    sorted_by: tuple[int, ...] | None
    """The columns of the result that it is sorted by, from 0; () where it is sorted by others;
    None: it is not sorted."""
    cut: bool
    """It gives a part of the rows only: LIMIT or OFFSET."""

    @classmethod
    def of_nothing(cls) -> Translated:
        """Return what there is to know of a query that nobody can translate."""
        return cls(exp.Select(), "", (), (), (), None, False)


class Translator:
    """Translates queries by one plan."""

    def __init__(self, plan: Plan, source: Schema) -> None:
        self.plan = plan
        self.read = dialect_of(plan.source_system)
        self.write = dialect_of(plan.target_system)
        self._tables = {table.source.lower(): table for table in plan.tables}
        self._columns = {
            table.name.lower(): [column.name for column in table.columns] for table in source.tables
        }
        self._texts = {
            (table.name.lower(), column.name.lower())
            for table in source.tables
            for column in table.columns
            if column.type.kind == "text"
        }
        self._views = {view.source_query: view.name for view in plan.views if view.query}
        self._view_columns = {view.name.lower(): view.columns for view in source.views}
        self._known_views = {
            view.name.lower(): self._views.get(view.query) for view in source.views
        }

    def no_longer_texts(self, plan: TablePlan, column: ColumnPlan) -> bool:
        """Return whether values that were texts are compared as what they say: JSON, UUIDs."""
        place = (plan.source.lower(), (column.source or "").lower())
        return column.kind in ("json", "uuid") and place in self._texts

    def translated(self, sql: str) -> Translated:
        """Return a query as one of the target.

        Raises:
            Untranslatable: it is no query, reads what was not moved, or is not understood.
        """
        tree = self._parsed(sql)
        touched: dict[str, tuple[TablePlan, ColumnPlan]] = {}
        for scope in list(traverse_scope(tree)):
            _Scoped(self, scope, touched).rename()
        select = tree
        while isinstance(select, exp.SetOperation):
            select = select.this
        selects = select.selects if isinstance(select, exp.Select) else []
        results = tuple(map(_origin, selects))
        return Translated(
            tree=tree,
            sql=self.worded(tree),
            touched=tuple(touched.values()),
            results=results,
            kinds=tuple(map(_kind, selects)),
            sorted_by=_sorted_by(tree),
            cut=bool(tree.args.get("limit") or tree.args.get("offset")),
        )

    def worded(self, tree: exp.Expr) -> str:
        """Return a query in the SQL of the target."""
        try:
            return tree.sql(dialect=self.write, unsupported_level=sqlglot.ErrorLevel.IGNORE)
        except (SqlglotError, ValueError) as error:
            raise Untranslatable(f"It has no form in the SQL of the target: {error}") from error

    def _parsed(self, sql: str) -> exp.Query:
        try:
            trees = sqlglot.parse(sql, read=self.read)
        except SqlglotError as error:
            raise Untranslatable(f"It is not understood: {_short(error)}") from error
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            raise Untranslatable("It is not one query.")
        tree = trees[0]
        if next(tree.find_all(exp.Into, exp.Lock, exp.Placeholder, exp.Parameter), None):
            raise Untranslatable("It locks rows, makes a table, or has values that are not given.")
        if self.read == "sqlite" and self.write != "sqlite":
            for node in list(tree.find_all(exp.Datetime, exp.Anonymous)):
                of = [one for one in node.iter_expressions() if not isinstance(one, exp.Identifier)]
                is_datetime = isinstance(node, exp.Datetime) or node.name.lower() == "datetime"
                if is_datetime and len(of) == 1:
                    node.replace(exp.cast(of[0].copy(), "timestamp", copy=False))
        for call in tree.find_all(exp.Anonymous):
            if call.name.lower() in FORBIDDEN:
                raise Untranslatable(f"It calls {call.name}, which does more than read.")
        return tree

    def table(self, name: str) -> TablePlan | None:
        """Return what becomes of a table of the source; None: there is no such table.

        Raises:
            Untranslatable: it was not moved.
        """
        found = self._tables.get(name.lower())
        if found is None and name.lower() in self._columns:
            raise Untranslatable(f"It reads {name}, which was not moved.")
        return found

    def view(self, name: str) -> str | None:
        """Return the name of a view in the target; None: there is no such view.

        Raises:
            Untranslatable: it was not moved.
        """
        if name.lower() not in self._known_views:
            return None
        found = self._known_views[name.lower()]
        if found is None:
            raise Untranslatable(f"It reads the view {name}, which was not moved.")
        return found

    def view_columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of a view."""
        return self._view_columns.get(name.lower(), ())

    def source_columns(self, table: TablePlan) -> list[str]:
        """Return the columns of a table as the source has them, in its order."""
        return self._columns.get(table.source.lower(), [])


class _Scoped:
    """The names of one SELECT."""

    def __init__(
        self,
        translator: Translator,
        scope: Scope,
        touched: dict[str, tuple[TablePlan, ColumnPlan]],
    ) -> None:
        self._of = translator
        self._scope = scope
        self._touched = touched
        self._tables: dict[str, TablePlan] = {}
        self._said: dict[str, exp.Expr] = {}
        """By which name each table is called."""
        self._derived: list[str] = []
        self._views: dict[str, dict[str, str]] = {}
        ancestors = {name for part in _lineage(scope) for name in part.cte_sources}
        for alias, (node, source) in scope.selected_sources.items():
            plan = None
            if isinstance(source, exp.Table) and source.name not in ancestors:
                plan = translator.table(source.name)
            if plan is not None:
                self._tables[alias.lower()] = plan
            else:
                self._derived.append(alias)
            if isinstance(node, exp.Table) and plan is None and node.name not in ancestors:
                view = translator.view(node.name)
                if view is not None:
                    names = translator.view_columns(node.name)
                    self._views[alias.lower()] = {name.lower(): name for name in names}
                    node.set("alias", node.args.get("alias") or _alias(node.this))
                    node.set("this", exp.to_identifier(view, quoted=True))

    def rename(self) -> None:
        """Give tables and columns the names that they have in the target."""
        self._expand()
        for node in list(self._scope.find_all(exp.Table)):
            self._rename_table(node)
        for column in [*self._scope.columns, *self._sorting()]:
            self._rename(column)

    def _rename_table(self, node: exp.Table) -> None:
        alias = node.alias_or_name.lower()
        plan = self._tables.get(alias)
        if plan is None or node.name.lower() != plan.source.lower():
            return
        if not node.args.get("alias") and node.name != plan.name:
            node.set("alias", _alias(node.this))
        node.set("this", exp.to_identifier(plan.name, quoted=True))
        node.set("db", None)
        node.set("catalog", None)
        said = node.args.get("alias")
        self._said[alias] = (said or node).this

    def _sorting(self) -> list[exp.Column]:
        """Return the columns of ORDER BY that sqlglot takes for results, but aliases."""
        select = self._scope.expression
        if not isinstance(select, exp.Select) or (order := select.args.get("order")) is None:
            return []
        aliases = {part.alias.lower() for part in select.selects if part.alias}
        known = {id(column) for column in self._scope.columns}
        return [
            column
            for column in order.find_all(exp.Column)
            if id(column) not in known
            and not column.table
            and column.name.lower() not in aliases
            and column.find_ancestor(exp.Select) is select
        ]

    def _expand(self) -> None:
        """Put columns in place of a star, in the order of the source."""
        select = self._scope.expression
        if not isinstance(select, exp.Select):
            return
        told: list[exp.Expr] = []
        for part in select.selects:
            if isinstance(part, exp.Star):
                for alias in self._scope.selected_sources:
                    told += self._all_of(alias)
            elif isinstance(part, exp.Column) and isinstance(part.this, exp.Star):
                told += self._all_of(part.table)
            else:
                told.append(part)
        if len(told) != len(select.selects) or any(
            a is not b for a, b in zip(told, select.selects, strict=True)
        ):
            select.set("expressions", told)
            self._scope.clear_cache()

    def _all_of(self, alias: str) -> Iterator[exp.Expr]:
        plan = self._tables.get(alias.lower())
        if plan is None:
            yield exp.Column(this=exp.Star(), table=exp.to_identifier(alias))
            return
        for name in self._of.source_columns(plan):
            yield exp.column(exp.to_identifier(name, quoted=True), table=alias)

    def _rename(self, column: exp.Column) -> None:
        if isinstance(column.this, exp.Star):
            return
        plan = self._table_of(column)
        if plan is None:
            self._rename_of_view(column)
            return
        found = [one for one in plan.columns if (one.source or "").lower() == column.name.lower()]
        if not found:
            if column.name.lower() in map(str.lower, self._of.source_columns(plan)):
                raise Untranslatable(
                    f"It reads {plan.source}.{column.name}, which is no column of the target."
                )
            return
        before = column.this
        column.set("this", exp.to_identifier(found[0].name, quoted=True))
        column.meta[KIND] = found[0]
        if found[0].changes or self._of.no_longer_texts(plan, found[0]):
            self._touched[f"{plan.name}.{found[0].name}"] = (plan, found[0])
        select = self._scope.expression
        said = self._said.get(column.table.lower())
        if said is not None:
            column.set("table", said.copy())
        is_result = column.parent is select and column.arg_key == "expressions"
        folds = not self._scope.is_root and not before.args.get("quoted")
        if is_result and (before.name != found[0].name or folds):
            column.replace(exp.alias_(column.copy(), before.copy(), copy=False))

    def _rename_of_view(self, column: exp.Column) -> None:
        """Call a column of a view as the view calls it."""
        sides = [column.table.lower()] if column.table else list(self._views)
        for side in sides:
            name = self._views.get(side, {}).get(column.name.lower())
            if name is not None:
                column.set("this", exp.to_identifier(name, quoted=True))
                return

    def _table_of(self, column: exp.Column) -> TablePlan | None:
        scope: Scope | None = self._scope
        if column.table:
            found = self._tables.get(column.table.lower())
            while found is None and scope is not None and scope.parent is not None:
                scope = scope.parent
                source = scope.sources.get(column.table)
                if isinstance(source, exp.Table):
                    return self._of.table(source.name)
            return found
        for plan in self._tables.values():
            if column.name.lower() in map(str.lower, self._of.source_columns(plan)):
                return plan
        while not self._derived and scope is not None and scope.parent is not None:
            scope = scope.parent
            for source in scope.sources.values():
                outer = self._of.table(source.name) if isinstance(source, exp.Table) else None
                names = self._of.source_columns(outer) if outer else []
                if column.name.lower() in map(str.lower, names):
                    return outer
        return None


def _lineage(scope: Scope) -> Iterator[Scope]:
    at: Scope | None = scope
    while at is not None:
        yield at
        at = at.parent


def _alias(name: exp.Expr) -> exp.TableAlias:
    return exp.TableAlias(this=name.copy())


def _origin(select: exp.Expr) -> ColumnPlan | None:
    column = select.unalias()
    return column.meta.get(KIND) if isinstance(column, exp.Column) else None


def _kind(select: exp.Expr) -> Kind | None:
    value = select.unalias()
    value = value.this if isinstance(value, exp.Min | exp.Max) else value
    found = _origin(value)
    return found.kind if found is not None else None


def _sorted_by(tree: exp.Query) -> tuple[int, ...] | None:
    order = tree.args.get("order")
    if order is None:
        return None
    selects = tree.selects
    names = [select.alias_or_name.lower() for select in selects]
    plain = [select.unalias().sql() for select in selects]
    places = []
    for part in order.expressions:
        by = part.this
        if isinstance(by, exp.Literal) and by.is_int:
            places.append(int(by.name) - 1)
        elif by.sql() in plain:
            places.append(plain.index(by.sql()))
        elif isinstance(by, exp.Column) and by.name.lower() in names:
            places.append(names.index(by.name.lower()))
        else:
            break
    return tuple(place for place in places if 0 <= place < len(selects))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
