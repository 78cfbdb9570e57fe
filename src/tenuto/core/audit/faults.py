"""What an audit finds."""

from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.audit.chain import START, digest_of
from tenuto.core.audit.entering import private_digest
from tenuto.core.audit.entries import Entry, Record

FAULTS_MAX: Final = 100
"""After so many an audit has said enough."""

Part: TypeAlias = Literal["entries", "records", "checkpoints", "events", "sessions", "anchors"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something is not as it was written."""

    part: Part
    number: int
    """Of the entry, or the position of the event, from which on nothing can be believed; 0 where no
    number is wrong."""
    message: str


class Chain:
    """Follows the entries, in their order."""

    def __init__(self) -> None:
        self.number = 0
        self.digest = START
        self.living = 0
        """How many records there are after the entries so far."""
        self._is_known = True

    def skip(self, number: int) -> None:
        """Pass over an entry that cannot be read."""
        self.number, self._is_known = number, False

    def take(self, entry: Entry) -> Fault | None:
        """Return what is wrong with the next entry, if anything is."""
        expected, known, before = self.number + 1, self._is_known, self.digest
        self.number, self.digest, self._is_known = entry.number, entry.digest, True
        self.living += (entry.after is not None) - (entry.before is not None)
        if entry.number < expected:
            return _fault(entry.number, f"Entry {entry.number} stands before the first one.")
        if entry.number > expected:
            gone = (
                f"Entry {expected} is"
                if entry.number == expected + 1
                else (f"Entries {expected}–{entry.number - 1} are")
            )
            return _fault(expected, f"{gone} missing.")
        if known and digest_of(entry, before) != entry.digest:
            return _fault(
                entry.number,
                f"Entry {entry.number} ({entry.action} by {entry.actor}) does not have its digest: "
                "it was changed, or does not belong behind the one before it.",
            )
        return None


def record_fault(record: Record, *, last: Entry | None, made_ms: int | None) -> Fault | None:
    """Return in what a record differs from `last`, the last entry that wrote it.

    Args:
        made_ms: when it came to be, as its entries say; None where they say nothing.
    """
    what = f"The {record.kind} {record.id!r} of {record.tenant!r}"
    if last is None:
        return Fault(part="records", number=0, message=f"{what} is in no entry.")
    if last.after is None:
        message = f"{what} is there, and entry {last.number} deleted it."
        return Fault(part="records", number=last.number, message=message)
    for name, found, said in (
        ("version", record.version, last.version),
        ("value", msgspec.json.encode(record.value, order="sorted"), _encoded(last)),
        ("name", record.name, last.name),
        ("private part", private_digest(record.private), last.private_digest),
        ("time of change", record.updated_ms, last.at_ms),
        ("time of making", record.created_ms, made_ms),
    ):
        if found != said:
            message = f"{what} has another {name} than entry {last.number} gave it."
            return Fault(part="records", number=last.number, message=message)
    return None


def _encoded(entry: Entry) -> bytes:
    # Compared as bytes: to Python 1 and 1.0 and True are the same.
    return msgspec.json.encode(entry.after, order="sorted")


def _fault(number: int, message: str) -> Fault:
    return Fault(part="entries", number=number, message=message)
