"""What comes of a batch of commits."""

from typing import TypeAlias

from tenuto.adapters.tables.connection import Row
from tenuto.core.errors import TenutoError
from tenuto.core.vocabulary import Position

Answer: TypeAlias = Position | TenutoError
Statement: TypeAlias = tuple[str, Row]


class Busy(Exception):
    """Another process holds the write lock for a moment; nothing was written."""


class OutcomeUnknown(Exception):
    """A commit failed and what is stored cannot be read now: ask `determine` until it answers."""

    def __init__(self, *, answers: list[Answer], cause: Exception) -> None:
        self.answers, self.cause = answers, cause
        super().__init__(str(cause))
