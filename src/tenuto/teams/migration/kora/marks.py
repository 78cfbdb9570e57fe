"""A mark of 16 bytes for each row, and marks by the million on disk, compared part by part."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

PARTS: Final = 64
WIDTH: Final = 16
COMMA: Final = pa.scalar(",", pa.large_string())
EMPTY: Final = pa.scalar("", pa.large_string())


def marks(rows: pa.RecordBatch, names: tuple[str, ...]) -> list[bytes]:
    """Return a mark for each row: equal only for the same canonical values in these columns."""
    if not names or not rows.num_rows:
        return [b"\0" * WIDTH] * rows.num_rows
    parts: list[pa.Array] = []
    for name in names:
        parts.extend(parts_of(rows.column(name)))
    whole = pc.binary_join_element_wise(*parts, EMPTY.cast(pa.large_binary()))
    return [hashlib.blake2b(row, digest_size=WIDTH).digest() for row in whole.to_pylist()]


def parts_of(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the bytes of each value, and how many these are: `n` for null."""
    if not (pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)):
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        width = array.type.bit_width // 8
        array = array.view(pa.binary(width)).cast(pa.large_binary())
    values = pc.fill_null(array.cast(pa.large_binary()), b"")
    lengths = pc.fill_null(pc.binary_length(array).cast(pa.large_string()), "n")
    return values, pc.binary_join_element_wise(lengths, COMMA, EMPTY).cast(pa.large_binary())


class Pile:
    """The marks of one side, in files of a folder by the first byte of what they are sorted by."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._files = [(folder / str(number)).open("w+b") for number in range(PARTS)]
        self.count = 0
        self.sums = [0] * PARTS
        """Of the marks of each part: two parts with the same marks have the same sum."""

    def add(self, marks: list[bytes], sorted_by: list[bytes]) -> None:
        """Take in marks; equal `sorted_by` come into the same part."""
        parts: list[list[bytes]] = [[] for _ in range(PARTS)]
        for mark, order in zip(marks, sorted_by, strict=True):
            parts[order[0] % PARTS].append(mark)
        for number, part in enumerate(parts):
            if part:
                self._files[number].write(b"".join(part))
                self.sums[number] += sum(map(int.from_bytes, part))
        self.count += len(marks)

    def part(self, number: int) -> Counter[bytes]:
        """Return how often each mark of a part is there."""
        file = self._files[number]
        file.seek(0)
        held: Counter[bytes] = Counter()
        while data := file.read(WIDTH * 65_536):
            held.update(data[at : at + WIDTH] for at in range(0, len(data), WIDTH))
        return held

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files:
            file.close()


class Unequal(msgspec.Struct, frozen=True):
    """What the parts of two piles do not share."""

    lost: Counter[bytes]
    """What the left one has beyond the right one."""
    gained: Counter[bytes]
    doubled: frozenset[bytes]
    """Those of `gained` that the left one has too, fewer times."""


def unequal(left: Pile, right: Pile) -> Iterator[Unequal]:
    """Return what differs in each part that is not the same on both sides."""
    for number in range(PARTS):
        if left.sums[number] != right.sums[number]:
            mine, its = left.part(number), right.part(number)
            gained = its - mine
            yield Unequal(mine - its, gained, frozenset(mark for mark in gained if mark in mine))
