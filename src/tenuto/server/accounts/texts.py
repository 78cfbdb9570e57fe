"""Ids and credentials as texts.

A key is `tnt_ORGANISATION-ID_SECRET`: its id says where its record is, so that no search over
tenants is needed, and it can be found by programs that look for leaked secrets:
`tnt_[a-z0-9-]+_[0-9A-Za-z]{43}`. The secret has 256 bits, so a plain digest of it is safe to keep.
"""

import hashlib
import hmac
import re
import secrets
import string
from typing import Final

ID_CHARS: Final = 12
SECRET_CHARS: Final = 43
_ID_LETTERS: Final = string.digits + string.ascii_lowercase
_SECRET_LETTERS: Final = string.digits + string.ascii_letters
KEY_PREFIX: Final = "tnt_"
KEY_CHARS_MAX: Final = 120
_KEY: Final = re.compile(
    r"tnt_(([a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?)-[0-9a-z]{12})_[0-9A-Za-z]{43}", re.ASCII
)


def new_id() -> str:
    """Return a random id of letters and digits."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(ID_CHARS))


def new_secret() -> str:
    """Return a random text of 256 bits."""
    return "".join(secrets.choice(_SECRET_LETTERS) for _ in range(SECRET_CHARS))


def new_key_id(organisation: str) -> str:
    """Return a random id for a key of `organisation`."""
    return f"{organisation}-{new_id()}"


def key_text(key_id: str) -> str:
    """Return a new key of that id."""
    return f"{KEY_PREFIX}{key_id}_{new_secret()}"


def key_place(text: str) -> tuple[str, str] | None:
    """Return organisation and id of a key, or None where `text` has not the form of one."""
    match = _KEY.fullmatch(text) if len(text) <= KEY_CHARS_MAX else None
    return (match[2], match[1]) if match is not None else None


def digest_of(text: str) -> str:
    """Return the SHA-256 of a credential, in hex: what is kept of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Return whether two texts are equal, in time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
