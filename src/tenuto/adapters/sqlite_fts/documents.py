"""The files of a collection: found in a steady order, read with care, parsed by their ending."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tenuto.adapters.sqlite_fts import extracting
from tenuto.adapters.sqlite_fts.blocks import ParsedDocument
from tenuto.adapters.sqlite_fts.hypertext import parse_hypertext
from tenuto.adapters.sqlite_fts.markdown import parse_markdown
from tenuto.adapters.sqlite_fts.restructured import parse_restructured
from tenuto.ports.collections import DocumentsMissing, FileProblem

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A larger text is almost surely data or a log, and would outweigh every other document."""

PARSERS: Final[dict[str, Callable[[str], ParsedDocument]]] = {
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".txt": parse_markdown,
    ".rst": parse_restructured,
    ".html": parse_hypertext,
    ".htm": parse_hypertext,
    ".pdf": parse_markdown,
    ".docx": parse_markdown,
}

SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__"})
"""Besides those whose name begins with a dot."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file to index: its name in the collection and where it is."""

    name: str
    path: Path


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """A file's text; `problem` tells what had to be assumed to read it."""

    text: str
    problem: FileProblem | None = None


def find_documents(documents: Path) -> tuple[list[Found], list[FileProblem]]:
    """Return the files to index by name, and the folders that could not be listed.

    Links are followed, each real file once, so a loop of links ends.

    Raises:
        DocumentsMissing: there is no such file or folder, or its ending is not one we read.
    """
    if documents.is_file():
        if documents.suffix.lower() not in PARSERS:
            raise DocumentsMissing(
                f"Cannot index {str(documents)!r}: the ending {documents.suffix!r} is not one of "
                f"{', '.join(sorted(PARSERS))}.",
                code="documents_unsupported",
            )
        return [Found(name=documents.name, path=documents)], []
    if not documents.is_dir():
        what = "it is neither a folder nor a file" if documents.exists() else "there is none"
        raise DocumentsMissing(
            f"No documents at {str(documents)!r}: {what}. Name a folder, or one file, of "
            f"{', '.join(sorted(PARSERS))}.",
            code="documents_missing",
        )
    problems: list[FileProblem] = []
    seen: set[str] = set()
    found = [
        Found(name=path.relative_to(documents).as_posix(), path=path)
        for path in _walk(
            documents,
            seen,
            lambda path, why: problems.append(
                FileProblem(
                    file=path.relative_to(documents).as_posix(), code="unreadable", message=why
                )
            ),
        )
    ]
    return sorted(found, key=lambda file: file.name), problems


def _walk(folder: Path, seen: set[str], report: Callable[[Path, str], None]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (entry.is_symlink(), entry.name))
    except OSError as error:
        report(folder, f"The folder cannot be listed: {error.strerror or error}.")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        # Of a broken link or a loop of links a path says that it is neither; an entry would raise.
        if path.is_dir():
            if entry.name not in SKIPPED_FOLDERS:
                yield from _walk(path, seen, report)
        elif path.suffix.lower() in PARSERS:
            if not path.is_file():
                report(path, "It is a broken link, or no regular file.")
            elif (target := os.path.realpath(path)) not in seen:
                seen.add(target)
                yield path


def read_bytes(file: Found) -> bytes | FileProblem:
    """Return the file's bytes, or why it is left out."""
    try:
        problem = too_large(file.name, file.path.stat().st_size)
        if problem is not None:
            return problem
        return file.path.read_bytes()
    except OSError as error:
        return FileProblem(file=file.name, code="unreadable", message=f"{error.strerror or error}.")


def too_large(name: str, size: int) -> FileProblem | None:
    """Return why a file of so many bytes is left out, if it is."""
    is_text = Path(name).suffix.lower() not in extracting.EXTRACTORS
    size_max = FILE_BYTES_MAX if is_text else extracting.FILE_BYTES_MAX
    if size <= size_max:
        return None
    return FileProblem(
        file=name,
        code="too_large",
        message=f"{size} bytes; files over {size_max} bytes are left out. Split it.",
    )


def decode(name: str, payload: bytes) -> Decoded | FileProblem:
    """Return the text, or why the file is left out.

    PDF and Word files give what text they have. Of text: UTF-8 with or without a mark, UTF-16 with
    one; else it is read as Latin-1 and reported."""
    if Path(name).suffix.lower() in extracting.EXTRACTORS:
        extracted = extracting.extract(name, payload)
        return extracted if isinstance(extracted, FileProblem) else _not_empty(name, extracted)
    if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return _not_empty(name, payload.decode("utf-16"))
        except UnicodeDecodeError:
            return FileProblem(
                file=name, code="binary", message="Marked as UTF-16 but not decodable."
            )
    if b"\0" in payload:
        return FileProblem(file=name, code="binary", message="It holds zero bytes: not a text.")
    try:
        return _not_empty(name, payload.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        text = payload.decode("latin-1")
        problem = FileProblem(
            file=name,
            code="encoding",
            message=f"Not UTF-8 at byte {error.start}; read as Latin-1. Save it as UTF-8.",
        )
        return Decoded(text=text, problem=problem)


def _not_empty(name: str, text: str) -> Decoded:
    if text.strip():
        return Decoded(text=text)
    problem = FileProblem(file=name, code="empty", message="It holds no text.")
    return Decoded(text="", problem=problem)


def parse(name: str, text: str) -> ParsedDocument:
    """Return the document's lines and blocks, read by the ending of `name`."""
    return PARSERS[Path(name).suffix.lower()](text)
