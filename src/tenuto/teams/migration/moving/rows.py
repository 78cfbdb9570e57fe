"""From a batch of the source to a batch of the target, and the rows that cannot go there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.arrays import one_array
from tenuto.teams.migration.databases.port import STRANGE, Strange, strange_cells
from tenuto.teams.migration.moving.changes import CHANGES, as_texts
from tenuto.teams.migration.moving.kinds import is_text, to_kind
from tenuto.teams.migration.moving.loads import BadRow
from tenuto.teams.migration.moving.options import text
from tenuto.teams.migration.plan import Change

if TYPE_CHECKING:
    from tenuto.teams.migration.plan import ColumnPlan, TablePlan
    from tenuto.teams.migration.schema import Scalar, System

Faults = dict[int, tuple[str, str]]
"""Row to the column at fault, and why."""

NO_NULL: Final = "null in a column that takes none"


class Origin:
    """A batch as it came from the source."""

    def __init__(self, batch: pa.RecordBatch, by: Sequence[str]) -> None:
        self.batch, self.by = batch, by
        self.strange = strange_cells(batch)

    def bad_row(self, row: int, column: str, reason: str) -> BadRow:
        """Return a row as it is kept in quarantine."""
        names = [name for name in self.batch.schema.names if name != STRANGE]
        original: dict[str, Scalar | list[Scalar]] = {
            name: plain(one_array(self.batch.column(name)), row) for name in names
        }
        for name, (kind, value) in self.strange.get(row, {}).items():
            original[name] = [kind, value]
        return BadRow(
            key=key_of(self.batch, row, self.by), column=column, reason=reason, original=original
        )


class Changed(msgspec.Struct, frozen=True):
    """What a mapping makes of a batch."""

    good: pa.RecordBatch
    places: tuple[int, ...] | range
    """Of the good rows, in the batch of the source."""
    bad: tuple[BadRow, ...]
    origin: Origin


def columns_read(table: TablePlan, by: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the columns of the source that a mapping needs, those of the key with them."""
    names: dict[str, None] = dict.fromkeys(by)
    for column in table.columns:
        if is_loaded(column):
            names |= dict.fromkeys((column.source,) if column.source else column.sources)
    return tuple(names)


def changed(
    table: TablePlan, batch: pa.RecordBatch, *, system: System, by: Sequence[str] = ()
) -> Changed:
    """Return what a mapping makes of a batch for a target of a system."""
    origin = Origin(batch, by)
    faults: Faults = {}
    made: dict[str, pa.Array] = {}
    for column in table.columns:
        if not is_loaded(column):
            continue
        values, bad = column_of(batch, column, origin.strange)
        for row, why in bad.items():
            faults.setdefault(row, (column.name, why))
        if not column.nullable and values.null_count > len(bad):
            for row in pc.indices_nonzero(values.is_null()).to_pylist():
                faults.setdefault(row, (column.name, NO_NULL))
        for row, why in not_kept(values, system).items():
            faults.setdefault(row, (column.name, why))
        made[column.name] = values
    whole = pa.RecordBatch.from_arrays(list(made.values()), names=list(made))
    if not faults:
        return Changed(whole, range(batch.num_rows), (), origin)
    places = tuple(row for row in range(batch.num_rows) if row not in faults)
    bad_rows = tuple(origin.bad_row(row, *faults[row]) for row in sorted(faults))
    return Changed(whole.take(pa.array(places, pa.int64())), places, bad_rows, origin)


def not_kept(values: pa.Array, system: System) -> dict[int, str]:
    """Return the rows whose values a system would not keep as they are, and why."""
    if system == "postgresql" and is_text(values.type) and has_nul(values):
        rows = pc.indices_nonzero(pc.match_substring(values, "\0")).to_pylist()
        return dict.fromkeys(rows, "PostgreSQL keeps no NUL in a text")
    if system != "postgresql" and pa.types.is_floating(values.type):
        odd = pc.is_nan(values)
        if system == "mariadb":
            odd = pc.or_(odd, pc.is_inf(values))
        rows = pc.indices_nonzero(pc.fill_null(odd, False)).to_pylist()
        return dict.fromkeys(rows, f"{NAMES[system]} keeps no such number")
    return {}


NAMES: Final[dict[System, str]] = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "mariadb": "MariaDB",
    "folder": "A folder",
}


def is_loaded(column: ColumnPlan) -> bool:
    """Return whether values are put into a column: it is made of something, and not computed by the
    target itself."""
    made = bool(column.source or column.sources or column.changes)
    return made and column.generated is None


def has_nul(array: pa.Array) -> bool:
    """Return whether a byte of some texts is zero: looked for where they lie, all at once."""
    data = array.buffers()[2]
    if data is None or not len(array):
        return False
    offsets = array.buffers()[1]
    places = memoryview(offsets).cast("i")
    first, last = places[array.offset], places[array.offset + len(array)]
    return b"\0" in bytes(memoryview(data)[first:last])


def column_of(
    batch: pa.RecordBatch, column: ColumnPlan, strange: dict[int, Strange]
) -> tuple[pa.Array, dict[int, str]]:
    """Return the values of a column of the target, and the rows that have none, with the reason."""
    if column.sources:
        return joined_column(batch, column, strange)
    if column.source is None:
        return through(pa.nulls(batch.num_rows, pa.string()), column)
    values, bad = through(one_array(batch.column(column.source)), column)
    cells = {row: cells[column.source] for row, cells in strange.items() if column.source in cells}
    if not cells:
        return values, bad
    for texts in (True, False):
        some = {row: cell for row, cell in cells.items() if (cell[0] in AS_TEXT) is texts}
        if not some:
            continue
        raw = [value if texts else bytes.fromhex(value) for _, value in some.values()]
        mended, worse = through(pa.array(raw, pa.string() if texts else pa.binary()), column)
        rows = list(some)
        bad |= {rows[place]: f"{some[rows[place]][0]}: {why}" for place, why in worse.items()}
        mask = pa.array([row in some for row in range(len(values))])
        values = pc.replace_with_mask(values, mask, mended)
    return values, bad


def joined_column(
    batch: pa.RecordBatch, column: ColumnPlan, strange: dict[int, Strange]
) -> tuple[pa.Array, dict[int, str]]:
    """Return what is made of several columns: joined with a `separator`, or the first that has a
    value."""
    first = column.changes[0] if column.changes else Change(do="join")
    parts = [as_texts(one_array(batch.column(name))) for name in column.sources]
    bad = {
        row: "bytes, or a value of another kind, in a text that is joined"
        for row, cells in strange.items()
        if any(name in cells for name in column.sources)
    }
    if first.do == "coalesce":
        whole = pc.coalesce(*parts)
    else:
        separator = text(first, "separator", " ")
        # What joins nothing is null, not an empty text.
        some = pc.is_valid(pc.coalesce(*parts))
        whole = pc.binary_join_element_wise(*parts, separator, null_handling="skip")
        whole = pc.if_else(some, whole, pa.scalar(None, whole.type))
    values, worse = through(whole, column)
    if bad:
        gone = pa.array([row in bad for row in range(len(values))])
        values = pc.if_else(gone, pa.scalar(None, values.type), values)
    return values, worse | bad


AS_TEXT: Final = ("integer", "real", "text")


def through(array: pa.Array, column: ColumnPlan) -> tuple[pa.Array, dict[int, str]]:
    """Return what the changes of a column make of values, and where they fail, with the reason."""
    bad: dict[int, str] = {}
    for change in column.changes:
        do, why = CHANGES[change.do]
        array, places = do(array, change, column)
        for place in places:
            bad.setdefault(place, why)
    array, places = to_kind(array, column)
    for place in places:
        bad.setdefault(place, f"does not fit the kind {column.kind}")
    return array, bad


def key_of(batch: pa.RecordBatch, row: int, by: Sequence[str]) -> tuple[Scalar, ...]:
    """Return the key of a row of the source."""
    values = (plain(one_array(batch.column(name)), row) for name in by)
    return tuple(_in_key(value) for value in values)


def _in_key(value: Scalar | list[Scalar]) -> Scalar:
    """Return a part of a key as a text that its system reads again: bytes as \\x and hex."""
    if not isinstance(value, list):
        return value
    kind, text = value
    return f"\\x{text}" if kind == "blob" else text


def plain(column: pa.Array, row: int) -> Scalar | list[Scalar]:
    """Return a value as JSON has it; bytes as `["blob", hex]`."""
    try:
        value = column[row].as_py()
    except (ValueError, OverflowError):
        value = column[row].cast(pa.string()).as_py()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else ["real", str(value)]
    if isinstance(value, bytes):
        return ["blob", value.hex()]
    return str(value)
