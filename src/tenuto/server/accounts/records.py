"""What the ledger's records of accounts say, and changes of them."""

from typing import Any, Final, TypeVar

import msgspec

from tenuto.core.accounts.principal import Principal
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Change, Record, Source

ORGANISATION: Final = "organisation"
USER: Final = "user"
KEY: Final = "key"
LOGIN: Final = "login"
IDENTITY: Final = "identity"
KINDS: Final = (ORGANISATION, USER, KEY, LOGIN)
"""Kinds of records on which the answer to "who is this, and what may they" rests."""


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant. Its record's id and tenant are its name."""

    label: str = ""
    disabled: bool = False


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who can log in. The record's name is what they log in by."""

    label: str = ""
    """Of the person, for people."""
    roles: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    disabled: bool = False
    generation: int = 1
    """Counts up to end all logins made before."""


class Secrets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is private in the record of a user."""

    password: str = ""
    """By argon2; empty: there is none, and login is elsewhere or by key."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key of a user."""

    user: str
    label: str = ""
    scopes: tuple[str, ...] | None = None
    """Patterns of permissions; None: all that the user may."""
    expires_ms: int | None = None


class Digests(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is private in the record of a key: SHA-256 of its text, in hex."""

    current: str
    former: str = ""
    """Of the text before the last rotation."""
    former_until_ms: int = 0


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A user who logged in somewhere; tokens belong to it."""

    user: str
    generation: int
    """Of the user at that time."""
    count: int = 1
    """Which refresh token is the current one; counts from 1."""
    refreshed_ms: int
    ends_ms: int
    """No token is refreshed from then on."""
    method: str = "password"
    agent: str = ""
    """What the client said it is."""
    address: str = ""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at a provider of OpenID Connect. The record's id is a digest of both."""

    user: str
    issuer: str
    subject: str


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a change, and from where."""

    principal: Principal
    source: Source = Source()


Said = TypeVar("Said", Organisation, User, Key, Login, Identity)


def read(record: Record, type: type[Said]) -> Said:
    """Return what `record` says."""
    return msgspec.convert(record.value, type)


def value_of(said: msgspec.Struct) -> JsonObject:
    """Return `said` as a record's value."""
    value: Any = msgspec.to_builtins(said)
    found: JsonObject = value
    return found


def private_of(said: Secrets | Digests) -> bytes:
    """Return `said` as what is private in a record."""
    return msgspec.json.encode(said)


def secrets_of(record: Record) -> Secrets:
    """Return what is private in the record of a user."""
    return msgspec.json.decode(record.private, type=Secrets) if record.private else Secrets()


def digests_of(record: Record) -> Digests:
    """Return what is private in the record of a key."""
    return msgspec.json.decode(record.private, type=Digests)


def changed(asking: Asking, at_ms: int, action: str, record: Record, **more: Any) -> Change:
    """Return the change that leaves `record` as it is but for `more`, made for its version."""
    fields: dict[str, Any] = {
        "at_ms": at_ms,
        "tenant": record.tenant,
        "actor": asking.principal.actor,
        "action": action,
        "kind": record.kind,
        "target": record.id,
        "source": asking.source,
        "writes": True,
        "expected": record.version,
        "name": record.name,
        "value": record.value,
        "private": record.private,
    }
    return Change(**{**fields, **more})


def added(asking: Asking, at_ms: int, action: str, *place: str, **more: Any) -> Change:
    """Return the change that makes the record at `place`: tenant, kind and id."""
    tenant, kind, id = place
    fields: dict[str, Any] = {
        "at_ms": at_ms,
        "tenant": tenant,
        "actor": asking.principal.actor,
        "action": action,
        "kind": kind,
        "target": id,
        "source": asking.source,
        "writes": True,
        "expected": 0,
    }
    return Change(**{**fields, **more})
