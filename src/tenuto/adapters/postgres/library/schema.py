"""The tables of uploaded documents, and those that are made from them.

`library_shelves` and `library_documents` are what was uploaded. The others can be made again, and
are, where they are missing or of another format.

`library_words` has a row for each word of a document: in which of its passages it stands, and where
there. A ranking by the database's own `tsvector` would know nothing of how rare a word is within
the collection that is asked; so passages are ranked by BM25 from these rows, as those of a file's
index are, to the same scores.
"""

from typing import Final

FORMAT: Final = 1
"""Raise it when the tables below, or the way documents are cut or split into words, change."""

TABLES: Final = (
    """CREATE TABLE library_shelves(
        ref TEXT PRIMARY KEY,
        place TEXT NOT NULL,
        part_of TEXT NOT NULL,
        files TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX library_shelves_by_place ON library_shelves(place) WHERE part_of = ''",
    "CREATE INDEX library_shelves_by_whole ON library_shelves(part_of) WHERE part_of <> ''",
    """CREATE TABLE library_documents(
        ref TEXT NOT NULL,
        file TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY(ref, file))""",
    """CREATE TABLE library_index(
        ref TEXT NOT NULL,
        file TEXT NOT NULL,
        number BIGINT GENERATED ALWAYS AS IDENTITY,
        format INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        title TEXT NOT NULL,
        problem TEXT NOT NULL,
        is_kept INTEGER NOT NULL,
        passages INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        line_count INTEGER NOT NULL,
        lines TEXT NOT NULL,
        PRIMARY KEY(ref, file))""",
    """CREATE TABLE library_passages(
        document INTEGER NOT NULL,
        place INTEGER NOT NULL,
        first_line INTEGER NOT NULL,
        last_line INTEGER NOT NULL,
        heading TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY(document, place))""",
    """CREATE TABLE library_words(
        ref TEXT NOT NULL,
        word TEXT NOT NULL,
        document INTEGER NOT NULL,
        stands BLOB NOT NULL,
        PRIMARY KEY(ref, word, document))""",
    "CREATE INDEX library_words_of_document ON library_words(document)",
)
"""Of the first format of the schema."""

DERIVED: Final = ("library_index", "library_passages", "library_words")
"""Tables that are made again from the others."""
