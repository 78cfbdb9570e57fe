"""Where uploaded documents are kept: below a folder of this machine, or in a shared database.

Tools find a collection by its name alone. Names of shared databases are known to each process that
has one open, wherever the documents were uploaded.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from tenuto.bootstrap.collections import SHARED, add_collection, open_collection
from tenuto.bootstrap.places import Place
from tenuto.bootstrap.stores import postgres_adapter
from tenuto.ports.collections import Collection
from tenuto.ports.shelves import UNREAD, SharedShelves, Shelved, Shelves, fault_of

DOCUMENTS: Final = ".documents"
"""What the folder of uploaded documents is called, after the name of the database's file."""

T = TypeVar("T")


class FolderShelves:
    """`Shelves` that are folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def make(self, place: str) -> str:
        """See `Shelves.make`."""
        folder = self._root / place
        folder.mkdir(parents=True)
        return add_collection(folder)

    def put(self, place: str, name: str, *, file: str, payload: bytes) -> Shelved:
        """See `Shelves.put`."""
        path = self._root / place / file
        old = path.read_bytes() if path.exists() else None
        _write(path, payload)
        shelved = _on(name, lambda index: _indexed(index, file))
        if shelved.problem:
            if old is None:
                path.unlink(missing_ok=True)
            else:
                _write(path, old)
            _on(name, lambda index: index.refresh())
        return shelved

    def read(self, place: str, file: str) -> bytes | None:
        """See `Shelves.read`."""
        try:
            return (self._root / place / file).read_bytes()
        except OSError:
            return None

    def remove(self, place: str, name: str, *, file: str) -> None:
        """See `Shelves.remove`."""
        (self._root / place / file).unlink(missing_ok=True)
        _on(name, lambda index: index.refresh())

    def clear(self, place: str) -> None:
        """See `Shelves.clear`."""
        shutil.rmtree(self._root / place, ignore_errors=True)


@contextmanager
def shelves_beside(place: Place, shared: SharedShelves | None) -> Iterator[Shelves]:
    """Give the shelves for what is uploaded: those of the database, those in a folder beside its
    file, or such as last as long as this process."""
    if shared is not None:
        yield shared
    elif place.kind == "memory":
        with TemporaryDirectory(prefix="tenuto-") as folder:
            yield FolderShelves(Path(folder))
    else:
        yield FolderShelves(folder_of(place))


def folder_of(place: Place) -> Path:
    """Return the folder of what is uploaded to the database in a file."""
    return Path(place.path + DOCUMENTS).absolute()


def open_shared(place: Place) -> SharedShelves | None:
    """Return the shelves of a shared database, whose names this process knows until `close_shared`;
    None: it is none."""
    if place.kind != "postgresql":
        return None
    shelves: SharedShelves = postgres_adapter().PostgresShelves(place.path)
    SHARED.append(shelves)
    return shelves


async def close_shared(shelves: SharedShelves | None) -> None:
    """Forget the names, and let the database go."""
    if shelves is not None:
        SHARED.remove(shelves)
        await shelves.close()


def _on(name: str, work: Callable[[Collection], T]) -> T:
    with closing(open_collection(name)) as index:
        return work(index)


def _indexed(index: Collection, file: str) -> Shelved:
    """Bring the index up to date; return what it says of the file."""
    fault = fault_of(index.refresh().problems, file)
    for one in index.files() if not fault else ():
        if one.file == file:
            return Shelved(title=one.title)
    return Shelved(problem=fault or UNREAD)


def _write(path: Path, payload: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    draft.write_bytes(payload)
    draft.replace(path)
