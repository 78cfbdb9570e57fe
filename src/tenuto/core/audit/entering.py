"""From a change to the entry and the record that it makes. Every ledger uses this one rule."""

import hashlib
import math
from typing import Final, NamedTuple

from msgspec import structs

from tenuto.core.audit.chain import START, body_of, canonical, link, read_body
from tenuto.core.audit.entries import Change, Entry, Outdated, Record
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json

INTEGER_MAX: Final = 2**63 - 1
"""What every database has room for."""


class Last(NamedTuple):
    """The end of the ledger."""

    number: int = 0
    digest: str = START


class Entered(NamedTuple):
    """What one change makes."""

    entry: Entry
    body: bytes
    """Of the entry, as it is stored."""
    record: Record | None
    """None: there is none after it, or it changes none."""


def entered(change: Change, last: Last, *, old: Record | None, counted: int) -> Entered:
    """Return what `change` makes after `last`.

    Args:
        old: the record that it changes, as it is; None where there is none.
        counted: the version in the record's last entry, also of one that was deleted; else 0.

    Raises:
        Outdated: the record has another version than the change expects.
        Rejected: the change makes no sense, or holds what is no JSON.
    """
    _check(change)
    version = 0
    if change.writes:
        found = old.version if old is not None else 0
        if change.expected is not None and change.expected != found:
            raise Outdated(
                kind=change.kind, target=change.target, expected=change.expected, found=found
            )
        version = max(found, counted) + 1
    exists = change.value is not None
    entry = Entry(
        number=last.number + 1,
        at_ms=change.at_ms,
        tenant=change.tenant,
        actor=change.actor,
        action=change.action,
        kind=change.kind,
        target=change.target,
        source=change.source,
        detail=change.detail,
        version=version,
        before=old.value if change.writes and old is not None else None,
        after=change.value,
        digest="",
        name=change.name if exists else "",
        private_digest=private_digest(change.private) if exists else "",
    )
    entry, body = _sealed(entry, last.digest)
    return Entered(entry, body, _record(change, entry, old) if exists else None)


def private_digest(private: bytes) -> str:
    """Return what an entry says of a record's private bytes."""
    return hashlib.sha256(private).hexdigest() if private else ""


def _sealed(entry: Entry, before: str) -> tuple[Entry, bytes]:
    try:
        body = body_of(entry)
        read = read_body(body)
        digest = link(before, canonical(entry, body))
    except (ValueError, OverflowError, TypeError, RecursionError) as error:
        raise Rejected(
            f"The action {entry.action!r} cannot be entered: {error}. Details and values are JSON."
        ) from error
    if (read.detail, read.before, read.after) != (entry.detail, entry.before, entry.after):
        # Tuples come back as lists, which is no matter; NaN would come back as null.
        for value in (entry.detail, entry.after):
            _refuse_infinite(entry, value)
    return (
        structs.replace(
            entry, detail=read.detail, before=read.before, after=read.after, digest=digest
        ),
        body,
    )


def _record(change: Change, entry: Entry, old: Record | None) -> Record:
    assert entry.after is not None, "a record has a value"
    return Record(
        tenant=entry.tenant,
        kind=entry.kind,
        id=entry.target,
        name=entry.name,
        version=entry.version,
        value=entry.after,
        private=change.private,
        created_ms=old.created_ms if old is not None else entry.at_ms,
        updated_ms=entry.at_ms,
    )


def _check(change: Change) -> None:
    if not change.action:
        raise Rejected("A change names its action, as 'user.add'; found none.")
    if not -INTEGER_MAX <= change.at_ms <= INTEGER_MAX:
        raise Rejected(f"at_ms counts ms since 1970 in 64 bits; found {change.at_ms}.")
    if change.writes and not (change.kind and change.target):
        raise Rejected(
            f"The action {change.action!r} writes a record, which has a kind and an id; found kind "
            f"{change.kind!r} and target {change.target!r}."
        )
    given = change.value is not None or change.name or change.private
    if not change.writes and (given or change.expected is not None):
        raise Rejected(
            f"The action {change.action!r} says what a record is, and does not write it; "
            "give writes=True."
        )


def _refuse_infinite(entry: Entry, value: Json) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise Rejected(f"The action {entry.action!r} holds {value}, which is no JSON.")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            _refuse_infinite(entry, part)
