"""Collections by name: where their indexes are kept, and how a tool finds one again.

A name belongs to a collection of a shared database that this process has open, or else to a folder
of this machine.

A tool gets its arguments from a model, and a model may have read a hostile document. So tools are
given a name that was handed out for a folder, never a path: what nobody added cannot be opened.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tenuto.core.errors import Fatal
from tenuto.ports.collections import Collection, CollectionUnavailable, DocumentsMissing
from tenuto.ports.shelves import SharedShelves

NAME_HEX_DIGITS: Final = 16

SHARED: Final[list[SharedShelves]] = []
"""Of the databases that this process has open."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the name stands for. Kept beside the index, which can be deleted and made again."""

    documents: str
    part_of: str = ""
    """The name of the collection that this is a part of, whose index it uses."""
    only: tuple[str, ...] = ()
    """Files of the part."""
    is_moved: bool = False
    """Whether the documents were moved into a database, which has the name since."""


def add_collection(documents: str | Path) -> str:
    """Return the name of the collection over a folder, or one file; the same for the same place.

    The name of a collection is given back as it is.

    The indexes are kept in `$TENUTO_COLLECTIONS`, else in `tenuto/collections` of the user's cache.

    Raises:
        DocumentsMissing: there is no such file or folder.
        CollectionUnavailable: the name cannot be kept.
    """
    place = Path(documents).expanduser()
    if is_collection(str(documents)):
        return str(documents)
    if not str(documents).strip() or not place.exists():
        raise DocumentsMissing(
            f"No documents at {str(documents)!r} (looked in {str(Path.cwd())!r}). "
            "Name a folder, or one file, that is there.",
            code="documents_missing",
        )
    real = str(place.resolve())
    name = name_of(place)
    keep_entry(name, Entry(documents=real))
    return name


def narrow_collection(name: str, files: Sequence[str]) -> str:
    """Return the name of the part of a collection that these files are; the same for the same
    files.

    Raises:
        Fatal: nothing has the name `name`.
        CollectionUnavailable: the name of the part cannot be kept.
    """
    for shelves in _shared(name):
        part = shelves.narrow(name, files)
        if part is not None:
            return part
    whole = _known(name)
    only = tuple(sorted(set(files) & set(whole.only) if whole.part_of else set(files)))
    base = whole.part_of or name
    digest = hashlib.sha256(msgspec.json.encode((base, only))).hexdigest()
    part = digest[:NAME_HEX_DIGITS]
    keep_entry(part, Entry(documents=whole.documents, part_of=base, only=only))
    return part


def open_collection(name: str) -> Collection:
    """Return the collection that `add_collection` named; close it after use.

    Its index is made when it is missing, with the first search.

    Raises:
        Fatal: nothing has that name.
        CollectionUnavailable: the index cannot be used.
    """
    for shelves in _shared(name):
        shared = shelves.open(name)
        if shared is not None:
            return shared
    found = _known(name)
    index = _folder() / f"{found.part_of or name}.index"
    only = found.only if found.part_of else None
    # Who only opens a database needs no index.
    from tenuto.adapters.sqlite_fts import SqliteCollection

    return SqliteCollection(index, Path(found.documents), only=only)


def is_collection(text: str) -> bool:
    """Return whether `text` is the name of a collection, and no file's or folder's."""
    if not is_name(text) or Path(text).exists():
        return False
    return any(one.open(text) is not None for one in _shared(text)) or _entry(text) is not None


def _shared(name: str) -> tuple[SharedShelves, ...]:
    """Return the shelves that may know the name; only what may be one is asked about."""
    return tuple(SHARED) if is_name(name) else ()


def name_of(place: Path) -> str:
    """Return the name of the collection over a folder or file."""
    return hashlib.sha256(str(place.resolve()).encode()).hexdigest()[:NAME_HEX_DIGITS]


def entries() -> list[tuple[str, Entry]]:
    """Return what names of this machine stand for, those of what was moved too."""
    found = []
    for path in sorted(_folder().glob("*.json")):
        entry = _read_entry(path.stem) if is_name(path.stem) else None
        if entry is not None:
            found.append((path.stem, entry))
    return found


def _known(name: str) -> Entry:
    found = _entry(name) if is_name(name) else None
    if found is None:
        raise Fatal(
            f"There is no collection {name!r}; use the name that adding one gave.",
            code="collection_missing",
        )
    return found


def is_name(text: str) -> bool:
    """Return whether `text` may be the name of a collection."""
    return len(text) == NAME_HEX_DIGITS and text.isalnum()


def _entry(name: str) -> Entry | None:
    entry = _read_entry(name)
    return None if entry is None or entry.is_moved else entry


def _read_entry(name: str) -> Entry | None:
    try:
        return msgspec.json.decode((_folder() / f"{name}.json").read_bytes(), type=Entry)
    except (OSError, msgspec.DecodeError):
        return None


def keep_entry(name: str, kept: Entry) -> None:
    """Let the name stand for something on this machine.

    Raises:
        CollectionUnavailable: it cannot be kept.
    """
    entry = _folder() / f"{name}.json"
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        # Whoever reads sees all of it or nothing.
        draft = entry.with_name(f"{entry.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(kept))
        draft.replace(entry)
    except OSError as error:
        raise CollectionUnavailable(
            f"Cannot keep a collection in {str(entry.parent)!r}: {error}. "
            "Set TENUTO_COLLECTIONS to a folder that can be written."
        ) from error


def _folder() -> Path:
    given = os.environ.get("TENUTO_COLLECTIONS")
    if given:
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tenuto" / "collections"
