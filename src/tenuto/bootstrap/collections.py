"""Collections by name: where their indexes are kept, and how a tool finds one again.

A tool gets its arguments from a model, and a model may have read a hostile document. So tools are
given a name that was handed out for a folder, never a path: what nobody added cannot be opened.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from tenuto.adapters.sqlite_fts import SqliteCollection
from tenuto.core.errors import Fatal
from tenuto.ports.collections import Collection, CollectionUnavailable, DocumentsMissing

NAME_HEX_DIGITS: Final = 16


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the name stands for. Kept beside the index, which can be deleted and made again."""

    documents: str


def add_collection(documents: str | Path) -> str:
    """Return the name of the collection over a folder, or one file; the same for the same place.

    The indexes are kept in `$TENUTO_COLLECTIONS`, else in `tenuto/collections` of the user's cache.

    Raises:
        DocumentsMissing: there is no such file or folder.
        CollectionUnavailable: the name cannot be kept.
    """
    place = Path(documents).expanduser()
    if not str(documents).strip() or not place.exists():
        raise DocumentsMissing(
            f"No documents at {str(documents)!r} (looked in {str(Path.cwd())!r}). "
            "Name a folder, or one file, that is there.",
            code="documents_missing",
        )
    real = str(place.resolve())
    name = hashlib.sha256(real.encode()).hexdigest()[:NAME_HEX_DIGITS]
    entry = _folder() / f"{name}.json"
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        # Whoever reads sees all of it or nothing.
        draft = entry.with_name(f"{entry.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(_Entry(documents=real)))
        draft.replace(entry)
    except OSError as error:
        raise CollectionUnavailable(
            f"Cannot keep a collection in {str(entry.parent)!r}: {error}. "
            "Set TENUTO_COLLECTIONS to a folder that can be written."
        ) from error
    return name


def open_collection(name: str) -> Collection:
    """Return the collection that `add_collection` named; close it after use.

    Its index is made when it is missing, with the first search.

    Raises:
        Fatal: nothing has that name.
        CollectionUnavailable: the index cannot be used.
    """
    entry = _folder() / f"{name}.json"
    try:
        if len(name) != NAME_HEX_DIGITS or not name.isalnum():
            raise FileNotFoundError(name)
        kept = msgspec.json.decode(entry.read_bytes(), type=_Entry)
    except (OSError, msgspec.DecodeError):
        raise Fatal(
            f"There is no collection {name!r}; use the name that adding one gave.",
            code="collection_missing",
        ) from None
    return SqliteCollection(entry.with_suffix(".index"), Path(kept.documents))


def _folder() -> Path:
    given = os.environ.get("TENUTO_COLLECTIONS")
    if given:
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tenuto" / "collections"
