"""Answers to requests that carried an idempotency key, kept to be given again."""

from typing import Protocol

import msgspec


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request was answered with."""

    owner: str
    """Who asked; keys of different owners have nothing to do with each other."""
    key: str
    request: str
    """Digest of the request, so that another one under the same key is noticed."""
    content: bytes
    """The answer, encrypted by who keeps it."""
    kept_ms: int
    expires_ms: int
    """From when on it counts as forgotten; milliseconds since 1970."""


class Answers(Protocol):
    """Keeps answers until they expire; of one owner the oldest go first when there are too many.

    Every method may raise `StoreUnavailable`."""

    async def find(self, owner: str, key: str, *, now_ms: int) -> KeptAnswer | None:
        """Return the answer that is kept under the key and has not expired, or None."""
        ...

    async def keep(self, answer: KeptAnswer) -> None:
        """Return once the answer is as durable as the store promises. One that is there under the
        same owner and key is replaced."""
        ...
