"""Collections: a folder of documents that can be searched and quoted, line by line.

A collection is made from the documents and can be made again from them, so it is no part of any
log; what a search found is, as the result of a tool.

    PortError, Transient
    +-- CollectionUnavailable   the index cannot be read or written now
    WorkFailed
    +-- Fatal
        +-- DocumentsMissing    the folder or file to index is not there, or cannot be listed
        +-- PassageMissing      no such file, or no such lines, in the collection
        +-- NotACollection      the index file belongs to something else
"""

from typing import Final, Protocol

import msgspec

from tenuto.core.errors import Fatal, PortError, Transient
from tenuto.core.words import IGNORED_WORDS as IGNORED_WORDS

SEARCH_PASSAGES_MAX: Final = 50
"""A search returns no more passages than this, whatever it is asked for."""

QUERY_TERMS_MAX: Final = 32
"""Words of a query beyond this many are ignored."""

READ_LINES_MAX: Final = 400
"""A read returns no more lines than this."""


class DocumentsMissing(Fatal):
    """There is nothing to index where the caller said."""


class PassageMissing(Fatal):
    """The collection has no such file or lines."""


class NotACollection(Fatal):
    """The file named as index holds something else; it was left as it is."""


class CollectionUnavailable(PortError, Transient):
    """The index cannot be read or written now: disk full, locked for too long, no permission."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of one document that makes sense alone.

    `text` has one line for each line of the file from `first_line` to `last_line` (from 1), in
    light Markdown: HTML and reStructuredText are brought to it line by line, so a place in the text
    is a place in the file. A line of more than 200 words may be spread over several passages."""

    file: str
    """Path below the indexed folder, with `/`."""
    first_line: int
    last_line: int
    heading: tuple[str, ...] = ()
    """Titles of the sections around the passage, outermost first."""
    text: str
    score: float = 0.0
    """How well it fits the query; higher is better, comparable within one search only."""


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found, best first; equal scores by file and line."""

    passages: tuple[Passage, ...]
    unmatched: tuple[str, ...] = ()
    """Words of the query that no document of the collection holds."""


class FileProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a file was left out, or what had to be assumed to read it."""

    file: str
    code: str
    """`unreadable`, `binary`, `too_large`, `encoding` (read all the same) or `empty`."""
    message: str


class IndexReport(msgspec.Struct, frozen=True, kw_only=True):
    """What indexing did. The counts of files add up: files = added + changed + unchanged."""

    files: int
    passages: int
    added: int
    changed: int
    unchanged: int
    removed: int
    problems: tuple[FileProblem, ...] = ()


class CollectedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One document of the collection."""

    file: str
    title: str
    lines: int
    sha256: str


class Collection(Protocol):
    """An index over documents. All methods may raise `CollectionUnavailable`.

    Several processes may read while one refreshes; readers see the old index or the new one."""

    def refresh(self) -> IndexReport:
        """Bring the index up to date with the documents and return what was done.

        Files whose SHA-256 is unchanged are not read into passages again.

        Raises:
            DocumentsMissing: the folder or file is not there.
        """
        ...

    def search(self, query: str, *, limit: int = 8) -> Hits:
        """Return the passages that fit `query` best. Words in double quotes are a phrase.

        Any text is a query: nothing in it is syntax but the double quote."""
        ...

    def read(self, file: str, *, first_line: int, last_line: int) -> Passage:
        """Return these lines as they were indexed, cut at the end of the file.

        Raises:
            PassageMissing: no such file, or it ends before `first_line`.
        """
        ...

    def files(self) -> tuple[CollectedFile, ...]:
        """Return the documents, by name."""
        ...

    def close(self) -> None:
        """Let go of the index. Closing twice is allowed."""
        ...
