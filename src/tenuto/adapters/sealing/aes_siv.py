"""AES-SIV: authenticated, and the same text gives the same result, so that it can be recognised.

Tenant and kind are authenticated with the text: what one tenant's text became says nothing to
another, and cannot be opened by it. Source: RFC 5297.
"""

import base64
import binascii
import hashlib
import importlib
import os
from typing import Any, Final

from tenuto.ports.sealing import NoGuardKey

KEY_VARIABLE: Final = "TENUTO_GUARD_KEY"
KEY_CHARS_MIN: Final = 32
"""A shorter one could be guessed by whoever has the log."""

_PURPOSE: Final = b"tenuto.guard.1"


class AesSivSealing:
    """Seals with a key that is given, or stands in `$TENUTO_GUARD_KEY` when it is first needed."""

    def __init__(self, key: str | None = None) -> None:
        self._key = key
        self._cipher: Any = None
        self._invalid: Any = None

    def __repr__(self) -> str:
        return "AesSivSealing()"

    def seal(self, tenant: str, kind: str, text: str) -> str:
        """See `Sealing.seal`."""
        sealed = self._opened().encrypt(text.encode(), _bound(tenant, kind))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def unseal(self, tenant: str, kind: str, sealed: str) -> str | None:
        """See `Sealing.unseal`."""
        try:
            cipher = self._opened()
            raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        except (NoGuardKey, binascii.Error, ValueError):
            return None
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != sealed or len(raw) <= 16:
            return None  # Only one spelling is a token.
        try:
            opened: bytes = cipher.decrypt(raw, _bound(tenant, kind))
        except self._invalid:
            return None
        return opened.decode()

    def _opened(self) -> Any:
        if self._cipher is None:
            key = self._key if self._key is not None else os.environ.get(KEY_VARIABLE, "")
            if len(key.strip()) < KEY_CHARS_MIN:
                found = f"has {len(key.strip())} characters" if key.strip() else "is not set"
                raise NoGuardKey(
                    f"Redacting personal data needs a key, and ${KEY_VARIABLE} {found}; set it to "
                    f"{KEY_CHARS_MIN} random characters or more (openssl rand -base64 32), the "
                    "same in every process, or give tenuto.open(guard_key=…). Who loses it cannot "
                    "restore what was redacted.",
                    code="no_guard_key",
                )
            try:
                aead = importlib.import_module("cryptography.hazmat.primitives.ciphers.aead")
                exceptions = importlib.import_module("cryptography.exceptions")
            except ImportError as error:
                raise NoGuardKey(
                    "Redacting personal data needs the library cryptography, which cannot be "
                    f'loaded ({error}). Install it: pip install "tenuto[guards]".',
                    code="no_guard_key",
                ) from None
            self._invalid = exceptions.InvalidTag
            self._cipher = aead.AESSIV(hashlib.sha512(_PURPOSE + key.strip().encode()).digest())
        return self._cipher


def _bound(tenant: str, kind: str) -> list[bytes]:
    return [_PURPOSE, tenant.encode(), kind.encode()]
