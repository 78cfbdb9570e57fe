"""Passages into sentences that know their lines. Passages are light Markdown, one line per line."""

import html
import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.adapters.offline.words import words_of
from tenuto.ports.collections import Passage

_ITEM: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,9}[.)])\s+")
_QUOTE_MARK: Final = re.compile(r"^\s*>+\s?", re.MULTILINE)
_RULE_ROW: Final = re.compile(r"^\s*\|[\s:|-]+\|?\s*$")
_CELL_END: Final = re.compile(r"(?<!\\)\|(?=(?:[^`]*`[^`]*`)*[^`]*$)")
_END: Final = re.compile(r"[.!?][\"'”’)\]*_`]*(\s+)(?=[\"'“‘(\[*_`]*[A-Z0-9`])")
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|Dr|Mr|Mrs|Ms|St|No|Nr|approx|Fig|p|pp|ca|[A-Z])\.$"
)
_LINK: Final = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_TAG: Final = re.compile(r"</?[a-zA-Z][^>]*>")
_STRONG: Final = re.compile(r"\*\*|(?<!\w)__|__(?!\w)")
_EMPHASIS: Final = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])")

LEAD_WORDS_MAX: Final = 4
"""A sentence this short, as `No lost session.`, is a title of the next one and stays with it."""

ROW_WORDS_MAX: Final = 25
"""A row with more words has cells of prose; its sentences are taken one by one."""

LABEL_WORDS_MAX: Final = 6

UnitKind: TypeAlias = Literal["prose", "item", "row", "code"]


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of a document, and where it stands."""

    text: str
    """Without markup of lists, tables and emphasis."""
    quote: str
    """As it stands in the file, line ends as blanks."""
    file: str
    first_line: int
    last_line: int
    kind: UnitKind
    heading: tuple[str, ...]
    label: str = ""
    columns: str = ""
    paragraph: int = 0
    """Line on which its paragraph, item or row begins."""
    before: str = ""
    """The sentence before it in the same paragraph: what `it` may stand for."""
    rank: int = 0
    """Of its passage among those that were found, from 0."""


class _Unit(msgspec.Struct, frozen=True):
    """A paragraph, list item, table row or listing: raw text and the line it begins on."""

    kind: UnitKind
    raw: str
    line: int
    columns: tuple[str, ...] = ()


def sentences_of(passage: Passage, *, rank: int = 0) -> list[Sentence]:
    """Return the sentences of a passage in order.

    A short table row counts as one, and so does each line of a listing."""
    found: list[Sentence] = []
    for unit in _units(passage.text.split("\n"), passage.first_line):
        if unit.kind == "row":
            found.extend(_of_row(unit, passage, rank))
        elif unit.kind == "code":
            found.extend(_of_code(unit, passage, rank))
        else:
            found.extend(_of_text(unit, passage, rank, 0, len(unit.raw)))
    return [sentence for sentence in found if words_of(sentence.text)]


def plain(raw: str) -> str:
    """Return `raw` in one line, without markup of lists, links and emphasis; code stays marked."""
    raw = _ITEM.sub("", _QUOTE_MARK.sub("", raw), count=1)
    # What stands between backticks is code and keeps its stars and underscores.
    parts = raw.split("`")
    for at in range(0, len(parts), 2):
        text = _TAG.sub("", _LINK.sub(r"\1", parts[at]))
        text = _EMPHASIS.sub(r"\2", _STRONG.sub("", text))
        parts[at] = html.unescape(text).replace("\\|", "|")
    return " ".join("`".join(parts).split())


def _units(lines: list[str], first_line: int) -> Iterator[_Unit]:
    at = 0
    columns: tuple[str, ...] = ()
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        kind, end = _extent(lines, at)
        raw = "\n".join(lines[at:end])
        if kind != "row":
            columns = ()
        elif _is_head(raw) or (end < len(lines) and _RULE_ROW.match(lines[end])):
            columns = tuple(plain(cell) for cell in _cells(raw))
            at = end
            continue
        if not _RULE_ROW.match(raw):
            yield _Unit(kind, raw, first_line + at, columns)
        at = end


def _extent(lines: list[str], at: int) -> tuple[UnitKind, int]:
    """Return what begins at `lines[at]`, and the index after its last line."""
    line = lines[at]
    end = at + 1
    if line.lstrip().startswith("|"):
        # The cells of one row of HTML may stand on several lines.
        while end < len(lines) and not lines[end - 1].rstrip().endswith("|"):
            end += 1
        return "row", end
    if line.lstrip().startswith(("```", "~~~")):
        fence = line.lstrip()[:3]
        while end < len(lines) and not lines[end].lstrip().startswith(fence):
            end += 1
        return "code", min(end + 1, len(lines))
    if line.startswith("    ") and not _ITEM.match(line):
        while end < len(lines) and lines[end].startswith("    "):
            end += 1
        return "code", end
    while end < len(lines) and lines[end].strip() and not _begins_unit(lines[end]):
        end += 1
    return "item" if _ITEM.match(line) else "prose", end


def _is_head(row: str) -> bool:
    return all(cell.startswith("**") and cell.endswith("**") for cell in _cells(row))


def _begins_unit(line: str) -> bool:
    return _ITEM.match(line) is not None or line.lstrip().startswith(("|", "```", "~~~"))


def _of_code(unit: _Unit, passage: Passage, rank: int) -> Iterator[Sentence]:
    """Yield each line of a listing: a whole listing is too much for one statement."""
    start = 0
    for line in unit.raw.split("\n"):
        bare = line.strip()
        if bare and not bare.startswith(("```", "~~~")):
            sentence = _sentence(unit, passage, rank, start, start + len(line))
            text = " ".join(bare.replace("`", "").split())
            yield msgspec.structs.replace(sentence, text=f"`{text}`")
        start += len(line) + 1


def _of_row(unit: _Unit, passage: Passage, rank: int) -> Iterator[Sentence]:
    cells = _cells(unit.raw)
    shown = [plain(cell) for cell in cells]
    label = shown[0] if shown and len(shown[0].split()) <= LABEL_WORDS_MAX else ""
    whole = _sentence(unit, passage, rank, 0, len(unit.raw))
    if sum(len(cell.split()) for cell in shown) <= ROW_WORDS_MAX:
        columns = " — ".join(unit.columns) if len(unit.columns) == len(shown) else ""
        text = " — ".join(cell or "…" for cell in shown)
        yield msgspec.structs.replace(whole, text=text, label=label, columns=columns)
        return
    start = 0
    for at, cell in enumerate(cells):
        start = unit.raw.index(cell, start) if cell else start
        if not (at == 0 and label):
            for sentence in _of_text(unit, passage, rank, start, start + len(cell)):
                yield msgspec.structs.replace(sentence, label=label)
        start += len(cell)


def _cells(raw: str) -> list[str]:
    row = raw.strip()
    return [cell.strip() for cell in _CELL_END.split(row.removeprefix("|").removesuffix("|"))]


def _of_text(unit: _Unit, passage: Passage, rank: int, start: int, end: int) -> Iterator[Sentence]:
    before = ""
    for first, last in _spans(unit.raw, start, end):
        sentence = _sentence(unit, passage, rank, first, last)
        yield msgspec.structs.replace(sentence, before=before)
        before = sentence.text


def _spans(raw: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each sentence of `raw[start:end]` begins and ends."""
    begin = start
    for found in _END.finditer(raw, start, end):
        so_far = raw[begin : found.start(1)]
        in_code = so_far.count("`") % 2 == 1
        if in_code or _ABBREVIATION.search(so_far) or _is_lead(so_far):
            continue
        yield begin, found.start(1)
        begin = found.end(1)
    if raw[begin:end].strip():
        yield begin, end


def _is_lead(raw: str) -> bool:
    """Return whether this is a title or date set before the sentence that it belongs to."""
    words = words_of(raw)
    if len(words) > LEAD_WORDS_MAX:
        return False
    return len(words) <= 2 or words[0].isdigit() or raw.lstrip().startswith(("*", "_"))


def _sentence(unit: _Unit, passage: Passage, rank: int, start: int, end: int) -> Sentence:
    while start < end and unit.raw[start].isspace():
        start += 1
    raw = unit.raw[start:end].rstrip()
    first = unit.line + unit.raw.count("\n", 0, start)
    return Sentence(
        text=plain(raw),
        quote=" ".join(_ITEM.sub("", _QUOTE_MARK.sub("", raw), count=1).split()),
        file=passage.file,
        first_line=first,
        last_line=first + raw.count("\n"),
        kind=unit.kind,
        heading=passage.heading,
        paragraph=unit.line,
        rank=rank,
    )
