"""Brings a table of a target to where its source is now: what is stale is taken out, what is
missing is loaded, batch by batch, each with its checkpoint in one transaction.

First all rows that are gone or others by now are deleted, then all that are missing are loaded: so
no row stands in the way of another. Whatever dies when, the same again finds what is left to do.
Foreign keys wait meanwhile (`existing`). Rows that do not fit are put aside, as in the first load;
those that were aside are tried again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import msgspec
import pyarrow as pa

from tenuto.teams.migration import existing
from tenuto.teams.migration.databases.port import Database, Read, Span, Writing
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.kora.comparing import key_in_source
from tenuto.teams.migration.kora.marks import marks
from tenuto.teams.migration.kora.sides import Form, as_planned
from tenuto.teams.migration.moving import checkpoints, quarantine
from tenuto.teams.migration.moving.checkpoints import Batch
from tenuto.teams.migration.moving.loads import BadRow
from tenuto.teams.migration.moving.rows import Changed, changed, columns_read, key_of
from tenuto.teams.migration.moving.writing import put_rows
from tenuto.teams.migration.plan import Plan, TablePlan

if TYPE_CHECKING:
    from tenuto.teams.migration.schema import Kind, Scalar

STALE, MISSING, MARKED, WHOLE = 0, 1, 2, 3
"""The numbers of ranges: of what was deleted, what was loaded, what came by marks, and of tables
that were loaded anew as a whole."""
ORDERED: Final[frozenset[Kind]] = frozenset({"integer", "text", "date", "timestamp"})
"""Kinds whose values have one order in all systems."""
KEYS: Final = 200
"""Rows that one statement deletes."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a table. Rows are counted over all attempts."""

    table: str
    deleted: int = 0
    loaded: int = 0
    quarantined: int = 0


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """What is brought up to date."""

    migration: str
    """Whose checkpoints these are."""
    plan: Plan
    table: str
    """Of the target."""
    where: str | None = None
    """Only these rows of the source, in its SQL: they are new or changed; None: all are compared.
    """

    @property
    def mapping(self) -> TablePlan:
        """What becomes of the table."""
        return self.plan.table(self.table)


class _Piece(msgspec.Struct, frozen=True):
    """Rows of both sides in one range of keys."""

    made: Changed | None
    """None: the source has no row there."""
    source: dict[bytes, bytes]
    """Key to row, of what the source has, in the order of `made.good`."""
    target: dict[bytes, bytes]
    keys: dict[bytes, tuple[object, ...]]
    """The keys of the target's rows, as values."""
    upto: tuple[Scalar, ...] | None


def is_ordered(table: TablePlan) -> bool:
    """Return whether both sides have the rows of a table in one order, so that they can be compared
    in batches."""
    columns = {column.name: column for column in table.columns}
    key = [columns.get(name) for name in table.key]
    return bool(key) and all(
        one is not None
        and one.source is not None
        and one.kind in ORDERED
        and not one.changes
        and "decimal" not in one.type.lower()
        for one in key
    )


def follow(source: Database, target: Database, following: Following) -> Followed:
    """Return what became of a table, now that it is where its source is; from where it was left.

    Raises:
        DatabaseError: a database does not do it; what was committed stays.
    """
    if not is_ordered(following.mapping):
        _whole(source, target, following)
    elif following.where is not None:
        _by_keys(source, target, following)
    else:
        _compared(source, target, following, STALE)
        _compared(source, target, following, MISSING)
    done = [
        batch
        for number in (STALE, MISSING, MARKED, WHOLE)
        for batch in checkpoints.of_range(target, following.migration, following.table, number)
    ]
    return Followed(
        table=following.table,
        deleted=sum(-batch.read for batch in done if batch.read < 0),
        loaded=sum(batch.loaded for batch in done),
        quarantined=sum(batch.bad for batch in done),
    )


def _compared(source: Database, target: Database, following: Following, phase: int) -> None:
    done = checkpoints.of_range(target, following.migration, following.table, phase)
    if done and done[-1].last:
        return
    number = len(done)
    for piece in _pieces(source, target, following, done[-1].last_key if done else None):
        # Each piece is compared before its transaction begins: SQLite takes no question in it.
        with target.writing() as writing:
            existing.unchecked_always(target, writing)
            if phase == STALE:
                batch = _without_stale(writing, target, following, piece, number)
            else:
                batch = _with_missing(writing, target, following, piece, number)
            checkpoints.saved(writing, following.migration, batch)
        number += 1


def _pieces(
    source: Database, target: Database, following: Following, after: tuple[Scalar, ...] | None
) -> Iterator[_Piece]:
    """Give the ranges of keys, one after the other; the last one has no end."""
    table = following.mapping
    form, by = Form(table, target.system), key_in_source(table)
    read = Read(
        table=table.source,
        columns=columns_read(table, by),
        by=by,
        span=Span(after=after),
        where=table.where,
        batch_rows=table.batch_rows,
    )
    waiting: pa.RecordBatch | None = None
    for batch in source.read(read):
        if not batch.num_rows:
            continue
        if waiting is not None:
            upto = key_of(waiting, waiting.num_rows - 1, by)
            yield _piece(target, form, waiting, (by, after, upto))
            after = upto
        waiting = batch
    yield _piece(target, form, waiting, (by, after, None))


def _piece(
    target: Database,
    form: Form,
    batch: pa.RecordBatch | None,
    ends: tuple[tuple[str, ...], tuple[Scalar, ...] | None, tuple[Scalar, ...] | None],
) -> _Piece:
    by, after, upto = ends
    table = form.plan
    made: Changed | None = None
    mine: dict[bytes, bytes] = {}
    if batch is not None:
        made = changed(table, batch, system=target.system, by=by)
        planned = as_planned(table, batch, system=target.system).batch
        mine = _marked(form, form.of(planned, _all(form)))
    its: dict[bytes, bytes] = {}
    keys: dict[bytes, tuple[object, ...]] = {}
    read = Read(
        table=table.name,
        columns=form.names,
        by=table.key,
        span=Span(after=after, upto=upto),
        batch_rows=table.batch_rows,
    )
    for there in target.read(read):
        some = _marked(form, form.of(there, _all(form)))
        its |= some
        values = zip(*(there.column(name).to_pylist() for name in table.key), strict=True)
        keys |= dict(zip(some, values, strict=True))
    return _Piece(made, mine, its, keys, upto)


def _all(form: Form) -> frozenset[str]:
    return frozenset(form.names)


def _marked(form: Form, rows: pa.RecordBatch) -> dict[bytes, bytes]:
    """Return the marks of rows, by those of their keys, in their order."""
    return dict(zip(marks(rows, form.plan.key), marks(rows, form.names), strict=True))


def _without_stale(
    writing: Writing, target: Database, following: Following, piece: _Piece, number: int
) -> Batch:
    stale = [key for key, row in piece.target.items() if piece.source.get(key) != row]
    _delete(writing, target, following.mapping, [piece.keys[key] for key in stale])
    return _batch(following, STALE, number, piece, read=-len(stale))


def _with_missing(
    writing: Writing, target: Database, following: Following, piece: _Piece, number: int
) -> Batch:
    if number == 0:
        # Each row that is missing is tried again: what was aside is fit by now, or is put there
        # anew.
        writing.execute(f"DELETE FROM {quarantine.TABLE} WHERE table_name = ?", (following.table,))
    if piece.made is None:
        return _batch(following, MISSING, number, piece)
    places = [place for place, key in enumerate(piece.source) if key not in piece.target]
    assert len(piece.source) == piece.made.good.num_rows, "each row of a source has its own key"
    loaded, bad = _load(writing, following, piece.made, places, (MISSING, number))
    return _batch(following, MISSING, number, piece, loaded=loaded, bad=bad)


def _load(
    writing: Writing,
    following: Following,
    made: Changed,
    places: Sequence[int],
    where: tuple[int, int],
) -> tuple[int, int]:
    """Load some of the good rows of a batch; put aside what is bad. Return how many of each."""
    some = Changed(
        made.good.take(pa.array(places, pa.int64())),
        tuple(made.places[place] for place in places),
        made.bad,
        made.origin,
    )
    refused: list[BadRow] = []
    loaded = put_rows(writing, following.table, some, refused) if places else 0
    bad = [*made.bad, *refused]
    quarantine.put(writing, (following.migration, following.table, *where), bad)
    return loaded, len(bad)


class _Counts(TypedDict, total=False):
    """What a batch did: `read` is less than zero where rows were deleted."""

    read: int
    loaded: int
    bad: int


def _batch(
    following: Following,
    phase: int,
    number: int,
    piece: _Piece | None,
    **counts: Unpack[_Counts],
) -> Batch:
    upto = piece.upto if piece is not None else None
    return Batch(
        table=following.table,
        range=phase,
        number=number,
        last_key=upto,
        read=counts.get("read", 0),
        loaded=counts.get("loaded", 0),
        bad=counts.get("bad", 0),
        last=upto is None,
    )


def _delete(
    writing: Writing, target: Database, table: TablePlan, keys: Sequence[tuple[object, ...]]
) -> None:
    of = quoted(target.system, table.name)
    names = [quoted(target.system, name) for name in table.key]
    for start in range(0, len(keys), KEYS):
        rows = " OR ".join(
            "(" + " AND ".join(f"{name} = {_said(target, value)}" for name, value in parts) + ")"
            for parts in (zip(names, key, strict=True) for key in keys[start : start + KEYS])
        )
        writing.execute(f"DELETE FROM {of} WHERE {rows}")


def _said(target: Database, value: object) -> str:
    return str(value) if isinstance(value, int) else literal(target.system, str(value))


def _by_keys(source: Database, target: Database, following: Following) -> None:
    """Load the rows anew that were changed, by what the source itself says of that."""
    done = checkpoints.of_range(target, following.migration, following.table, MARKED)
    if done and done[-1].last:
        return
    table = following.mapping
    by = key_in_source(table)
    where = f"({following.where})" + (f" AND ({table.where})" if table.where else "")
    read = Read(
        table=table.source,
        columns=columns_read(table, by),
        by=by,
        span=Span(after=done[-1].last_key if done else None),
        where=where,
        batch_rows=table.batch_rows,
    )
    number = len(done)
    form = Form(table, target.system)
    for batch in source.read(read):
        if not batch.num_rows:
            continue
        made = changed(table, batch, system=target.system, by=by)
        keys = [key_of(batch, row, by) for row in range(batch.num_rows)]
        with target.writing() as writing:
            existing.unchecked_always(target, writing)
            _delete(writing, target, form.plan, keys)
            _forget(writing, following, keys)
            everything = range(made.good.num_rows)
            loaded, bad = _load(writing, following, made, everything, (MARKED, number))
            one = Batch(
                table=following.table,
                range=MARKED,
                number=number,
                last_key=keys[-1],
                read=0,
                loaded=loaded,
                bad=bad,
            )
            checkpoints.saved(writing, following.migration, one)
        number += 1
    with target.writing() as writing:
        last = _batch(following, MARKED, number, None)
        checkpoints.saved(writing, following.migration, last)


def _forget(writing: Writing, following: Following, keys: Sequence[tuple[Scalar, ...]]) -> None:
    """Take rows out of quarantine that are tried again."""
    for key in keys:
        writing.execute(
            f"DELETE FROM {quarantine.TABLE} WHERE table_name = ? AND row_key = ?",
            (following.table, msgspec.json.encode(key).decode()),
        )


def _whole(source: Database, target: Database, following: Following) -> None:
    """Load a table anew, in one transaction: nobody could say which of its rows is which."""
    done = checkpoints.of_range(target, following.migration, following.table, WHOLE)
    if done:
        return
    table = following.mapping
    read = Read(
        table=table.source,
        columns=columns_read(table),
        where=table.where,
        batch_rows=table.batch_rows,
    )
    loaded = bad = 0
    with target.writing() as writing:
        existing.unchecked_always(target, writing)
        gone = writing.execute(f"DELETE FROM {quoted(target.system, table.name)}")
        writing.execute(f"DELETE FROM {quarantine.TABLE} WHERE table_name = ?", (following.table,))
        for number, batch in enumerate(source.read(read)):
            made = changed(table, batch, system=target.system)
            some, worse = _load(
                writing, following, made, range(made.good.num_rows), (WHOLE, number)
            )
            loaded, bad = loaded + some, bad + worse
        one = _batch(following, WHOLE, 0, None, read=-gone, loaded=loaded, bad=bad)
        checkpoints.saved(writing, following.migration, one)
