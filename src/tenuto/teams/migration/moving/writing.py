"""Writing a batch although some of its rows may be refused: those are found and put aside."""

from __future__ import annotations

from typing import Final

from tenuto.teams.migration.databases.port import BadValue, Writing
from tenuto.teams.migration.moving.loads import BadRow
from tenuto.teams.migration.moving.rows import Changed

POINT: Final = "tenuto_rows"


def put_rows(writing: Writing, table: str, changed: Changed, refused: list[BadRow]) -> int:
    """Return how many rows of a batch the target took; `refused` gets the others.

    A target that says which row it refuses is believed: the rows before it go in, then those
    behind it. Of others the batch is halved until the row is alone.
    """
    loaded = 0
    left = [(0, changed.good.num_rows)]
    while left:
        start, stop = left.pop()
        if start == stop:
            continue
        writing.execute(f"SAVEPOINT {POINT}")
        try:
            writing.ingest(table, changed.good.slice(start, stop - start))
        except BadValue as error:
            writing.execute(f"ROLLBACK TO SAVEPOINT {POINT}")
            rows = sorted({start + row for row in error.rows if start + row < stop})
            if not rows and stop - start > 1:
                middle = (start + stop) // 2
                left += [(middle, stop), (start, middle)]
                continue
            rows = rows or [start]
            refused += [_refused(row, changed, error) for row in rows]
            edges = [start, *[edge for row in rows for edge in (row, row + 1)], stop]
            left += list(zip(edges[::2], edges[1::2], strict=True))[::-1]
        else:
            loaded += stop - start
        writing.execute(f"RELEASE SAVEPOINT {POINT}")
    return loaded


def _refused(row: int, changed: Changed, error: BadValue) -> BadRow:
    reason = error.detail or str(error)
    return changed.origin.bad_row(changed.places[row], error.column or "", reason)
