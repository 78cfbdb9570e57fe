"""Embedders: texts as points, so that what means nearly the same lies close together."""

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """One way to embed texts. Vectors of different embedders cannot be compared."""

    @property
    def name(self) -> str:
        """Return what tells this embedder's vectors from those of others; kept beside them."""
        ...

    @property
    def dimensions(self) -> int:
        """Return the length of every vector."""
        ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of unit length for each text (all zeros for one that says nothing).

        Raises:
            PortError: the embedder is away.
        """
        ...
