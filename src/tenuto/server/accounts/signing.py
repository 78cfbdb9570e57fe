"""The server's own keys, with which it signs tokens.

They are in `$TENUTO_SERVER_KEY`, or in a file beside the database that only its owner can read,
made at the first start. The first one signs, each one verifies: to rotate, a new one is put before
it. Other purposes use keys derived from them, never the keys themselves.
"""

import base64
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from tenuto.core.errors import Rejected

VARIABLE: Final = "TENUTO_SERVER_KEY"
BYTES: Final = 32
CHARS_MIN: Final = 32
"""A shorter one from the environment could be guessed by whoever has a token."""
KEPT: Final = 3
"""Keys in the file: the one that signs, and earlier ones whose tokens may still be used."""


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
    return SigningKeys((_key(secrets.token_bytes(BYTES)),))


def keys_from(path: Path | None, environment: Mapping[str, str]) -> SigningKeys:
    """Return the keys of the environment, else those of the file at `path`, which is made where
    it is not there; with neither, keys that end with the process.

    Raises:
        BadServerKey: a key is too short, or the file can be read by others or is no file of keys.
    """
    given = environment.get(VARIABLE, "").split()
    if given:
        short = min(len(text) for text in given)
        if short < CHARS_MIN:
            raise BadServerKey(
                f"${VARIABLE} has {short} characters; set it to {CHARS_MIN} random ones or more "
                "(openssl rand -base64 32). A second one after a space still verifies."
            )
        return SigningKeys(tuple(_key(hashlib.sha256(text.encode()).digest()) for text in given))
    if path is None:
        return new_keys()
    if not path.exists():
        _make(path)
    return SigningKeys(tuple(_key(secret) for secret in _read(path)))


def rotate(path: Path) -> None:
    """Put a new key before those of the file; the KEPT newest stay.

    Raises:
        BadServerKey: the file cannot be used.
    """
    kept = _read(path)
    _write(path, [secrets.token_bytes(BYTES), *kept][:KEPT])


def _key(secret: bytes) -> SigningKey:
    # The id says nothing of the secret, and is the same in every process that has it.
    kid = hmac.digest(secret, b"tenuto.kid", "sha256")[:9]
    return SigningKey(base64.urlsafe_b64encode(kid).decode(), secret)


def _read(path: Path) -> list[bytes]:
    try:
        mode = path.stat().st_mode
        texts = path.read_text("ascii").split()
        found = [base64.b64decode(text, validate=True) for text in texts]
    except (OSError, ValueError) as error:
        raise BadServerKey(f"The server's key file {str(path)!r} cannot be read: {error}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name == "posix":
        raise BadServerKey(
            f"The server's key file {str(path)!r} can be used by others (mode "
            f"{stat.S_IMODE(mode):o}). Make it yours alone: chmod 600. If others may have read "
            "it, delete it: a new one is made, and everyone logs in again."
        )
    if not found or any(len(secret) != BYTES for secret in found):
        raise BadServerKey(
            f"The server's key file {str(path)!r} holds no keys of {BYTES} bytes; delete it and "
            "a new one is made, and everyone logs in again."
        )
    return found


def _make(path: Path) -> None:
    """Make the file whole or not at all; of two programs that start at once, one does."""
    draft = _draft(path, [secrets.token_bytes(BYTES)])
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _write(path: Path, keys: list[bytes]) -> None:
    _draft(path, keys).replace(path)


def _draft(path: Path, keys: list[bytes]) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return draft
