"""Where checkpoints are known outside of the database, so that a cut-off end is found."""

from collections.abc import AsyncIterator
from typing import Protocol

from tenuto.core.audit.checkpoints import Anchor
from tenuto.core.errors import PortError


class AnchorsUnavailable(PortError):
    """The place cannot be written to or read now."""


class Anchors(Protocol):
    """Anchors, in the order in which they were added. Every method may raise
    `AnchorsUnavailable`."""

    async def add(self, anchor: Anchor) -> None:
        """Return when the anchor will survive a power cut."""
        ...

    def read(self) -> AsyncIterator[Anchor | None]:
        """Return all anchors; None for each line that cannot be read."""
        ...
