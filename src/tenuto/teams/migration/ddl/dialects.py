"""How each system words what is made."""

from __future__ import annotations

from typing import ClassVar

from tenuto.teams.migration.databases.quoting import listed, literal, quoted
from tenuto.teams.migration.ddl.statements import Statement
from tenuto.teams.migration.plan import (
    ColumnPlan,
    IndexPlan,
    KeyPlan,
    Plan,
    SequencePlan,
    TablePlan,
    ViewPlan,
)
from tenuto.teams.migration.schema import System


def dialect(plan: Plan) -> Dialect:
    """Return how the target of a plan words things."""
    kinds: dict[System, type[Dialect]] = {
        "postgresql": PostgreSQL,
        "sqlite": SQLite,
        "mariadb": MariaDB,
    }
    return kinds[plan.target_system]()


class Dialect:
    """What is worded alike; a system's own class says the rest."""

    system: System
    ending: ClassVar[str] = ""
    """Behind the declaration of a table."""

    def q(self, name: str) -> str:
        return quoted(self.system, name)

    def text(self, value: str) -> str:
        return literal(self.system, value)

    def table(self, table: TablePlan) -> Statement:
        """Return what makes a table with its primary key."""
        lines = [self.column(table, column) for column in table.columns]
        lines += self.table_constraints(table)
        body = ",\n  ".join(lines)
        return Statement(
            what="table",
            name=table.name,
            table=table.name,
            sql=f"CREATE TABLE IF NOT EXISTS {self.q(table.name)} (\n  {body}\n){self.ending}",
            undo=f"DROP TABLE IF EXISTS {self.q(table.name)}",
        )

    def table_constraints(self, table: TablePlan) -> list[str]:
        return [f"PRIMARY KEY ({listed(self.system, table.key)})"] if table.key else []

    def column(self, table: TablePlan, column: ColumnPlan) -> str:
        """Return the declaration of a column."""
        words = [self.q(column.name), column.type]
        if column.collation:
            words.append(f"COLLATE {self.q(column.collation)}")
        if column.generated is not None:
            words.append(f"GENERATED ALWAYS AS ({column.generated}) STORED")
        if not column.nullable:
            words.append("NOT NULL")
        if column.counts:
            words.append(self.counting(table, column))
        elif column.default is not None:
            words.append(f"DEFAULT {column.default}")
        return " ".join(word for word in words if word)

    def counting(self, table: TablePlan, column: ColumnPlan) -> str:
        raise NotImplementedError

    def index(self, table: TablePlan, index: IndexPlan) -> Statement:
        """Return what makes an index."""
        known = {column.name for column in table.columns}
        parts = ", ".join(self.q(part) if part in known else part for part in index.parts)
        unique = "UNIQUE " if index.unique else ""
        where = f" WHERE {index.where}" if index.where else ""
        return Statement(
            what="unique" if index.unique else "index",
            name=index.name,
            table=table.name,
            sql=f"CREATE {unique}INDEX IF NOT EXISTS {self.q(index.name)}"
            f" ON {self.q(table.name)} ({parts}){where}",
            undo=self.drop_index(table, index),
        )

    def drop_index(self, table: TablePlan, index: IndexPlan) -> str:
        return f"DROP INDEX IF EXISTS {self.q(index.name)}"

    def reference(self, key: KeyPlan) -> str:
        """Return the words of a foreign key."""
        words = [
            f"FOREIGN KEY ({listed(self.system, key.columns)})",
            f"REFERENCES {self.q(key.table)} ({listed(self.system, key.named)})",
        ]
        if key.on_delete != "NO ACTION":
            words.append(f"ON DELETE {key.on_delete}")
        if key.on_update != "NO ACTION":
            words.append(f"ON UPDATE {key.on_update}")
        return " ".join(words)

    def checks(self, table: TablePlan) -> list[Statement]:
        return [
            self.constraint(table, name, f"CHECK ({condition})", "check")
            for name, condition in table.checks.items()
        ]

    def foreign_keys(self, table: TablePlan) -> list[Statement]:
        return [
            self.constraint(table, key.name, self.reference(key), "foreign key")
            for key in table.foreign_keys
        ]

    def constraint(self, table: TablePlan, name: str, words: str, what: str) -> Statement:
        raise NotImplementedError

    def counter(self, table: TablePlan, column: ColumnPlan) -> Statement | None:
        """Return what has a column go on counting after the rows that came."""
        raise NotImplementedError

    def sequence(self, sequence: SequencePlan) -> Statement:
        """Return what makes a counter that belongs to no column."""
        name = self.q(sequence.name)
        return Statement(
            what="sequence",
            name=sequence.name,
            table="",
            sql=f"CREATE SEQUENCE IF NOT EXISTS {name} START WITH {sequence.next}",
            undo=f"DROP SEQUENCE IF EXISTS {name}",
        )

    def view(self, view: ViewPlan, query: str) -> Statement:
        """Return what makes a view."""
        return Statement(
            what="view",
            name=view.name,
            table=view.name,
            sql=f"CREATE OR REPLACE VIEW {self.q(view.name)} AS\n{query}",
            undo=f"DROP VIEW IF EXISTS {self.q(view.name)}",
        )


class PostgreSQL(Dialect):
    system: System = "postgresql"

    def counting(self, table: TablePlan, column: ColumnPlan) -> str:
        return "GENERATED BY DEFAULT AS IDENTITY"

    def reference(self, key: KeyPlan) -> str:
        ends = " DEFERRABLE INITIALLY DEFERRED" if key.deferred else ""
        return super().reference(key) + ends

    def constraint(self, table: TablePlan, name: str, words: str, what: str) -> Statement:
        at = self.q(table.name)
        return Statement(
            what="check" if what == "check" else "foreign key",
            name=name,
            table=table.name,
            sql=f"ALTER TABLE {at} ADD CONSTRAINT {self.q(name)} {words}",
            undo=f"ALTER TABLE IF EXISTS {at} DROP CONSTRAINT IF EXISTS {self.q(name)}",
            unless=f"SELECT 1 FROM pg_constraint WHERE conrelid = {self.text(at)}::regclass"
            f" AND conname = {self.text(name)}",
        )

    def counter(self, table: TablePlan, column: ColumnPlan) -> Statement:
        at, name = self.q(table.name), self.q(column.name)
        least = max(column.next or 1, 1)
        return Statement(
            what="sequence",
            name=f"{table.name}.{column.name}",
            table=table.name,
            # It gives no row, as a SELECT would: whoever runs statements expects none.
            sql=_block(
                f"PERFORM setval(pg_get_serial_sequence({self.text(at)}, {self.text(column.name)}),"
                f" greatest(coalesce((SELECT max({name}) FROM {at}), 0) + 1, {least}), false);"
            ),
            undo="",
        )


def _block(words: str) -> str:
    """Return an anonymous block of PostgreSQL, in quotes that stand nowhere in it."""
    quotes = "$do$"
    while quotes in words:
        quotes = f"{quotes[:-1]}o$"
    return f"DO {quotes} BEGIN {words} END {quotes}"


class SQLite(Dialect):
    system: System = "sqlite"

    def counting(self, table: TablePlan, column: ColumnPlan) -> str:
        return "PRIMARY KEY AUTOINCREMENT" if self._counts_alone(table, column) else ""

    def _counts_alone(self, table: TablePlan, column: ColumnPlan) -> bool:
        return table.key == (column.name,) and column.kind == "integer"

    def column(self, table: TablePlan, column: ColumnPlan) -> str:
        # Only a column that is declared INTEGER, in this word, is the rowid and numbers itself.
        if column.counts and self._counts_alone(table, column):
            return f"{self.q(column.name)} INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
        words = super().column(table, column)
        default = column.default
        if default is not None and not column.counts and not _is_plain(default):
            words = words.replace(f"DEFAULT {default}", f"DEFAULT ({default})")
        return words

    def table_constraints(self, table: TablePlan) -> list[str]:
        counted = any(
            column.counts and self._counts_alone(table, column) for column in table.columns
        )
        lines = [] if counted else super().table_constraints(table)
        lines += [
            f"CONSTRAINT {self.q(name)} CHECK ({condition})"
            for name, condition in table.checks.items()
        ]
        for key in table.foreign_keys:
            ends = " DEFERRABLE INITIALLY DEFERRED" if key.deferred else ""
            lines.append(f"CONSTRAINT {self.q(key.name)} {self.reference(key)}{ends}")
        return lines

    def checks(self, table: TablePlan) -> list[Statement]:
        return []

    def foreign_keys(self, table: TablePlan) -> list[Statement]:
        return []

    def counter(self, table: TablePlan, column: ColumnPlan) -> Statement | None:
        if not self._counts_alone(table, column) or column.next is None:
            return None
        name = self.text(table.name)
        at = f"(SELECT coalesce(max({self.q(column.name)}), 0) FROM {self.q(table.name)})"
        return Statement(
            what="sequence",
            name=f"{table.name}.{column.name}",
            table=table.name,
            sql="INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq) VALUES"
            f" ((SELECT rowid FROM sqlite_sequence WHERE name = {name}), {name},"
            f" max({at}, {column.next - 1}))",
            undo="",
        )

    def view(self, view: ViewPlan, query: str) -> Statement:
        return Statement(
            what="view",
            name=view.name,
            table=view.name,
            sql=f"CREATE VIEW IF NOT EXISTS {self.q(view.name)} AS\n{query}",
            undo=f"DROP VIEW IF EXISTS {self.q(view.name)}",
        )


def _is_plain(default: str) -> bool:
    """Return whether SQLite takes a default without brackets around it."""
    return (
        default.startswith(("'", "(", "CURRENT_"))
        or default.lstrip("-").replace(".", "", 1).isdigit()
    )


class MariaDB(Dialect):
    system: System = "mariadb"

    ending: ClassVar[str] = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin"

    def counting(self, table: TablePlan, column: ColumnPlan) -> str:
        return "AUTO_INCREMENT"

    def table_constraints(self, table: TablePlan) -> list[str]:
        lines = super().table_constraints(table)
        # AUTO_INCREMENT wants to be the first column of a key.
        for column in table.columns:
            if column.counts and table.key[:1] != (column.name,):
                lines.append(f"KEY ({self.q(column.name)})")
        return lines

    def drop_index(self, table: TablePlan, index: IndexPlan) -> str:
        return f"DROP INDEX IF EXISTS {self.q(index.name)} ON {self.q(table.name)}"

    def constraint(self, table: TablePlan, name: str, words: str, what: str) -> Statement:
        at = self.q(table.name)
        is_key = what == "foreign key"
        return Statement(
            what="foreign key" if is_key else "check",
            name=name,
            table=table.name,
            sql=f"ALTER TABLE {at} ADD CONSTRAINT {self.q(name)} {words}",
            undo=f"ALTER TABLE {at} DROP {'FOREIGN KEY' if is_key else 'CONSTRAINT'}"
            f" IF EXISTS {self.q(name)}",
            unless="SELECT 1 FROM information_schema.table_constraints"
            f" WHERE constraint_schema = database() AND table_name = {self.text(table.name)}"
            f" AND constraint_name = {self.text(name)}",
        )

    def counter(self, table: TablePlan, column: ColumnPlan) -> Statement | None:
        # InnoDB goes on after the greatest value by itself; it lifts a lower number to that.
        if column.next is None:
            return None
        return Statement(
            what="sequence",
            name=f"{table.name}.{column.name}",
            table=table.name,
            sql=f"ALTER TABLE {self.q(table.name)} AUTO_INCREMENT = {column.next}",
            undo="",
        )
