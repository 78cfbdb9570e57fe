"""Texts as the words that a file's index has: split and brought to their stems by FTS5 itself."""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from typing import Final, TypeAlias

WORD_BYTES_MAX: Final = 200
"""A longer one is data; it is kept by its hash, as a key of an index has little room."""

Stand: TypeAlias = tuple[int, int, list[int], list[int]]
"""A passage of a document by its place, how many words it has, and at which of them a word stands:
in the headings, and in the text."""

_TABLES: Final = (
    """CREATE VIRTUAL TABLE piece USING fts5(
        heading, text, tokenize='porter unicode61 remove_diacritics 2')""",
    "CREATE VIRTUAL TABLE instance USING fts5vocab(piece, instance)",
)


def stands_of(pieces: Iterable[tuple[str, str]]) -> tuple[dict[str, list[Stand]], int]:
    """Return each word of a document's passages, given as headings and text, with where it stands;
    and how many words all of them have."""
    lengths: dict[int, int] = defaultdict(int)
    found: dict[str, dict[int, tuple[list[int], list[int]]]] = {}
    total = 0
    for term, place, column, offset in _instances(pieces):
        total += 1
        lengths[place] += 1
        stands = found.setdefault(_key(term), {}).setdefault(place, ([], []))
        stands[column == "text"].append(offset)
    words = {
        word: [(place, lengths[place], *both) for place, both in sorted(places.items())]
        for word, places in found.items()
    }
    return words, total


def words_of(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the words of each text, in order."""
    each = list(texts)
    words: list[list[tuple[int, str]]] = [[] for _ in each]
    for term, place, _, offset in _instances(("", text) for text in each):
        words[place].append((offset, _key(term)))
    return [tuple(word for _, word in sorted(one)) for one in words]


def _instances(pieces: Iterable[tuple[str, str]]) -> list[tuple[str, int, str, int]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for table in _TABLES:
            connection.execute(table)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO piece(rowid, heading, text) VALUES (?, ?, ?)",
            ((place, *piece) for place, piece in enumerate(pieces)),
        )
        connection.execute("COMMIT")
        return connection.execute("SELECT term, doc, col, offset FROM instance").fetchall()


def _key(term: str) -> str:
    payload = term.encode()
    if len(payload) <= WORD_BYTES_MAX:
        return term
    return f"sha256:{hashlib.sha256(payload).hexdigest()}"
