"""Connections of drivers as the team asks databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from tenuto.teams.migration.databases.port import DatabaseError, Rows
from tenuto.teams.migration.schema import Schema, System


class Asked:
    """A connection, which may be asked as a `Database` is."""

    def __init__(self, connection: Any, system: System = "sqlite") -> None:
        self.connection, self.system = connection, system

    def query(self, sql: str, arguments: Sequence[object] = (), *, limit: int = 0) -> Rows:
        """Return the rows of a query."""
        cursor = self.connection.cursor()
        if self.system != "sqlite" and arguments:
            sql = sql.replace("%", "%%").replace("?", "%s")
        try:
            cursor.execute(sql, tuple(arguments) if arguments or self.system == "sqlite" else None)
        except sqlite3.Error as error:
            raise DatabaseError(str(error)) from None
        found = [tuple(row) for row in (cursor.fetchmany(limit) if limit else cursor.fetchall())]
        return Rows(tuple(column[0] for column in cursor.description or ()), found)

    def describe(self) -> Schema:
        """Return what it holds beside its rows."""
        from tenuto.teams.migration.databases.describing import mariadb, postgresql, sqlite

        modules = {"sqlite": sqlite, "postgresql": postgresql, "mariadb": mariadb}
        found: Schema = modules[self.system].describe(self)
        return found
