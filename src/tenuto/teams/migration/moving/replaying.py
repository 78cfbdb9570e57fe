"""Rows in quarantine, tried again by a plan that was mended since."""

from __future__ import annotations

from typing import Final

import msgspec
import pyarrow as pa

from tenuto.teams.migration.databases.port import STRANGE, Database, Strange
from tenuto.teams.migration.moving import checkpoints, quarantine
from tenuto.teams.migration.moving.checkpoints import Batch
from tenuto.teams.migration.moving.loads import BadRow, Load, Range
from tenuto.teams.migration.moving.rows import changed
from tenuto.teams.migration.moving.writing import put_rows
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Scalar

REPLAYED: Final = -1
"""The range under which the checkpoints of replays are kept."""

Original = dict[str, Scalar | list[Scalar]]
Place = tuple[int, int, int]
"""Range, batch, and the place in it."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    loaded: int
    left: tuple[BadRow, ...]
    """Rows that stay in quarantine, with the reasons of now."""


def replay(target: Database, plan: Plan, table: str, *, migration: str) -> Replayed:
    """Load the rows of a table that are in quarantine, as far as they fit now, and take them out
    there: in one transaction for those of a batch. Rows that gave way to a constraint after they
    were loaded stay: a plan says nothing about what they contradict."""
    groups = target.query(
        f"SELECT DISTINCT range_number, batch FROM {quarantine.TABLE} WHERE migration = ? AND "
        "table_name = ? AND range_number >= 0 ORDER BY range_number, batch",
        (migration, table),
    ).rows
    loaded, left = 0, []
    load = Load(migration=migration, plan=plan, table=table, range=Range(number=REPLAYED))
    for group in groups:
        some, rest = _replay(target, load, (int(str(group[0])), int(str(group[1]))))
        loaded += some
        left += rest
    return Replayed(loaded=loaded, left=tuple(left))


def _replay(target: Database, load: Load, group: tuple[int, int]) -> tuple[int, list[BadRow]]:
    rows = target.query(
        f"SELECT place, original FROM {quarantine.TABLE} WHERE migration = ? AND table_name = ? "
        "AND range_number = ? AND batch = ? ORDER BY place",
        (load.migration, load.table, *group),
    ).rows
    originals = [msgspec.json.decode(str(row[1]), type=Original) for row in rows]
    batch = batch_of(originals)
    made = changed(load.mapping, batch, system=target.system)
    number = len(checkpoints.of_range(target, load.migration, load.table, REPLAYED))
    refused: list[BadRow] = []
    with target.writing() as writing:
        loaded = put_rows(writing, load.table, made, refused)
        gone = {at for at, _ in enumerate(rows)} - _places([*made.bad, *refused], originals)
        for at in sorted(gone):
            writing.execute(
                f"DELETE FROM {quarantine.TABLE} WHERE migration = ? AND table_name = ? AND "
                "range_number = ? AND batch = ? AND place = ?",
                (load.migration, load.table, *group, int(str(rows[at][0]))),
            )
        if loaded:
            # So that the sums of checkpoints stay true.
            one = Batch(
                table=load.table,
                range=REPLAYED,
                number=number,
                last_key=None,
                read=0,
                loaded=loaded,
                bad=-loaded,
            )
            checkpoints.saved(writing, load.migration, one)
    assert loaded == len(gone), "each row is loaded or stays"
    return loaded, [*made.bad, *refused]


NUMBER: Final = "number of the row in quarantine"


def _places(bad: list[BadRow], originals: list[Original]) -> set[int]:
    found = {int(str(row.original[NUMBER])) for row in bad}
    assert len(found) == len(bad) <= len(originals), "a row is bad once"
    return found


def batch_of(originals: list[Original]) -> pa.RecordBatch:
    """Return rows from quarantine as a batch of texts, as they were written in the source."""
    names = list(dict.fromkeys(name for row in originals for name in row))
    cells: dict[str, list[str | None]] = {name: [] for name in names}
    aside: list[str | None] = []
    for row in originals:
        strange: Strange = {}
        for name in names:
            cells[name].append(_text(name, row.get(name), strange))
        aside.append(msgspec.json.encode(strange).decode() if strange else None)
    columns = {name: pa.array(values, pa.string()) for name, values in cells.items()}
    columns[NUMBER] = pa.array([str(place) for place in range(len(originals))], pa.string())
    if any(aside):
        columns[STRANGE] = pa.array(aside, pa.string())
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _text(name: str, value: Scalar | list[Scalar], strange: Strange) -> str | None:
    if isinstance(value, list):
        kind, text = str(value[0]), str(value[1])
        if kind in ("blob", "broken"):
            strange[name] = ("blob" if kind == "blob" else "broken", text)
            return None
        return text
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else repr(value) if isinstance(value, float) else str(value)
