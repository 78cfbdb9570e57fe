"""Ids and chance that are the same in every run."""

import random

from tenuto.core.vocabulary import SessionId


class FakeIds:
    """An `Ids` that counts: `ses_000001`, `ses_000002`, … Equal seeds give equal chances."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._count = 0

    def session_id(self, at_ms: int, *, beside: SessionId | None = None) -> SessionId:
        """See `Ids.session_id`."""
        self._count += 1
        return SessionId(f"ses_{self._count:06}")

    def jitter(self) -> float:
        """See `Ids.jitter`."""
        return self._random.random()
