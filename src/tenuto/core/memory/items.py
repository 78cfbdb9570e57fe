"""Memory items: what an agent remembers about a user or a topic."""

from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.vocabulary import Json, SessionId, TaskNo

MemoryKind: TypeAlias = Literal["semantic", "episodic", "procedural"]
"""A fact or preference; what happened; a sequence of actions and how often it worked."""

TEXT_CHARS_MAX: Final = 8_000
"""A longer text is a document: put it into a collection."""
KEY_CHARS_MAX: Final = 200
DATA_BYTES_MAX: Final = 64 * 1024


class Source(msgspec.Struct, frozen=True, array_like=True):
    """The work that an item came from; its events say how."""

    session: SessionId
    task: TaskNo


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose memory it is. Tenants never see each other's (P7); `user` "" is for all users of the
    tenant, `agent` "" for all its agents."""

    tenant: str
    agent: str = ""
    user: str = ""


class MemoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing remembered. All moments are in ms since 1970."""

    id: str
    """The same for the same memory of the same effect, so that keeping it twice is keeping it
    once."""
    scope: Scope
    kind: MemoryKind
    text: str
    key: str = ""
    """What it is about, where that has a name. Of one scope, kind and key only the newest is
    current: it supersedes the others. Empty: no other item is superseded by it."""
    data: Json = None
    """Of a procedure: its steps."""
    importance: float = 0.5
    """From 0, junk, to 1."""
    labels: tuple[str, ...] = ()
    """Of the data that it came from, as `untrusted`."""
    source: Source | None = None
    created_ms: int
    expires_ms: int = 0
    """0: never."""
    superseded_by: str = ""
    """The item that says better what this one said; empty: it is current."""
    tries: int = 0
    successes: int = 0
    """Of a procedure: how often it was followed, and how often it worked."""
    accessed_ms: int = 0
    accesses: int = 0
    """How often it was recalled."""
    sums_up: tuple[str, ...] = ()
    """Of a summary: the ids of the items that it tells shortly, and that it supersedes."""

    def is_current(self, now_ms: int) -> bool:
        """Return whether it may be recalled."""
        return not self.superseded_by and not (self.expires_ms and self.expires_ms <= now_ms)


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """An item that was found, and how well it fits the question: the higher the better."""

    item: MemoryItem
    score: float
