"""Blocks into passages: pieces of 60 to 200 words that make sense alone.

A passage never crosses a heading and never cuts a list item, a table row or a listing. Short blocks
under one heading go together; a block that is too long by itself is cut between sentences.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tenuto.adapters.sqlite_fts.blocks import Block, ParsedDocument

PASSAGE_WORDS_MAX: Final = 200
"""Longer ones bury the answer, much shorter ones lose what `it` means."""

PASSAGE_WORDS_LEAD_MAX: Final = 280
"""A line ending with a colon stays with what it introduces, up to this many words."""

LISTING_LINES_MAX: Final = 200
"""A longer listing is data rather than an example; it is cut."""

PASSAGE_CHARS_MAX: Final = 8_000
"""What has longer words than this allows is data; it is cut anywhere, so that nothing downstream
has to work on a line of megabytes."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[ \n]+(?=[A-Z\"'`*(])")

assert PASSAGE_WORDS_MAX < PASSAGE_WORDS_LEAD_MAX


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A passage before it belongs to a file."""

    first_line: int
    last_line: int
    heading: tuple[str, ...]
    text: str


def passages_of(document: ParsedDocument) -> Iterator[Piece]:
    """Yield the passages of `document`, from its first line to its last."""
    trail: list[tuple[int, str]] = []
    open_pieces: list[Piece] = []
    for block in document.blocks:
        if block.kind == "heading":
            yield from _joined(open_pieces)
            open_pieces.clear()
            trail = [(level, title) for level, title in trail if level < block.level]
            trail.append((block.level, block.title))
            continue
        heading = tuple(title for _, title in trail)
        for piece in _pieces(document, block, heading):
            if open_pieces and not _fits(open_pieces, piece):
                yield from _joined(open_pieces)
                open_pieces.clear()
            open_pieces.append(piece)
    yield from _joined(open_pieces)


def _fits(open_pieces: Sequence[Piece], piece: Piece) -> bool:
    words = sum(_word_count(part.text) for part in open_pieces) + _word_count(piece.text)
    if sum(len(part.text) for part in open_pieces) + len(piece.text) > PASSAGE_CHARS_MAX:
        return False
    leads = open_pieces[-1].text.rstrip().endswith(":")
    return words <= (PASSAGE_WORDS_LEAD_MAX if leads else PASSAGE_WORDS_MAX)


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces as one, its text keeping one line for each line of the file."""
    if not pieces:
        return
    first, last = pieces[0].first_line, max(piece.last_line for piece in pieces)
    lines = [""] * (last - first + 1)
    for piece in pieces:
        for at, line in enumerate(piece.text.split("\n"), start=piece.first_line - first):
            lines[at] = f"{lines[at]} {line}" if lines[at] else line
    yield Piece(first_line=first, last_line=last, heading=pieces[0].heading, text="\n".join(lines))


def _pieces(document: ParsedDocument, block: Block, heading: tuple[str, ...]) -> Iterator[Piece]:
    text = block.text or "\n".join(document.lines[block.first_line - 1 : block.last_line])
    if block.kind == "code":
        cuts = _cuts_by_lines(text)
    elif block.kind == "row" or _word_count(text) <= PASSAGE_WORDS_MAX:
        cuts = [text]
    else:
        cuts = _cuts_by_sentences(text)
    line = block.first_line
    for cut in (part for whole in cuts for part in _cuts_by_chars(whole)):
        body = cut.rstrip("\n")
        last = line + body.count("\n")
        if body.strip():
            yield Piece(first_line=line, last_line=last, heading=heading, text=body)
        line += cut.count("\n")


def _cuts_by_chars(text: str) -> list[str]:
    starts = range(0, max(len(text), 1), PASSAGE_CHARS_MAX)
    return [text[at : at + PASSAGE_CHARS_MAX] for at in starts]


def _cuts_by_lines(text: str) -> list[str]:
    lines = text.split("\n")
    starts = range(0, len(lines), LISTING_LINES_MAX)
    return ["\n".join(lines[at : at + LISTING_LINES_MAX]) + "\n" for at in starts]


def _cuts_by_sentences(text: str) -> list[str]:
    """Cut so that the pieces, put together, are `text` again: line numbers depend on it."""
    cuts: list[str] = []
    start = end = 0
    for found in _SENTENCE_END.finditer(text):
        if end > start and _word_count(text[start : found.end()]) > PASSAGE_WORDS_MAX:
            cuts.append(text[start:end])
            start = end
        end = found.end()
    if end > start and _word_count(text[start:]) > PASSAGE_WORDS_MAX:
        cuts.append(text[start:end])
        start = end
    cuts.append(text[start:])
    assert "".join(cuts) == text
    return cuts


def _word_count(text: str) -> int:
    return len(text.split())
