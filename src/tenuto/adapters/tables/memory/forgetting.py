"""What forgetting does to the tables, inside a transaction: no summary tells of it any more."""

import json
from collections.abc import Iterable
from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.memory.rows import item_named, items_meant
from tenuto.adapters.tables.memory.schema import has_memory
from tenuto.adapters.tables.memory.writing import delete, sources_of
from tenuto.core.memory.items import MemoryItem
from tenuto.ports.memory import MemoryQuery, is_left_in

SELECT_TELLING: Final = """
    SELECT DISTINCT summary FROM memory_sums
    WHERE tenant = ? AND source IN (SELECT value FROM json_each(?))"""


def forget(connection: Connection, query: MemoryQuery, *, exactly: bool) -> int:
    """See `Memory.forget`."""
    if not has_memory(connection):
        return 0
    meant = items_meant(connection, query)
    if exactly or not has_table(connection, "memory_sums"):
        delete(connection, meant)
        return len(meant)
    gone = {item.id: item for item in meant}
    left = _left_in_summaries(connection, query, gone)
    for summary in meant:
        for source in sources_of(connection, summary):
            gone.setdefault(source.id, source)
    for summary in _telling(connection, query.tenant, [*gone, *left]):
        gone.setdefault(summary.id, summary)
    delete(connection, list(gone.values()))
    return len(meant) + len(left)


def _telling(connection: Connection, tenant: str, ids: Iterable[str]) -> list[MemoryItem]:
    """Return the summaries that tell of any of these."""
    found = connection.execute(SELECT_TELLING, (tenant, json.dumps(list(ids)))).fetchall()
    named = (item_named(connection, tenant, id) for (id,) in found)
    return [item for item in named if item is not None]


def _left_in_summaries(
    connection: Connection, query: MemoryQuery, there: Iterable[str]
) -> set[str]:
    """Return the ids that the query names and that are only told by summaries."""
    missing = set(query.ids or ()).difference(there)
    if not missing:
        return set()
    told = _telling(connection, query.tenant, sorted(missing))
    return missing & {one for item in told if is_left_in(item, query) for one in item.sums_up}
