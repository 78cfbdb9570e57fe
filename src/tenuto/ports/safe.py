"""A safe: what is put into it can be read with its key only.

PortError
+-- CannotOpen   sealed with a key that is not here, for something else, or changed since
"""

from typing import Protocol

from tenuto.core.errors import PortError


class CannotOpen(PortError):
    """What was sealed cannot be opened here; the message says what to look for."""


class Safe(Protocol):
    """Authenticated encryption: sealed twice, the same content looks different."""

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Return the content encrypted; it opens for the same purpose only."""
        ...

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            CannotOpen: the key, the purpose or the bytes are not those it was sealed with.
        """
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Return whether it was sealed with the key that is used for new content."""
        ...
