"""A collection over documents in the schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.library import indexing
from tenuto.adapters.postgres.library.ranking import Places, bm25, ranked, standing
from tenuto.adapters.postgres.library.schema import FORMAT
from tenuto.adapters.postgres.library.transactions import Transactions
from tenuto.adapters.postgres.library.words import Stand, words_of
from tenuto.adapters.sqlite_fts.query import Query, build_query
from tenuto.ports.collections import (
    READ_LINES_MAX,
    SEARCH_PASSAGES_MAX,
    CollectedFile,
    Hits,
    IndexReport,
    Passage,
    PassageMissing,
)

SELECT_STALE: Final = f"""
    SELECT 1 FROM library_documents AS d LEFT JOIN library_index AS i USING (ref, file)
    WHERE ref = ? AND (i.format IS DISTINCT FROM {FORMAT} OR i.sha256 <> d.sha256) LIMIT 1"""
SELECT_DOCUMENTS: Final = """
    SELECT number, file, passages, tokens FROM library_index WHERE ref = ? AND is_kept = 1"""
SELECT_WORDS: Final = """
    SELECT word, document, stands FROM library_words WHERE ref = ? AND word = ANY(?)"""
SELECT_PASSAGES: Final = """
    SELECT p.document, p.place, i.file, p.first_line, p.last_line, p.heading, p.text
    FROM unnest(CAST(? AS BIGINT[]), CAST(? AS BIGINT[])) AS g(document, place)
    JOIN library_passages AS p USING (document, place)
    JOIN library_index AS i ON i.ref = ? AND i.file = ANY(?) AND i.number = p.document"""
SELECT_LINES: Final = """
    SELECT lines, number FROM library_index WHERE ref = ? AND file = ? AND is_kept = 1"""
SELECT_HEADING: Final = """
    SELECT heading FROM library_passages WHERE document = ? AND first_line <= ?
    ORDER BY first_line DESC, place DESC LIMIT 1"""
SELECT_FILES: Final = """
    SELECT file, title, line_count, sha256 FROM library_index
    WHERE ref = ? AND is_kept = 1 ORDER BY file"""

T = TypeVar("T")


class PostgresCollection:
    """A `Collection` over what is on a shelf.

    `only`: names of files; the others are not there for who searches, reads or lists."""

    def __init__(self, database: Transactions, ref: str, *, only: frozenset[str] | None) -> None:
        self._database, self._ref, self._only = database, ref, only

    def refresh(self) -> IndexReport:
        """See `Collection.refresh`."""
        return self._database.write(
            lambda connection: indexing.refresh(connection, self._ref, self._only)
        )

    def search(self, query: str, *, limit: int = 8) -> Hits:
        """See `Collection.search`."""
        asked = build_query(query)
        if not asked.terms:
            return Hits(passages=())
        limit = max(1, min(limit, SEARCH_PASSAGES_MAX))
        return self._read(lambda connection: self._search(connection, asked, limit))

    def read(self, file: str, *, first_line: int, last_line: int) -> Passage:
        """See `Collection.read`."""
        first = max(first_line, 1)
        found = self._read(lambda connection: self._lines(connection, file, first))
        if found is None:
            raise PassageMissing(
                f"No file {file!r} in the collection; use a name that a search gave.",
                code="file_missing",
            )
        lines, heading = found
        last = min(max(last_line, first), first + READ_LINES_MAX - 1, len(lines))
        if first > len(lines):
            raise PassageMissing(
                f"{file!r} has {len(lines)} lines; line {first_line} is beyond its end.",
                code="lines_missing",
            )
        text = "\n".join(lines[first - 1 : last])
        return Passage(file=file, first_line=first, last_line=last, heading=heading, text=text)

    def files(self) -> tuple[CollectedFile, ...]:
        """See `Collection.files`."""
        rows = self._read(
            lambda connection: connection.execute(SELECT_FILES, (self._ref,)).fetchall()
        )
        return tuple(
            CollectedFile(file=file, title=title, lines=lines, sha256=sha256)
            for file, title, lines, sha256 in rows
            if self._holds(file)
        )

    def close(self) -> None:
        """Let nothing go: connections are the shelves'."""

    def _holds(self, file: str) -> bool:
        return self._only is None or file in self._only

    def _read(self, query: Callable[[Connection], T]) -> T:
        """Return what `query` returns, of an index that is up to date."""

        def on_fresh(connection: Connection) -> tuple[T] | None:
            if connection.execute(SELECT_STALE, (self._ref,)).fetchone() is not None:
                return None
            return (query(connection),)

        while (answer := self._database.read(on_fresh)) is None:
            # As after a move: of the collection, the documents alone are moved.
            self.refresh()
        return answer[0]

    def _search(self, connection: Connection, asked: Query, limit: int) -> Hits:
        documents = connection.execute(SELECT_DOCUMENTS, (self._ref,)).fetchall()
        within = {number: file for number, file, _, _ in documents if self._holds(file)}
        runs = words_of((*asked.terms, *asked.phrases))
        words = self._words(connection, {word for run in runs for word in run})
        stands = [standing(run, words) for run in runs]
        total = sum(passages for _, _, passages, _ in documents)
        tokens = sum(tokens for *_, tokens in documents)
        holders = stands[: len(asked.terms)]
        found = ranked(
            bm25(stands, total=total, length_mean=tokens / total if total else 1.0),
            holders,
            within=within,
            total=sum(passages for number, _, passages, _ in documents if number in within),
        )
        passages = self._passages(connection, {key: score for score, key in found}, within)
        unmatched = [
            term
            for term, places in zip(asked.terms, holders, strict=True)
            if not any(document in within for document, _ in places)
        ]
        return Hits(passages=tuple(passages[:limit]), unmatched=tuple(unmatched))

    def _words(self, connection: Connection, words: set[str]) -> dict[str, Places]:
        found: dict[str, Places] = {}
        decode = msgspec.msgpack.Decoder(list[Stand]).decode
        for word, document, stands in connection.execute(SELECT_WORDS, (self._ref, sorted(words))):
            places = found.setdefault(word, {})
            places.update({(document, stand[0]): stand for stand in decode(stands)})
        return found

    def _passages(
        self,
        connection: Connection,
        scores: Mapping[tuple[int, int], float],
        within: Mapping[int, str],
    ) -> list[Passage]:
        """Return the passages, best first."""
        numbers, places = [key[0] for key in scores], [key[1] for key in scores]
        files = sorted({within[number] for number in numbers})
        rows = connection.execute(SELECT_PASSAGES, (numbers, places, self._ref, files))
        passages = [
            Passage(
                file=file,
                first_line=first_line,
                last_line=last_line,
                heading=_trail(heading),
                text=text,
                score=scores[document, place],
            )
            for document, place, file, first_line, last_line, heading, text in rows
        ]
        passages.sort(key=lambda p: (-p.score, p.file, p.first_line, p.last_line, p.text))
        return passages

    def _lines(
        self, connection: Connection, file: str, first: int
    ) -> tuple[list[str], tuple[str, ...]] | None:
        row: Any = connection.execute(SELECT_LINES, (self._ref, file.replace("\0", " "))).fetchone()
        if row is None or not self._holds(file):
            return None
        heading: Any = connection.execute(SELECT_HEADING, (row[1], first)).fetchone()
        return row[0].split("\n"), () if heading is None else _trail(heading[0])


def _trail(heading: str) -> tuple[str, ...]:
    """Return the titles without the file's name, which is kept with them for searching only."""
    return tuple(json.loads(heading)[1:])
