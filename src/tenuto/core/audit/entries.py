"""What a ledger holds: changes that are asked for, entries that are made, records that follow."""

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import JsonObject


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """From where an action was asked for."""

    address: str = ""
    """Of the client on the network; empty for this machine's own programs."""
    client: str = ""
    """What the client says it is, as a browser's User-Agent."""
    request: str = ""
    """Id of the request, also in the answer and in traces."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An action that is to be entered; with `writes` it also changes the record `kind`/`target`."""

    at_ms: int
    tenant: str
    actor: str
    """Who: `user:ID`, `key:ID`, or `system`."""
    action: str
    """What, as `user.add` or `session.cancel`."""
    kind: str = ""
    """Of what was acted on, as `user` or `session`."""
    target: str = ""
    """Its id."""
    source: Source = Source()
    detail: JsonObject = {}
    """What else is worth knowing. Never a credential, and not the whole of a large text."""
    writes: bool = False
    expected: int | None = None
    """The record's version that this change is made for; 0: there is no record. None: any."""
    name: str = ""
    """Of the record, for people; unique for its tenant and kind where not empty."""
    value: JsonObject | None = None
    """What the record says from now on; None: it is deleted."""
    private: bytes = b""
    """What only programs need of the record, as a hash of a password: gone from the ledger once the
    record changes or is deleted. Entries hold its SHA-256 alone, so it must not be guessable: a
    salted hash, a random token, a text that is sealed."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was made."""

    number: int
    """Counts from 1 over all tenants, without gap."""
    at_ms: int
    tenant: str
    actor: str
    action: str
    kind: str
    target: str
    source: Source
    detail: JsonObject
    version: int
    """Of the record after it; 0 where it changed none."""
    before: JsonObject | None
    after: JsonObject | None
    digest: str
    """SHA-256 in hex over the entry and the digest before it; see `core.audit.chain`."""
    name: str = ""
    """Of the record after it."""
    private_digest: str = ""
    """SHA-256 in hex of what is private in the record after it; empty where nothing is."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries of one thing amount to."""

    tenant: str
    kind: str
    id: str
    name: str
    version: int
    """Counts its changes, from 1; goes on where a record was deleted and is made again."""
    value: JsonObject
    private: bytes
    created_ms: int
    updated_ms: int


class Outdated(Rejected):
    """The record has another version than the one that a change was made for."""

    def __init__(self, *, kind: str, target: str, expected: int, found: int) -> None:
        self.kind, self.target, self.expected, self.found = kind, target, expected, found
        state = f"has version {found}" if found else "does not exist"
        wanted = f"version {expected}" if expected else "none"
        super().__init__(
            f"The {kind} {target!r} {state}, and the change was made for {wanted}; "
            "read it again and repeat the change."
        )


class NameTaken(Rejected):
    """Another record of that tenant and kind has the name."""

    def __init__(self, *, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"There is a {kind} named {name!r} already; choose another name.")
