"""The server's own keys, with which it signs tokens.

They come from the environment or the key file, as texts. The first one signs, each one verifies:
to rotate, a new one is put before it. Each purpose has a key derived from them; none uses the keys
themselves.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tenuto.core.errors import Rejected

CHARS_MIN: Final = 32
"""A shorter one could be guessed by whoever has a token."""


class BadServerKey(Rejected):
    """The server's key cannot be used; the message says why, and holds nothing of it."""


class SigningKey(msgspec.Struct, frozen=True):
    """A secret, and the id under which tokens name it."""

    kid: str
    secret: bytes

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"

    def derived(self, purpose: str) -> bytes:
        """Return the key for `purpose`, 32 bytes. Source: HKDF-Expand of RFC 5869, one block."""
        return hmac.digest(self.secret, b"tenuto." + purpose.encode() + b"\x01", "sha256")


class SigningKeys:
    """The keys of a server, the one that signs first."""

    def __init__(self, keys: tuple[SigningKey, ...]) -> None:
        assert keys, "a server has a key"
        self.first = keys[0]
        self._keys = {key.kid: key for key in keys}

    def __iter__(self) -> Iterator[SigningKey]:
        return iter(self._keys.values())

    def get(self, kid: str) -> SigningKey | None:
        """Return the key of that id, or None."""
        return self._keys.get(kid)


def new_keys() -> SigningKeys:
    """Return keys that end with the process."""
    return keys_of([secrets.token_urlsafe(32)])


def keys_of(texts: Sequence[str]) -> SigningKeys:
    """Return the keys that come of these texts, the one that signs first.

    Raises:
        BadServerKey: there is none, or one is too short.
    """
    shortest = min((len(text) for text in texts), default=0)
    if shortest < CHARS_MIN:
        raise BadServerKey(
            f"The server's key has {shortest} characters; give it {CHARS_MIN} random ones or more, "
            "as openssl rand -base64 32 prints."
        )
    return SigningKeys(tuple(_key(hashlib.sha256(text.encode()).digest()) for text in texts))


def _key(secret: bytes) -> SigningKey:
    # The id says nothing of the secret, and is the same in every process that has it.
    kid = hmac.digest(secret, b"tenuto.kid", "sha256")[:9]
    return SigningKey(base64.urlsafe_b64encode(kid).decode(), secret)
