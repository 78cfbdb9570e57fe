"""The chain of digests that makes the ledger tamper-evident: each entry's digest covers the one
before it, so nothing can be edited, removed or put in without changing all that follow."""

import hashlib
from typing import Final

START: Final = "0" * 64
"""The digest before the first entry."""


def link(before: str, body: bytes) -> str:
    """Return the digest in hex of an entry whose canonical form is `body`, after `before`."""
    return hashlib.sha256(bytes.fromhex(before) + body).hexdigest()
