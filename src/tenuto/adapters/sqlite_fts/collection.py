"""A collection in one SQLite file: BM25 over stemmed words, by FTS5 of the standard library."""

import hashlib
import json
import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from tenuto.adapters.sqlite_fts.documents import (
    Found,
    decode,
    find_documents,
    parse,
    read_bytes,
)
from tenuto.adapters.sqlite_fts.passages import passages_of
from tenuto.adapters.sqlite_fts.query import Query, build_query
from tenuto.adapters.sqlite_fts.schema import connect, unavailable
from tenuto.ports.collections import (
    READ_LINES_MAX,
    SEARCH_PASSAGES_MAX,
    CollectedFile,
    FileProblem,
    Hits,
    IndexReport,
    Passage,
    PassageMissing,
)

HEADING_WEIGHT: Final = 2.0
"""A word in a heading or in the file's name counts as this many in the text."""

COVERAGE_FLOOR: Final = 0.3
"""What is left of the score of a passage that holds next to nothing of the query's weight. BM25
alone puts a passage with one rare word five times above one with every word of the question."""

_CANDIDATES: Final = """
SELECT passage.id, document.file, passage.first_line, passage.last_line, passage.heading,
       passage.text, -bm25(passage_words, ?1, 1.0) AS score
FROM passage_words
JOIN passage ON passage.id = passage_words.rowid
JOIN document ON document.id = passage.document
WHERE passage_words MATCH ?2
  AND (?3 IS NULL OR document.file IN (SELECT value FROM json_each(?3)))
ORDER BY round(score, 6) DESC, document.file, passage.first_line, passage.last_line, passage.text
LIMIT ?4
"""

_WITHIN: Final = """
SELECT passage.id FROM passage JOIN document ON document.id = passage.document
WHERE document.file IN (SELECT value FROM json_each(?))
"""


class SqliteCollection:
    """A `Collection` over `documents`, with its index in the file `index`.

    `only`: names of files; the others are not there for who searches, reads or lists."""

    def __init__(
        self, index: Path, documents: Path, *, only: Collection[str] | None = None
    ) -> None:
        self._only = None if only is None else frozenset(only)
        self._index = index
        self._documents = documents
        self._connection = connect(index)

    def refresh(self) -> IndexReport:
        """Bring the index up to date. See `Collection.refresh`."""
        found, problems = find_documents(self._documents)
        with self._writing() as connection:
            known = dict(connection.execute("SELECT file, sha256 FROM document"))
            kept: dict[str, str] = {}
            for file in found:
                sha256 = self._index_file(connection, file, known.get(file.name), problems)
                if sha256 is not None:
                    kept[file.name] = sha256
            for name in sorted(known.keys() - kept.keys()):
                _remove(connection, name)
            connection.execute(
                "INSERT OR REPLACE INTO meta VALUES ('documents', ?)", (self._identity(),)
            )
            (passages,) = connection.execute("SELECT count(*) FROM passage").fetchone()
            if self._only is not None:
                passages = len(self._within(connection) or ())
        if self._only is not None:
            kept = {name: sha256 for name, sha256 in kept.items() if name in self._only}
            known = {name: sha256 for name, sha256 in known.items() if name in self._only}
            problems = [problem for problem in problems if problem.file in self._only]
        return IndexReport(
            files=len(kept),
            passages=passages,
            added=len(kept.keys() - known.keys()),
            changed=sum(name in known and known[name] != sha for name, sha in kept.items()),
            unchanged=sum(known.get(name) == sha for name, sha in kept.items()),
            removed=len(known.keys() - kept.keys()),
            problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.code))),
        )

    def search(self, query: str, *, limit: int = 8) -> Hits:
        """Return the passages that fit `query` best. See `Collection.search`."""
        limit = max(1, min(limit, SEARCH_PASSAGES_MAX))
        asked = build_query(query)
        if not asked.terms:
            return Hits(passages=())
        with self._reading() as connection:
            holders = {
                term: {
                    row
                    for (row,) in connection.execute(
                        "SELECT rowid FROM passage_words WHERE passage_words MATCH ?",
                        (f'"{term}"',),
                    )
                }
                for term in asked.terms
            }
            (total,) = connection.execute("SELECT count(*) FROM passage").fetchone()
            within = self._within(connection)
            if within is not None:
                holders = {term: rows & within for term, rows in holders.items()}
                total = len(within)
            rows = connection.execute(
                _CANDIDATES,
                (HEADING_WEIGHT, asked.match, self._only_json(), 4 * SEARCH_PASSAGES_MAX),
            ).fetchall()
        weights = {
            term: math.log(1 + (total - len(rows_) + 0.5) / (len(rows_) + 0.5))
            for term, rows_ in holders.items()
            if rows_
        }
        passages = [_passage(row, _coverage(row[0], holders, weights)) for row in rows]
        passages.sort(key=lambda p: (-p.score, p.file, p.first_line, p.last_line, p.text))
        return Hits(passages=tuple(passages[:limit]), unmatched=_unmatched(asked, holders))

    def read(self, file: str, *, first_line: int, last_line: int) -> Passage:
        """Return these lines as they were indexed. See `Collection.read`."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT lines, id FROM document WHERE file = ?", (file,)
            ).fetchone()
            if row is None or not (self._only is None or file in self._only):
                raise PassageMissing(
                    f"No file {file!r} in the collection; use a name that a search gave.",
                    code="file_missing",
                )
            headings = connection.execute(
                "SELECT heading FROM passage WHERE document = ? AND first_line <= ? "
                "ORDER BY first_line DESC, id DESC LIMIT 1",
                (row[1], max(first_line, 1)),
            ).fetchone()
        lines = row[0].split("\n")
        first = max(first_line, 1)
        last = min(max(last_line, first), first + READ_LINES_MAX - 1, len(lines))
        if first > len(lines):
            raise PassageMissing(
                f"{file!r} has {len(lines)} lines; line {first_line} is beyond its end.",
                code="lines_missing",
            )
        trail = _trail(headings[0]) if headings is not None else ()
        text = "\n".join(lines[first - 1 : last])
        return Passage(file=file, first_line=first, last_line=last, heading=trail, text=text)

    def files(self) -> tuple[CollectedFile, ...]:
        """Return the documents, by name. See `Collection.files`."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT file, title, lines, sha256 FROM document ORDER BY file"
            ).fetchall()
        return tuple(
            CollectedFile(file=file, title=title, lines=lines.count("\n") + 1, sha256=sha256)
            for file, title, lines, sha256 in rows
            if self._only is None or file in self._only
        )

    def close(self) -> None:
        """Let go of the index."""
        self._connection.close()

    def _only_json(self) -> str | None:
        return None if self._only is None else json.dumps(sorted(self._only))

    def _within(self, connection: sqlite3.Connection) -> set[int] | None:
        """Return the passages that are there; None: all."""
        if self._only is None:
            return None
        return {row for (row,) in connection.execute(_WITHIN, (self._only_json(),))}

    def _identity(self) -> str:
        return str(self._documents.resolve())

    def _index_file(
        self,
        connection: sqlite3.Connection,
        file: Found,
        known_sha256: str | None,
        problems: list[FileProblem],
    ) -> str | None:
        """Index one file, unless its content is known; return its SHA-256, None when left out."""
        payload = read_bytes(file)
        if isinstance(payload, FileProblem):
            problems.append(payload)
            return None
        sha256 = hashlib.sha256(payload).hexdigest()
        if sha256 == known_sha256:
            # What was wrong with it is wrong still, and is said again.
            (problem,) = connection.execute(
                "SELECT problem FROM document WHERE file = ?", (file.name,)
            ).fetchone()
            if problem:
                problems.append(msgspec.json.decode(problem, type=FileProblem))
            return sha256
        decoded = decode(file.name, payload)
        if isinstance(decoded, FileProblem):
            problems.append(decoded)
            return None
        if decoded.problem is not None:
            problems.append(decoded.problem)
        if known_sha256 is not None:
            _remove(connection, file.name)
        problem = msgspec.json.encode(decoded.problem).decode() if decoded.problem else ""
        _insert(connection, file.name, sha256=sha256, text=decoded.text, problem=problem)
        return sha256

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Hand out the connection in one read transaction, on an index that was filled."""
        try:
            row = self._connection.execute(
                "SELECT value FROM meta WHERE key = 'documents'"
            ).fetchone()
            if row is None or row[0] != self._identity():
                self.refresh()
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise unavailable(self._index, error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise unavailable(self._index, error) from error


def _insert(
    connection: sqlite3.Connection, name: str, *, sha256: str, text: str, problem: str
) -> None:
    document = parse(name, text)
    cursor = connection.execute(
        "INSERT INTO document (file, title, sha256, problem, lines) VALUES (?, ?, ?, ?, ?)",
        (name, document.title, sha256, problem, "\n".join(document.lines)),
    )
    # The file's name says what it is about as a heading does.
    stem = " ".join(PurePosixPath(name).with_suffix("").parts)
    for piece in passages_of(document):
        heading = json.dumps([stem, *piece.heading], ensure_ascii=False)
        row = connection.execute(
            "INSERT INTO passage (document, first_line, last_line, heading, text) "
            "VALUES (?, ?, ?, ?, ?)",
            (cursor.lastrowid, piece.first_line, piece.last_line, heading, piece.text),
        ).lastrowid
        connection.execute(
            "INSERT INTO passage_words (rowid, heading, text) VALUES (?, ?, ?)",
            (row, heading, piece.text),
        )


def _remove(connection: sqlite3.Connection, name: str) -> None:
    # An index over an outside table is told the old words, or it would keep them for ever.
    # Source: SQLite FTS5, section 4.4.3 "External Content Tables".
    connection.execute(
        "INSERT INTO passage_words (passage_words, rowid, heading, text) "
        "SELECT 'delete', passage.id, passage.heading, passage.text FROM passage "
        "JOIN document ON document.id = passage.document WHERE document.file = ?",
        (name,),
    )
    connection.execute(
        "DELETE FROM passage WHERE document = (SELECT id FROM document WHERE file = ?)", (name,)
    )
    connection.execute("DELETE FROM document WHERE file = ?", (name,))


def _passage(row: tuple[int, str, int, int, str, str, float], coverage: float) -> Passage:
    _, file, first_line, last_line, heading, text, score = row
    return Passage(
        file=file,
        first_line=first_line,
        last_line=last_line,
        heading=_trail(heading),
        text=text,
        # The second part decides where BM25 cannot: in a few passages, where a word that half of
        # them hold weighs nothing.
        score=round(score * (COVERAGE_FLOOR + (1 - COVERAGE_FLOOR) * coverage) + coverage, 6),
    )


def _trail(heading: str) -> tuple[str, ...]:
    """Return the titles without the file's name, which is kept with them for searching only."""
    return tuple(json.loads(heading)[1:])


def _coverage(passage: int, holders: Mapping[str, set[int]], weights: Mapping[str, float]) -> float:
    """Return how much of the query's weight the passage holds, from 0 to 1."""
    total = sum(weights.values())
    held = sum(weight for term, weight in weights.items() if passage in holders[term])
    return held / total if total else 0.0


def _unmatched(asked: Query, holders: Mapping[str, set[int]]) -> tuple[str, ...]:
    return tuple(term for term in asked.terms if not holders[term])
