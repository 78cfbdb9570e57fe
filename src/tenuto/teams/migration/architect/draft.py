"""What the parts of a plan are made from, while it is made."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tenuto.teams.migration.architect import expressions
from tenuto.teams.migration.architect.names import Names, cased
from tenuto.teams.migration.architect.options import Options
from tenuto.teams.migration.databases.bookkeeping import BOOKKEEPING
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Annotated, ColumnNotes, Schema, System, Table


class NothingToMove(Exception):
    """No table is left by what was asked; the message names what there is."""


class Draft:
    """The source, what was asked, and what is known of the plan so far."""

    def __init__(self, annotated: Annotated, target: System, options: Options) -> None:
        self.annotated, self.target, self.options = annotated, target, options
        self.schema: Schema = annotated.schema
        self.source = annotated.schema.system
        self.left_out: dict[str, str] = dict(annotated.schema.left_out)
        self.tables: dict[str, Table] = {
            table.name: table for table in self.schema.tables if self.wanted(table.name)
        }
        if not self.tables:
            there = ", ".join(table.name for table in self.schema.tables) or "no table at all"
            raise NothingToMove(f"No table is to be moved; the source has: {there}.")
        # Tables, indexes and views share one space of names in PostgreSQL and SQLite.
        self.space = Names(target, lambda name: cased(name, options.names))
        self.names = {name: self.space.give(name, of="table") for name in self.tables}
        self.columns: dict[str, dict[str, ColumnPlan]] = {}
        """By the names of the source."""

    def wanted(self, name: str) -> bool:
        """Return whether something of the source was asked for; else say why it is left out."""
        if name in BOOKKEEPING:
            self.left_out[name] = "An earlier migration kept its books in it."
            return False
        asked = self.options.tables
        if asked and not any(fnmatchcase(name, pattern) for pattern in asked):
            self.left_out[name] = "It is not among the tables that were asked for."
            return False
        if any(fnmatchcase(name, pattern) for pattern in self.options.exclude):
            self.left_out[name] = "It was excluded."
            return False
        return True

    def notes(self, table: Table, column: str) -> ColumnNotes | None:
        """Return what Scout found out about a column, if it was looked into."""
        return self.annotated.columns.get(f"{table.name}.{column}")

    def condition(self, table: Table, sql: str) -> str:
        """Return a condition or an expression of a table in the SQL of the target.

        Raises:
            Untranslatable: it cannot be said there for sure.
        """
        columns = self.columns[table.name]
        of = expressions.Names(
            names={name: column.name for name, column in columns.items()},
            kinds={name: column.kind for name, column in columns.items()},
            changed=frozenset(name for name, column in columns.items() if column.changes),
        )
        return expressions.condition(sql, self.source, self.target, of=of)
