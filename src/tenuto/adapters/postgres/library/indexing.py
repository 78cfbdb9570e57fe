"""Documents into rows: what indexing does to the tables, inside a transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.library.schema import FORMAT
from tenuto.adapters.postgres.library.words import Stand, stands_of
from tenuto.adapters.sqlite_fts.documents import PARSERS, decode, parse, too_large
from tenuto.adapters.sqlite_fts.passages import Piece, passages_of
from tenuto.ports.collections import DocumentsMissing, FileProblem, IndexReport
from tenuto.ports.shelves import UNREAD

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))"
SELECT_SHELF: Final = "SELECT 1 FROM library_shelves WHERE ref = ? AND part_of = ''"
SELECT_THERE: Final = "SELECT file, sha256 FROM library_documents WHERE ref = ?"
SELECT_KNOWN: Final = """
    SELECT file, number, sha256, problem, is_kept, format FROM library_index WHERE ref = ?"""
SELECT_PAYLOAD: Final = "SELECT payload FROM library_documents WHERE ref = ? AND file = ?"
COUNT_PASSAGES: Final = """
    SELECT coalesce(sum(passages), 0) FROM library_index
    WHERE ref = ? AND (CAST(? AS TEXT[]) IS NULL OR file = ANY(?))"""
INSERT: Final = """
    INSERT INTO library_index(ref, file, format, sha256, title, problem, is_kept, passages, tokens,
        line_count, lines) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"""
COPY_PASSAGES: Final = b"""
    COPY library_passages(document, place, first_line, last_line, heading, text) FROM STDIN"""
COPY_WORDS: Final = b"COPY library_words(ref, word, document, stands) FROM STDIN"
DELETE: Final = (
    "DELETE FROM library_words WHERE document = ?",
    "DELETE FROM library_passages WHERE document = ?",
    "DELETE FROM library_index WHERE number = ?",
)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the index says of a document."""

    number: int
    sha256: str
    problem: str
    is_kept: bool
    is_new: bool
    """Whether it is of this format."""


class Indexed(msgspec.Struct, frozen=True, kw_only=True):
    """A document, made ready to be searched."""

    sha256: str
    title: str = ""
    lines: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    headings: tuple[str, ...] = ()
    words: Mapping[str, list[Stand]] = {}
    tokens: int = 0
    problem: FileProblem | None = None
    is_kept: bool = True
    """Whether it is searched in spite of the problem."""


def read_document(file: str, payload: bytes, sha256: str) -> Indexed:
    """Return the document, or what is wrong with it."""
    if Path(file).suffix.lower() not in PARSERS:
        problem = FileProblem(file=file, code="unreadable", message=f"{UNREAD}.")
        return Indexed(sha256=sha256, problem=problem, is_kept=False)
    decoded = too_large(file, len(payload)) or decode(file, payload)
    if isinstance(decoded, FileProblem):
        return Indexed(sha256=sha256, problem=decoded, is_kept=False)
    # The server's texts have no zero byte; words are parted by it as by a space.
    document = parse(file, decoded.text.replace("\0", " "))
    pieces = tuple(passages_of(document))
    stem = " ".join(PurePosixPath(file).with_suffix("").parts)
    headings = tuple(json.dumps([stem, *p.heading], ensure_ascii=False) for p in pieces)
    texts = (piece.text for piece in pieces)
    words, tokens = stands_of(zip(headings, texts, strict=True))
    return Indexed(
        sha256=sha256,
        title=document.title,
        lines=document.lines,
        pieces=pieces,
        headings=headings,
        words=words,
        tokens=tokens,
        problem=decoded.problem,
    )


def lock(connection: Connection, ref: str) -> None:
    """Let nobody else change what is on the shelf until the transaction ends."""
    connection.execute(LOCK, (f"library {ref}",))


def write(connection: Connection, ref: str, file: str, document: Indexed) -> None:
    """Put the document into the index, in place of an earlier one."""
    known = known_of(connection, ref).get(file)
    if known is not None:
        leave_out(connection, known.number)
    problem = msgspec.json.encode(document.problem).decode() if document.problem else ""
    row = (
        *(ref, file, FORMAT, document.sha256, document.title, problem, document.is_kept),
        *(len(document.pieces), document.tokens, len(document.lines), "\n".join(document.lines)),
    )
    (number,) = connection.execute(INSERT, row).fetchone() or (0,)
    with connection.raw.cursor() as cursor:
        with cursor.copy(COPY_PASSAGES) as copy:
            for place, (piece, heading) in enumerate(
                zip(document.pieces, document.headings, strict=True)
            ):
                lines = piece.first_line, piece.last_line
                copy.write_row((number, place, *lines, heading, piece.text))
        with cursor.copy(COPY_WORDS) as copy:
            encode = msgspec.msgpack.Encoder().encode
            for word, stands in document.words.items():
                copy.write_row((ref, word, number, encode(stands)))


def leave_out(connection: Connection, number: int) -> None:
    """Take a document out of the index."""
    for statement in DELETE:
        connection.execute(statement, (number,))


def known_of(connection: Connection, ref: str) -> dict[str, Known]:
    """Return what the index says of the documents of a shelf."""
    return {
        file: Known(
            number=number,
            sha256=sha256,
            problem=problem,
            is_kept=bool(is_kept),
            is_new=format == FORMAT,
        )
        for file, number, sha256, problem, is_kept, format in connection.execute(
            SELECT_KNOWN, (ref,)
        )
    }


def refresh(connection: Connection, ref: str, only: frozenset[str] | None) -> IndexReport:
    """Bring the index of a shelf up to date. See `Collection.refresh`."""
    lock(connection, ref)
    if connection.execute(SELECT_SHELF, (ref,)).fetchone() is None:
        raise DocumentsMissing(
            f"The collection {ref!r} is no more; upload its documents into another one.",
            code="documents_missing",
        )
    before = known_of(connection, ref)
    there = dict(connection.execute(SELECT_THERE, (ref,)).fetchall())
    for file in sorted(there):
        known = before.get(file)
        if known is None or known.sha256 != there[file] or not known.is_new:
            (payload,) = connection.execute(SELECT_PAYLOAD, (ref, file)).fetchone() or (b"",)
            write(connection, ref, file, read_document(file, bytes(payload), there[file]))
    for file in sorted(before.keys() - there.keys()):
        leave_out(connection, before[file].number)
    return _report(connection, ref, before, only)


def _report(
    connection: Connection, ref: str, before: Mapping[str, Known], only: frozenset[str] | None
) -> IndexReport:
    after = known_of(connection, ref)
    files = None if only is None else sorted(only)
    (passages,) = connection.execute(COUNT_PASSAGES, (ref, files, files)).fetchone() or (0,)

    def kept(known: Mapping[str, Known]) -> dict[str, str]:
        return {
            file: one.sha256
            for file, one in known.items()
            if one.is_kept and (only is None or file in only)
        }

    was, now = kept(before), kept(after)
    problems = [
        msgspec.json.decode(one.problem, type=FileProblem)
        for file, one in after.items()
        if one.problem and (only is None or file in only)
    ]
    return IndexReport(
        files=len(now),
        passages=passages,
        added=len(now.keys() - was.keys()),
        changed=sum(file in was and was[file] != sha256 for file, sha256 in now.items()),
        unchanged=sum(was.get(file) == sha256 for file, sha256 in now.items()),
        removed=len(was.keys() - now.keys()),
        problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.code))),
    )
