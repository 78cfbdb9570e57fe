"""Sealing: a short text becomes one that only the holder of a key can open.

WorkFailed
+-- Escalatable
    +-- NoGuardKey   there is no key, or what seals with it is not installed
"""

from typing import Protocol

from tenuto.core.errors import Escalatable


class NoGuardKey(Escalatable):
    """Nothing can be sealed here; the message says what to set or install."""


class Sealing(Protocol):
    """Deterministic authenticated encryption: the same text, kind and tenant, the same result."""

    def seal(self, tenant: str, kind: str, text: str) -> str:
        """Return `text` sealed, in letters, digits, `_` and `-`.

        Raises:
            NoGuardKey: there is no key.
        """
        ...

    def unseal(self, tenant: str, kind: str, sealed: str) -> str | None:
        """Return what was sealed for this tenant as this kind; None: it was not, or there is no
        key."""
        ...
