"""Cutting what is left of a range into parts that can be moved at once.

A cut is a checkpoint like any other: it has the number that the next batch would have, says that
the range ends there, and names the ranges that hold the rest. Of a batch and a cut with the same
number one is refused, so nobody moves a row of the rest under the old range; and who is killed
after the cut finds there what it was.
"""

from __future__ import annotations

import itertools
from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import BadValue, Database, Read, Span, Unavailable
from tenuto.teams.migration.moving import checkpoints, gate
from tenuto.teams.migration.moving.checkpoints import Batch
from tenuto.teams.migration.moving.loads import Load, Range
from tenuto.teams.migration.moving.rows import key_of
from tenuto.teams.migration.schema import Scalar

PARTS_MAX: Final = 64
ROWS_MIN: Final = 1_000
"""Less is not worth a cut."""
KEYS_READ: Final = 50_000
KEYS_HELD: Final = 4_096
CUT: Final = "cut"
ATTEMPTS_MAX: Final = 5

Key = tuple[Scalar, ...]


def split(
    source: Database, target: Database, load: Load, *, parts: int, first_number: int
) -> tuple[Range, ...]:
    """Return the ranges that hold what is left of a range, from now on: itself, where a cut is not
    worth it or it has no order, and none, where it is at its end.

    Doing it again after a cut gives the same.

    Args:
        first_number: the least that new ranges may have; those after it count on.
    """
    if not load.range.by:
        return (load.range,)
    for _ in range(ATTEMPTS_MAX):
        done = checkpoints.of_range(target, load.migration, load.table, load.range.number)
        if done and done[-1].last:
            return parts_of(done[-1])
        after = done[-1].last_key if done else load.range.span.after
        edges, rows = _edges(source, load, Span(after=after, upto=load.range.span.upto), parts)
        if not edges or rows < ROWS_MIN:
            return (msgspec.structs.replace(load.range, rows=rows),)
        number = max(first_number, _following(target, load))
        cut = _cut(load, done, [after, *edges, load.range.span.upto], (rows, number))
        try:
            with target.writing() as writing:
                checkpoints.saved(writing, load.migration, cut)
                gate.passed(writing, load.migration, cut)
        except BadValue:
            # Somebody who was thought to be gone has committed a batch meanwhile.
            continue
        return parts_of(cut)
    raise Unavailable(
        f"Range {load.range.number} of {load.table!r} is still being moved by somebody else."
    )


def parts_of(last: Batch) -> tuple[Range, ...]:
    """Return the ranges that go on where one ended by this checkpoint; none: it was at its end."""
    if last.first_key is None or last.read or last.first_key[0] != CUT:
        return ()
    return msgspec.json.decode(str(last.first_key[1]), type=tuple[Range, ...])


def _following(target: Database, load: Load) -> int:
    """Return a number that no range of the table has: cuts are there of which nobody knows that
    were made by processes which were killed then."""
    own = f"FROM {checkpoints.TABLE} WHERE migration = ? AND table_name = ? AND range_number >= 0"
    about = (load.migration, load.table)
    moved = target.query(f"SELECT DISTINCT range_number {own}", about).rows
    numbers = [int(str(number)) for (number,) in moved]
    cuts = target.query(f"SELECT first_key {own} AND is_last = 1 AND first_key <> 'null'", about)
    for (key,) in cuts.rows:
        _, ranges = msgspec.json.decode(str(key), type=tuple[str, str])
        numbers += [part.number for part in msgspec.json.decode(ranges, type=tuple[Range, ...])]
    return max(numbers, default=-1) + 1


def _cut(load: Load, done: list[Batch], edges: list[Key | None], counted: tuple[int, int]) -> Batch:
    rows, first_number = counted
    each = rows // (len(edges) - 1)
    ranges = tuple(
        Range(
            number=first_number + place,
            span=Span(after=after, upto=upto),
            by=load.range.by,
            rows=each,
        )
        for place, (after, upto) in enumerate(itertools.pairwise(edges))
    )
    return Batch(
        table=load.table,
        range=load.range.number,
        number=len(done),
        first_key=(CUT, msgspec.json.encode(ranges).decode()),
        last_key=done[-1].last_key if done else None,
        read=0,
        loaded=0,
        bad=0,
        last=True,
    )


def _edges(source: Database, load: Load, span: Span, parts: int) -> tuple[list[Key], int]:
    """Return the keys between parts of as many rows each, and how many rows there are in all. Only
    the columns of the key are read, and few of its values are held."""
    read = Read(
        table=load.mapping.source,
        columns=load.range.by,
        by=load.range.by,
        span=span,
        where=load.mapping.where,
        batch_rows=KEYS_READ,
    )
    held: list[Key] = []
    step, rows = 1, 0
    for batch in source.read(read):
        for place in range(-rows % step, batch.num_rows, step):
            held.append(key_of(batch, place, load.range.by))
        rows += batch.num_rows
        while len(held) > KEYS_HELD:
            held, step = held[::2], step * 2
    count = min(parts, PARTS_MAX, len(held))
    chosen = [held[len(held) * place // count] for place in range(1, count)] if count > 1 else []
    # A key is the end of one part, and the next begins behind it: each row is in one.
    return [key for key in chosen if None not in key], rows
