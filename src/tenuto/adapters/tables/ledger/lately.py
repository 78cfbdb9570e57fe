"""Answers about records that were given lately, for as long as the ledger ends where it did."""

from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.ports.ledger import Record, RecordQuery

QUERIES_MAX: Final = 128
BYTES_MAX: Final = 65_536
"""Of the values of one answer that is kept: all of them together stay below some 8 MB."""


class Lately:
    """Keeps small answers. A record changes with an entry only, which has a number of its own."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, tuple[int, tuple[Record, ...]]] = OrderedDict()

    def find(self, query: RecordQuery, last: int) -> tuple[Record, ...] | None:
        """Return the answer, if it was given when `last` was the number of the last entry."""
        known = self._answers.get(msgspec.msgpack.encode(query))
        return None if known is None or known[0] != last else known[1]

    def keep(self, query: RecordQuery, last: int, answer: tuple[Record, ...]) -> None:
        """Keep an answer. `last` was read before it: if it is newer, it is never given again."""
        place, size = msgspec.msgpack.encode(query), 0
        for record in answer:
            size += len(msgspec.msgpack.encode(record.value))
            if size > BYTES_MAX:
                self._answers.pop(place, None)
                return
        self._answers[place] = last, answer
        self._answers.move_to_end(place)
        if len(self._answers) > QUERIES_MAX:
            self._answers.popitem(last=False)
