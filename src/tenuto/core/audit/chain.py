"""The chain of digests that makes the ledger tamper-evident: each entry's digest covers the one
before it, so nothing can be edited, removed or put in without changing all that follow.

A digest is taken over an entry's canonical form: a JSON array of what stands in columns, and the
entry's body, an object with its names sorted. What is stored of a body is these very bytes.
"""

import hashlib
from typing import Final

import msgspec

from tenuto.core.audit.entries import Entry, Source
from tenuto.core.vocabulary import JsonObject

START: Final = "0" * 64
"""The digest before the first entry."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What of an entry nobody asks for by itself."""

    source: Source
    detail: JsonObject
    name: str
    private_digest: str
    before: JsonObject | None
    after: JsonObject | None


_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder(Body)


def body_of(entry: Entry) -> bytes:
    """Return the body's bytes.

    Raises:
        ValueError, OverflowError, TypeError: it holds what is no JSON.
    """
    body = Body(
        source=entry.source,
        detail=entry.detail,
        name=entry.name,
        private_digest=entry.private_digest,
        before=entry.before,
        after=entry.after,
    )
    return _encoder.encode(body)


def read_body(body: bytes) -> Body:
    """Return what the bytes say.

    Raises:
        ValueError: they are not exactly what `body_of` makes.
    """
    read = _decoder.decode(body)
    if _encoder.encode(read) != body:
        raise ValueError("it is not in its canonical form")
    return read


def canonical(entry: Entry, body: bytes) -> bytes:
    """Return what an entry's digest is taken over, besides the digest before it."""
    columns = (
        *(entry.number, entry.at_ms, entry.tenant, entry.actor, entry.action),
        *(entry.kind, entry.target, entry.version),
    )
    return _encoder.encode((*columns, msgspec.Raw(body)))


def link(before: str, body: bytes) -> str:
    """Return the digest in hex of an entry whose canonical form is `body`, after `before`."""
    return hashlib.sha256(bytes.fromhex(before) + body).hexdigest()


def digest_of(entry: Entry, before: str) -> str:
    """Return the digest in hex that the entry must have after `before`."""
    return link(before, canonical(entry, body_of(entry)))
