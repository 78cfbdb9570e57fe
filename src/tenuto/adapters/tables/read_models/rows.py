"""What changes do to the tables, and questions of them."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.read_models.schema import KEPT, is_made, make
from tenuto.core.errors import NotFound
from tenuto.core.tables import ADDED, COLUMNS, KEYS, ORDER, Change, Row, Table, Value, merged
from tenuto.ports.read_models import PAGE_MAX, Elsewhere, Reached, RowQuery

SELECT_REACHED: Final = "SELECT position, entry FROM read_models"
_NAMED: Final = ("tenant", "name", "id")
DELETE_NAMESAKE: Final = "DELETE FROM agents WHERE tenant = ? AND name = ? AND id <> ?"
UPDATE_REACHED: Final = "UPDATE read_models SET position = ?, entry = ?"


def apply(
    connection: Connection,
    changes: Sequence[Change],
    reached: Reached,
    *,
    before: Reached | None = None,
) -> None:
    """Answer `ReadModels.apply`, in the transaction that is open."""
    make(connection)
    if before is not None:
        position, entry = connection.execute(SELECT_REACHED).fetchone()
        found = Reached(position=position, entry=entry)
        if found != before:
            raise Elsewhere(before=before, found=found)
    # One change for each row: so their order does not matter, and those alike are made together.
    alike = sorted(merged(changes), key=_likeness)
    for (table, how, columns), group in groupby(alike, key=_likeness):
        if how:
            rows = [[change.values[column] for column in COLUMNS[table]] for change in group]
            if table == "agents":
                # Another agent has the name now.
                names = [[*map(row.__getitem__, map(COLUMNS[table].index, _NAMED))] for row in rows]
                connection.executemany(DELETE_NAMESAKE, names)
            connection.executemany(_add(table) if how == "add" else _put(table), rows)
        else:
            values = [
                [*(change.values[column] for column in columns), *change.key] for change in group
            ]
            connection.executemany(_amend(table, columns), values)
    connection.execute(UPDATE_REACHED, (reached.position, reached.entry))


def clear(connection: Connection) -> None:
    """Answer `ReadModels.clear`, in the transaction that is open."""
    make(connection)
    for table in KEPT:
        connection.execute(f"DELETE FROM {table}")
    connection.execute(UPDATE_REACHED, (0, 0))


def reached(connection: Connection) -> Reached:
    """Answer `ReadModels.reached`."""
    if not is_made(connection):
        return Reached()
    position, entry = connection.execute(SELECT_REACHED).fetchone()
    return Reached(position=position, entry=entry)


def rows(connection: Connection, query: RowQuery) -> tuple[Row, ...]:
    """Answer `ReadModels.rows`. Names of columns are ours; values never become part of the SQL."""
    if not is_made(connection):
        if query.after:
            raise NotFound(what=f"row of {query.table}", name=" ".join(query.after))
        return ()
    columns, order = COLUMNS[query.table], ORDER[query.table]
    terms: list[str] = []
    values: list[Value] = []
    if query.tenant is not None:
        terms.append("tenant = ?")
        values.append(query.tenant)
    for column, value in query.where.items():
        terms.append(f"{column} IS NULL" if value is None else f"{column} = ?")
        values += [] if value is None else [value]
    if query.after:
        terms.append(f"({', '.join(order)}) {'>' if query.oldest_first else '<'} ({_marks(order)})")
        values += _place(connection, query)
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    way = "ASC" if query.oldest_first else "DESC"
    found = connection.execute(
        f"SELECT {', '.join(columns)} FROM {query.table}{where}"
        f" ORDER BY {', '.join(f'{column} {way}' for column in order)} LIMIT ?",
        (*values, max(0, min(query.limit, PAGE_MAX))),
    )
    return tuple(dict(zip(columns, row, strict=True)) for row in found)


def _place(connection: Connection, query: RowQuery) -> list[Value]:
    keys = " AND ".join(f"{column} = ?" for column in KEYS[query.table])
    row = connection.execute(
        f"SELECT {', '.join(ORDER[query.table])} FROM {query.table} WHERE {keys}", query.after
    ).fetchone()
    if row is None:
        raise NotFound(what=f"row of {query.table}", name=" ".join(query.after))
    return list(row)


def _likeness(change: Change) -> tuple[Table, str, tuple[str, ...]]:
    if change.adds:
        return change.table, "add", ()
    return change.table, "put" if change.whole else "", () if change.whole else tuple(change.values)


def _put(table: Table) -> str:
    keys = KEYS[table]
    sets = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[table] if name not in keys)
    return (
        f"INSERT INTO {table} VALUES ({_marks(COLUMNS[table])})"
        f" ON CONFLICT({', '.join(keys)}) DO UPDATE SET {sets}"
    )


def _add(table: Table) -> str:
    sums = ", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in ADDED[table])
    return (
        f"INSERT INTO {table} VALUES ({_marks(COLUMNS[table])})"
        f" ON CONFLICT({', '.join(KEYS[table])}) DO UPDATE SET {sums}"
    )


def _amend(table: Table, columns: tuple[str, ...]) -> str:
    sets = ", ".join(f"{column} = ?" for column in columns)
    keys = " AND ".join(f"{column} = ?" for column in KEYS[table])
    return f"UPDATE {table} SET {sets} WHERE {keys}"


def _marks(columns: Sequence[str]) -> str:
    return ", ".join("?" * len(columns))
