"""In which order tables come, so that each row finds the rows that it names."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tenuto.teams.migration.schema import ForeignKey, Table


class Order(msgspec.Struct, frozen=True):
    """Levels of tables, and the foreign keys that had to be left aside for them."""

    levels: dict[str, int]
    deferred: frozenset[tuple[str, str]]
    """Table and name of the key."""


def order(tables: Mapping[str, Table]) -> Order:
    """Return levels: a table's keys name tables of lower levels, itself, or are deferred.

    Of a cycle one key is deferred at a time: one whose columns may be NULL, if there is one.
    """
    waiting: dict[str, list[ForeignKey]] = {
        name: [key for key in table.foreign_keys if key.table in tables and key.table != name]
        for name, table in sorted(tables.items())
    }
    levels: dict[str, int] = {}
    deferred: set[tuple[str, str]] = set()
    level = 0
    while waiting:
        ready = [name for name, keys in waiting.items() if not keys]
        if not ready:
            name, key = _weakest(waiting, tables)
            deferred.add((name, key.name))
            waiting[name].remove(key)
            continue
        for name in ready:
            levels[name] = level
            del waiting[name]
        for name, keys in waiting.items():
            waiting[name] = [key for key in keys if key.table not in levels]
        level += 1
    return Order(levels, frozenset(deferred))


def _weakest(
    waiting: Mapping[str, list[ForeignKey]], tables: Mapping[str, Table]
) -> tuple[str, ForeignKey]:
    on_cycle = [
        (name, key)
        for name, keys in waiting.items()
        for key in keys
        if name in _reached(waiting, key.table)
    ]
    return min(on_cycle, key=lambda found: (_is_needed(tables[found[0]], found[1]), found[0]))


def _is_needed(table: Table, key: ForeignKey) -> bool:
    return not any(table.column(name).nullable for name in key.columns)


def _reached(waiting: Mapping[str, list[ForeignKey]], start: str) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        for key in waiting.get(ahead.pop(), ()):
            if key.table not in found:
                found.add(key.table)
                ahead.append(key.table)
    return found
