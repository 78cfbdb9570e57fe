"""Shelves: where documents that were uploaded are kept, as collections that can be searched.

A shelf has a place, as its owner tells it from others, and a name, by which tools find it.
"""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from tenuto.ports.collections import Collection, FileProblem

UNREAD: Final = "files that end so are not read; .md, .txt, .html, .rst, .pdf and .docx are"


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of putting a document onto a shelf."""

    title: str = ""
    problem: str = ""
    """Why it was not taken; nothing was changed then."""


class Shelves(Protocol):
    """Keeps documents. Every method blocks, and may raise `CollectionUnavailable`."""

    def make(self, place: str) -> str:
        """Return the name of the new, empty shelf at `place`: parts of a path, with `/`."""
        ...

    def put(self, place: str, name: str, *, file: str, payload: bytes) -> Shelved:
        """Take a document in, or another in its stead, to be searched from now on."""
        ...

    def read(self, place: str, file: str) -> bytes | None:
        """Return a document as it was put; None: there is none."""
        ...

    def remove(self, place: str, name: str, *, file: str) -> None:
        """Let a document be found no more; nothing is done where there is none."""
        ...

    def clear(self, place: str) -> None:
        """Take away the shelf with all that is on it."""
        ...


class SharedShelves(Shelves, Protocol):
    """Shelves that other processes and machines have too; they know their names themselves."""

    def open(self, name: str) -> Collection | None:
        """Return the collection of that name; None: there is none here."""
        ...

    def narrow(self, name: str, files: Sequence[str]) -> str | None:
        """Return the name of the part that these files are; None: there is none to be a part of."""
        ...

    async def close(self) -> None:
        """Let the database go."""
        ...


def fault_of(problems: Sequence[FileProblem], file: str) -> str:
    """Return why a document is not taken, of what indexing told; '' when it is."""
    for problem in problems:
        if problem.file == file and problem.code != "encoding":
            return problem.message.rstrip(".")
    return ""
