"""Text out of files that are no text: PDF pages and Word documents, as light Markdown.

Lines are those of the text as it was extracted; a page of a PDF is a section named for it, so that
a passage tells its page. The libraries are an extra, loaded when the first such file is met.
"""

import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final

from tenuto.ports.collections import FileProblem

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a PDF or Word file: most of one are pictures and fonts."""

UNPACKED_BYTES_MAX: Final = 512 * 1024 * 1024
"""Of the parts of a Word file together: one that unpacks to more is made to do harm."""

PAGES_MAX: Final = 5_000

_HEADING_LEVELS: Final = {"Title": 1, **{f"Heading {n}": n for n in range(1, 7)}}

_BROKEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
"""What the two libraries let through when a file is not what it says, besides errors of their
own."""


def extract(name: str, payload: bytes) -> str | FileProblem:
    """Return the text of a `.pdf` or `.docx` as Markdown, or why the file is left out."""
    suffix = name[name.rfind(".") :].lower()
    try:
        return EXTRACTORS[suffix](name, payload)
    except ImportError:
        return FileProblem(
            file=name,
            code="unreadable",
            message=f"Reading {suffix} needs an extra: pip install 'tenuto[documents]'.",
        )
    except _BROKEN as error:
        return _broken(name, suffix, error)


def _broken(name: str, suffix: str, error: BaseException) -> FileProblem:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return FileProblem(file=name, code="unreadable", message=f"No readable {suffix} file: {why}.")


def _pdf(name: str, payload: bytes) -> str | FileProblem:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    # It tells of each oddity that it forgives, and every real file has some.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(payload))
        if reader.is_encrypted and not reader.decrypt(""):
            return FileProblem(
                file=name, code="unreadable", message="It is encrypted; save it without password."
            )
        pages = reader.pages[:PAGES_MAX]
        texts = [page.extract_text().strip() for page in pages]
    except DependencyError:
        return FileProblem(
            file=name, code="unreadable", message="It is encrypted; save it without password."
        )
    except PyPdfError as error:
        return _broken(name, ".pdf", error)
    if not any(texts):
        return ""
    return "\n\n".join(f"# Page {at}\n\n{_plain(text)}" for at, text in enumerate(texts, start=1))


def _plain(text: str) -> str:
    """Keep what only looks like markup from being taken for it: `#` at the start of a line."""
    return "\n".join(f"\\{line}" if line.startswith("#") else line for line in text.split("\n"))


def _docx(name: str, payload: bytes) -> str | FileProblem:
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > UNPACKED_BYTES_MAX:
        return FileProblem(
            file=name,
            code="too_large",
            message=f"It unpacks to {unpacked} bytes; over {UNPACKED_BYTES_MAX} it is left out.",
        )
    from docx import Document
    from docx.opc.exceptions import OpcError

    try:
        document = Document(io.BytesIO(payload))
    except OpcError as error:
        return _broken(name, ".docx", error)
    return "\n\n".join(_parts(document)).strip()


def _parts(document: Any) -> Iterator[str]:
    """Yield paragraphs and tables in their order, headings as headings."""
    for part in document.iter_inner_content():
        if hasattr(part, "rows"):
            rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in part.rows]
            yield "\n".join(f"| {' | '.join(row)} |" for row in rows)
            continue
        text = part.text.strip()
        style = part.style.name if part.style is not None else ""
        level = _HEADING_LEVELS.get(style or "")
        if text:
            yield f"{'#' * level} {' '.join(text.split())}" if level else _plain(text)


EXTRACTORS: Final[dict[str, Callable[[str, bytes], str | FileProblem]]] = {
    ".pdf": _pdf,
    ".docx": _docx,
}
