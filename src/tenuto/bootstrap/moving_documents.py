"""What was uploaded to a database in a file lies in a folder beside it: both ends of a move have it
as rows, as databases that are shared have it in tables."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tenuto.adapters.tables.moving import DOCUMENTS, SHELVES
from tenuto.bootstrap.collections import Entry, entries, is_name, keep_entry, name_of
from tenuto.core.errors import CorruptLog, Rejected
from tenuto.ports.moving import MoveSource, MoveTarget, Row, Table

ARRIVING: Final = ".arriving"
"""What the folder is called until all is there, after the name that it will have."""

_PLACE: Final = re.compile(r"[\w-]+/[\w-]+")


class SourceWithFolder:
    """`MoveSource` of a store and the folder beside it."""

    def __init__(self, store: MoveSource, folder: Path) -> None:
        self._store, self._folder = store, folder

    @property
    def name(self) -> str:
        """See `MoveSource.name`."""
        return self._store.name

    def tables(self) -> tuple[Table, ...]:
        """See `MoveSource.tables`."""
        return (*self._store.tables(), SHELVES, DOCUMENTS)

    def rows(self, table: Table) -> Iterator[Row]:
        """See `MoveSource.rows`."""
        if table.name == SHELVES.name:
            return iter(self._shelves())
        if table.name == DOCUMENTS.name:
            return self._documents()
        return self._store.rows(table)

    def retire(self, target: str) -> None:
        """See `MoveSource.retire`."""
        self._store.retire(target)
        for name, entry in entries():
            if self._place_of(entry):
                # What is deleted where it is now must not be found here for ever.
                keep_entry(name, msgspec.structs.replace(entry, is_moved=True))

    def close(self) -> None:
        """See `MoveSource.close`."""
        self._store.close()

    def _shelves(self) -> list[Row]:
        rows: dict[str, Row] = {}
        for name, entry in entries():
            place = self._place_of(entry)
            if place:
                files = msgspec.json.encode(entry.only).decode() if entry.part_of else ""
                rows[name] = (name, place, entry.part_of, files)
        named = {str(row[1]) for row in rows.values() if not row[2]}
        for folder in self._folder.glob("*/*"):
            place = folder.relative_to(self._folder).as_posix()
            if folder.is_dir() and place not in named:
                # Nobody kept its name here; it is the one that it was given.
                name = name_of(folder)
                rows[name] = (name, place, "", "")
        return [rows[name] for name in sorted(rows)]

    def _documents(self) -> Iterator[Row]:
        for ref, place, part_of, _ in self._shelves():
            if not part_of:
                yield from _files_of(str(ref), self._folder / str(place))

    def _place_of(self, entry: Entry) -> str:
        """Return where below the folder its documents lie; '' when they lie elsewhere."""
        folder = Path(entry.documents)
        root = self._folder.resolve()
        is_here = folder.parent.parent == root and folder.is_dir()
        return folder.relative_to(root).as_posix() if is_here else ""


class TargetWithFolder:
    """`MoveTarget` of a store and the folder beside it."""

    def __init__(self, store: MoveTarget, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._arriving = folder.with_name(folder.name + ARRIVING)
        self._shelves: list[Row] = []
        shutil.rmtree(self._arriving, ignore_errors=True)

    @property
    def name(self) -> str:
        """See `MoveTarget.name`."""
        return self._store.name

    def arrived(self) -> str:
        """See `MoveTarget.arrived`."""
        digest = self._store.arrived()
        if not digest and self._folder.is_dir() and any(self._folder.iterdir()):
            raise Rejected(
                f"{self.name} is not empty: its folder {str(self._folder)!r} has documents. "
                "Nothing was changed; move to a new file, or take the folder away."
            )
        return digest

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        """See `MoveTarget.write`."""
        if table.name == SHELVES.name:
            self._shelves = [_checked(row) for row in rows]
        elif table.name == DOCUMENTS.name:
            for row in rows:
                self._write(row)
        else:
            self._store.write(table, rows)

    def rows(self, table: Table) -> Iterator[Row]:
        """See `MoveTarget.rows`."""
        if table.name == SHELVES.name:
            return iter(self._shelves)
        if table.name == DOCUMENTS.name:
            return self._documents()
        return self._store.rows(table)

    def settle(self, digest: str) -> None:
        """See `MoveTarget.settle`."""
        root = self._folder.resolve()
        for ref, place, part_of, files in self._shelves:
            folder, arrived = root / str(place), self._arriving / str(ref)
            if not part_of:
                folder.parent.mkdir(parents=True, exist_ok=True)
                if arrived.is_dir():
                    arrived.replace(folder)
                else:
                    folder.mkdir()
            only = msgspec.json.decode(str(files), type=tuple[str, ...]) if part_of else ()
            entry = Entry(documents=str(folder), part_of=str(part_of), only=only)
            keep_entry(str(ref), entry)
        self._store.settle(digest)

    def close(self) -> None:
        """See `MoveTarget.close`."""
        shutil.rmtree(self._arriving, ignore_errors=True)
        self._store.close()

    def _write(self, row: Row) -> None:
        ref, file, sha256, payload = row
        is_plain = isinstance(file, str) and Path(file).name == file and file[:1] != "."
        if not is_plain or not is_name(str(ref)) or not isinstance(payload, bytes):
            raise Rejected(f"No file can be called {file!r:.80}; nothing was moved.")
        if hashlib.sha256(payload).hexdigest() != sha256:
            raise CorruptLog(
                f"The document {file!r:.80} is not what was uploaded; nothing was moved. Restore "
                "it from a backup."
            )
        path = self._arriving / str(ref) / str(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as written:
            written.write(payload)
            written.flush()
            os.fsync(written.fileno())

    def _documents(self) -> Iterator[Row]:
        for folder in sorted(self._arriving.glob("*"), key=lambda folder: folder.name):
            yield from _files_of(folder.name, folder)


def _files_of(ref: str, folder: Path) -> Iterator[Row]:
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.is_file() and not path.name.startswith("."):
            payload = path.read_bytes()
            yield ref, path.name, hashlib.sha256(payload).hexdigest(), payload


def _checked(row: Row) -> Row:
    if not is_name(str(row[0])) or not _PLACE.fullmatch(str(row[1])):
        raise Rejected(f"No folder can be called {row[1]!r:.80}; nothing was moved.")
    return row
