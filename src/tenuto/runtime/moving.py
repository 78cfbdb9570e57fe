"""Moves a store: copies, compares, and only then retires the one that is left.

The target is settled before the source is retired. Between the two both hold everything; who is
killed there is to move again, which finds the digest of what arrived, and only retires.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.errors import CorruptLog, Rejected
from tenuto.ports.moving import MoveSource, MoveTarget, Row, Table

ROWS_PER_STEP: Final = 100_000
"""Rows between two steps that are told."""

Stage: TypeAlias = Literal["copied", "compared", "settled", "retired"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How far a move is."""

    stage: Stage
    table: str = ""
    """That is being copied or compared."""
    rows: int = 0
    is_whole: bool = False
    """Whether that were all rows of the table."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a move brought to its target."""

    source: str
    target: str
    rows: dict[str, int]
    """By table; those without rows are left out."""
    digest: str
    """The SHA-256 of all rows."""
    was_there: bool
    """An earlier move had brought it, and was stopped before it retired the source."""


def move(source: MoveSource, target: MoveTarget, *, tell: Callable[[Step], None]) -> Moved:
    """Return what was moved, once it is durable in `target` and `source` is retired.

    Args:
        tell: called with each step that is done; what it raises ends the move.

    Raises:
        Rejected: the target holds something else, or cannot hold what the source does.
        CorruptLog: what the source holds is not what was written, or the target gives back
            something else than it was given; nothing was moved.
        StoreUnavailable: nothing was moved, or moving again will find it done.
    """
    tables = source.tables()
    arrived = target.arrived()
    sums = [Sum(table, stage="copied", tell=tell) for table in tables]
    for sum in sums:
        rows = sum.over(source.rows(sum.table))
        if arrived:
            _exhaust(rows)
        else:
            target.write(sum.table, rows)
    digest = _digest_of(sums)
    if arrived and arrived != digest:
        raise Rejected(
            f"{target.name} holds what was moved there from another database, or from an earlier "
            f"state of {source.name}; nothing was changed. Move to an empty one."
        )
    if not arrived:
        for sum in sums:
            _compare(sum, target, tell)
        target.settle(digest)
    tell(Step(stage="settled"))
    source.retire(target.name)
    tell(Step(stage="retired"))
    counts = {sum.table.name: sum.count for sum in sums if sum.count}
    return Moved(
        source=source.name,
        target=target.name,
        rows=counts,
        digest=digest,
        was_there=bool(arrived),
    )


class Sum:
    """The number and the hash of rows that pass by."""

    def __init__(self, table: Table, *, stage: Stage, tell: Callable[[Step], None]) -> None:
        self.table, self._stage, self._tell = table, stage, tell
        self.count = 0
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Give the rows on, counted and hashed."""
        encode = msgspec.msgpack.Encoder().encode
        for row in rows:
            self._hash.update(encode(row))
            self.count += 1
            yield row
            if self.count % ROWS_PER_STEP == 0:
                self._tell(self._step(is_whole=False))
        self._tell(self._step(is_whole=True))

    def _step(self, *, is_whole: bool) -> Step:
        return Step(stage=self._stage, table=self.table.name, rows=self.count, is_whole=is_whole)


def _compare(copied: Sum, target: MoveTarget, tell: Callable[[Step], None]) -> None:
    found = Sum(copied.table, stage="compared", tell=tell)
    _exhaust(found.over(target.rows(copied.table)))
    if (found.count, found.digest) != (copied.count, copied.digest):
        raise CorruptLog(
            f"{target.name} gives back other rows of {copied.table.name} than were written "
            f"({found.count:,} of {copied.count:,}, SHA-256 {found.digest[:12]} for "
            f"{copied.digest[:12]}); nothing was moved. Report this, with the server's version."
        )


def _digest_of(sums: list[Sum]) -> str:
    lines = [f"{sum.table.name} {sum.count} {sum.digest}\n" for sum in sums if sum.count]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _exhaust(rows: Iterator[Row]) -> None:
    for _ in rows:
        pass
