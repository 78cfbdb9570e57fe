"""Checkpoints: what the ledger and the log of events were at a moment, in two roots.

A checkpoint is the record `audit`/`checkpoint` of no tenant, so its history is in the ledger like
any record's, and two that are made at once exclude each other. It covers all that came since the
one before it: entries by their digests, commits of all sessions with their payloads. Where there is
a key, it bears a mark (HMAC-SHA-256) that nobody can make without it.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core.audit.chain import START
from tenuto.core.audit.merkle import EMPTY, leaf
from tenuto.core.vocabulary import JsonObject

TENANT: Final = ""
"""Checkpoints are no tenant's: they cover all."""
KIND: Final = "audit"
TARGET: Final = "checkpoint"
ACTION: Final = "audit.checkpoint"
ACTOR: Final = "system"

KEY_CHARS_MIN: Final = 32
"""A shorter one could be guessed by whoever has a checkpoint."""
_PURPOSE: Final = b"tenuto.audit.1\n"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger and the log were."""

    entries_after: int = 0
    """Entries with larger numbers are covered, …"""
    entries: int = 0
    """… up to this one."""
    entries_digest: str = START
    """Of the last of them."""
    entries_root: str = EMPTY
    events_after: int = 0
    """Commits of events at larger positions are covered, …"""
    events: int = 0
    """… up to this one."""
    commits: int = 0
    """How many commits these are."""
    events_root: str = EMPTY
    key: str = ""
    """Which key made the mark, by a name that gives nothing of it away."""
    mark: str = ""


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a checkpoint outside of the database: an entry's number and digest."""

    number: int
    digest: str
    events: int
    """The position in the log of events that it covers."""
    at_ms: int


class Key:
    """Makes and checks marks. It shows nothing of its secret."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha512(_PURPOSE + secret.strip().encode()).digest()
        self.id = hmac.new(self._key, b"id", hashlib.sha256).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def marked(self, checkpoint: Checkpoint) -> Checkpoint:
        """Return the checkpoint with this key's mark."""
        named = msgspec.structs.replace(checkpoint, key=self.id, mark="")
        return msgspec.structs.replace(named, mark=self._mark(named))

    def made(self, checkpoint: Checkpoint) -> bool:
        """Return whether the checkpoint bears this key's mark."""
        return hmac.compare_digest(checkpoint.mark, self._mark(checkpoint))

    def _mark(self, checkpoint: Checkpoint) -> str:
        said = msgspec.json.encode(msgspec.structs.replace(checkpoint, mark=""), order="sorted")
        return hmac.new(self._key, _PURPOSE + said, hashlib.sha256).hexdigest()


def value_of(checkpoint: Checkpoint) -> JsonObject:
    """Return the checkpoint as the value of its record."""
    value: JsonObject = msgspec.to_builtins(checkpoint)
    return value


def read_checkpoint(value: JsonObject | None) -> Checkpoint | None:
    """Return the checkpoint that a record's value says; None when it says none."""
    try:
        return msgspec.convert(value, Checkpoint)
    except msgspec.ValidationError:
        return None


def entry_leaf(digest: str) -> bytes:
    """Return the leaf's hash of an entry."""
    return leaf(bytes.fromhex(digest))


def commit_leaf(names: Sequence[str | int], payload: bytes) -> bytes:
    """Return the leaf's hash of a commit: `names` are session, version, position, count and at_ms.

    The first line holds no line break, so no payload passes for a part of it."""
    return leaf(msgspec.json.encode(tuple(names)) + b"\n" + payload)
