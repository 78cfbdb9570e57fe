"""AES-256-GCM with several keys: the first seals, each opens what it sealed.

Sealed content: a byte for the format, four that name the key, a nonce of twelve random bytes, the
encrypted content with its tag. The purpose is authenticated with it. Source: NIST SP 800-38D;
random nonces are safe for 2^32 contents of one key.
"""

import hashlib
import importlib
import os
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from tenuto.core.errors import Rejected
from tenuto.ports.safe import CannotOpen

KEY_VARIABLE: Final = "TENUTO_SECRET_KEY"
KEY_CHARS_MIN: Final = 32
"""A shorter one could be guessed by whoever has the file."""

_FORMAT: Final = b"\x01"
_NAME_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_PREFIX_BYTES: Final = len(_FORMAT) + _NAME_BYTES + _NONCE_BYTES
_PURPOSE: Final = b"tenuto.safe.1"


class AesGcmSafe:
    """A `Safe` whose keys are texts; `read_keys` gives them, the one in use first.

    They are asked for whenever something is sealed, and when something was sealed with one that is
    not known: a key may have been added meanwhile. One that was known still opens what it sealed.

    Raises:
        Rejected: from `seal` and `open`: there is no key, or one is too short.
    """

    def __init__(self, read_keys: Callable[[], Sequence[str]]) -> None:
        self._read_keys = read_keys
        self._texts: tuple[str, ...] = ()
        self._ciphers: dict[bytes, Any] = {}
        self._current = b""
        self._invalid: Any = None

    def __repr__(self) -> str:
        return "AesGcmSafe()"

    def seal(self, purpose: str, content: bytes) -> bytes:
        """See `Safe.seal`."""
        self.reload()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed: bytes = self._ciphers[self._current].encrypt(nonce, content, _bound(purpose))
        return _FORMAT + self._current + nonce + sealed

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """See `Safe.open`."""
        name = sealed[len(_FORMAT) : len(_FORMAT) + _NAME_BYTES]
        if not sealed.startswith(_FORMAT) or len(sealed) <= _PREFIX_BYTES:
            raise CannotOpen("What was sealed is not of a format that this release knows.")
        if name not in self._ciphers:
            self.reload()
        if name not in self._ciphers:
            raise CannotOpen(
                f"It was sealed with key {name.hex()}, and the keys here are "
                f"{', '.join(found.hex() for found in self._ciphers)}. Put the earlier key after "
                f"the one in use, in ${KEY_VARIABLE} or in the key file."
            )
        nonce = sealed[_PREFIX_BYTES - _NONCE_BYTES : _PREFIX_BYTES]
        try:
            opened: bytes = self._ciphers[name].decrypt(
                nonce, sealed[_PREFIX_BYTES:], _bound(purpose)
            )
        except self._invalid:
            raise CannotOpen(
                "What was sealed was changed since, or sealed for something else."
            ) from None
        return opened

    def is_current(self, sealed: bytes) -> bool:
        """See `Safe.is_current`."""
        self.reload()
        return sealed.startswith(_FORMAT + self._current)

    def reload(self) -> None:
        """Take up the keys that there are now.

        Raises:
            Rejected: there is none, one is too short, or `cryptography` is not installed.
        """
        texts = tuple(self._read_keys())
        if texts and texts == self._texts:
            return
        try:
            aead = importlib.import_module("cryptography.hazmat.primitives.ciphers.aead")
            exceptions = importlib.import_module("cryptography.exceptions")
        except ImportError as error:
            raise Rejected(
                "Encrypting secrets needs the library cryptography, which cannot be loaded "
                f'({error}). Install it: pip install "tenuto[server]".'
            ) from None
        ciphers: dict[bytes, Any] = {}
        for text in texts:
            if len(text) < KEY_CHARS_MIN:
                raise Rejected(
                    f"A key of secrets has {len(text)} characters; take {KEY_CHARS_MIN} random "
                    f"ones or more (openssl rand -base64 32) in ${KEY_VARIABLE} or in the key file."
                )
            key = _key_of(text)
            ciphers[_name_of(key)] = aead.AESGCM(key)
        if not ciphers:
            raise Rejected(f"There is no key of secrets: ${KEY_VARIABLE} or the key file is empty.")
        self._texts, self._current = texts, next(iter(ciphers))
        self._ciphers, self._invalid = self._ciphers | ciphers, exceptions.InvalidTag


def keys_of_environment() -> list[str]:
    """Return the keys of `$TENUTO_SECRET_KEY`, the one in use first; they stand between spaces or
    commas."""
    return os.environ.get(KEY_VARIABLE, "").replace(",", " ").split()


def name_of(text: str) -> str:
    """Return the name of a key, as what it sealed has it; it tells nothing of the key."""
    return _name_of(_key_of(text)).hex()


def _key_of(text: str) -> bytes:
    return hashlib.sha256(_PURPOSE + text.encode()).digest()


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_NAME_BYTES]


def _bound(purpose: str) -> bytes:
    return _PURPOSE + purpose.encode()
