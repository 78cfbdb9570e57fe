"""HTML into light Markdown with the line numbers of the source, and its blocks.

The reader writes each piece of text onto the line where it stands in the file, so `lines[n]` is
what a browser shows of line n+1. Blocks come from the tags, not from the look of the lines.
"""

import re
from html.parser import HTMLParser
from typing import Final

from tenuto.adapters.sqlite_fts.blocks import (
    Block,
    BlockKind,
    ParsedDocument,
    lines_of,
    without_comments,
)

_DROPPED: Final = frozenset(
    ("head", "nav", "noscript", "script", "style", "svg", "template", "title")
)
_KINDS: Final[dict[str, BlockKind]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "item"),
    "tr": "row",
    "pre": "code",
}
_BOUNDARY_TAGS: Final = """
address article aside blockquote body caption center dd details div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section summary table tbody
tfoot thead tr ul
"""
_BOUNDARIES: Final = frozenset(_BOUNDARY_TAGS.split())
"""Tags that end the block before them. Source: HTML Standard, elements displayed as blocks."""


def parse_hypertext(text: str) -> ParsedDocument:
    """Return the visible text of an HTML document, line by line, and its blocks."""
    source = _tamed(without_comments("\n".join(lines_of(text))))
    reader = _Reader(source.count("\n") + 1)
    reader.feed(source)
    reader.close()
    reader.end_block()
    lines = tuple(" ".join(line.split()) if not pre else line for line, pre in reader.written())
    return ParsedDocument(lines=lines, blocks=tuple(reader.blocks))


TAG_CHARS_MAX: Final = 8_192
"""A longer tag is none: it is text in which a `<` was never closed."""

_DECLARATION: Final = re.compile(r"<[!?][^<>]*>|<[!?]")


def _tamed(source: str) -> str:
    """Return the source without what the parser of the standard library cannot cope with.

    It gives up on unknown declarations, and reads on to the end of the file for each `<` that is
    not closed: for a hostile file that is hours."""
    source = _DECLARATION.sub(lambda found: "\n" * found.group(0).count("\n"), source)
    closed_at = len(source) + TAG_CHARS_MAX
    unclosed: set[int] = set()
    for found in reversed(list(_ANGLE.finditer(source))):
        if found.group(0) == ">":
            closed_at = found.start()
        elif closed_at - found.start() > TAG_CHARS_MAX:
            unclosed.add(found.start())
    if not unclosed:
        return source
    return "".join("&lt;" if at in unclosed else char for at, char in enumerate(source))


_ANGLE: Final = re.compile(r"[<>]")


class _Reader(HTMLParser):
    """Collects text per line and cuts it into blocks at the tags that show as blocks."""

    def __init__(self, line_count: int) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._lines: list[list[str]] = [[] for _ in range(line_count)]
        self._code_lines: set[int] = set()
        self._dropped: list[str] = []
        self._kind: BlockKind = "prose"
        self._tag = ""
        self._words: dict[int, list[str]] = {}

    def written(self) -> list[tuple[str, bool]]:
        """Return each line's text, and whether its blanks count."""
        return [
            ("".join(parts), number in self._code_lines)
            for number, parts in enumerate(self._lines, start=1)
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            # A head that was never closed ends here, as in a browser.
            self._dropped.clear()
        if tag in _DROPPED:
            self._dropped.append(tag)
        if self._dropped:
            return
        if tag == "br":
            self._write(self.getpos()[0], " ")
        if tag in ("td", "th") and self._kind == "row":
            # The heads of columns are set bold, which is how a reader of Markdown tells them.
            self._write(self.getpos()[0], " | **" if tag == "th" else " | ")
        if tag not in _BOUNDARIES or (tag in ("p", "div") and self._kind in ("item", "row")):
            return
        self.end_block()
        self._tag, self._kind = tag, _KINDS.get(tag, "prose")
        if self._kind == "item":
            self._write(self.getpos()[0], "- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropped:
            while self._dropped.pop() != tag:
                pass
            return
        if self._dropped:
            return
        if tag == "th" and self._kind == "row":
            self._write(self.getpos()[0], "**")
        if tag == "tr" and self._words:
            self._write(self.getpos()[0], " |")
        if tag in _BOUNDARIES and not (tag in ("p", "div") and self._kind in ("item", "row")):
            self.end_block()

    def handle_data(self, data: str) -> None:
        if self._dropped:
            return
        number = self.getpos()[0]
        for offset, part in enumerate(data.split("\n")):
            line = number + offset
            if line > len(self._lines):
                break
            text = part if self._kind == "code" else " ".join(part.split())
            if self._kind != "code" and text:
                text = f"{' ' * part[0].isspace()}{text}{' ' * part[-1].isspace()}"
            if not text.strip():
                if part and line in self._words:
                    self._write(line, " ")
                continue
            if self._kind == "code" and line not in self._code_lines:
                self._code_lines.add(line)
                text = "    " + text
            self._write(line, text)

    def end_block(self) -> None:
        """Keep the block that was being read, if it has any text."""
        written = {number: "".join(parts) for number, parts in self._words.items()}
        filled = [number for number, text in written.items() if text.strip(" -|*")]
        if filled:
            first, last = filled[0], filled[-1]
            text = "\n".join(
                _tidy(written.get(number, ""), self._kind) for number in range(first, last + 1)
            )
            heading = self._kind == "heading"
            self.blocks.append(
                Block(
                    kind=self._kind,
                    first_line=first,
                    last_line=last,
                    level=int(self._tag[1]) if heading else 0,
                    title=" ".join(text.split()) if heading else "",
                    text=text,
                )
            )
        self._words.clear()
        self._kind, self._tag = "prose", ""

    def _write(self, line: int, text: str) -> None:
        self._lines[line - 1].append(text)
        self._words.setdefault(line, []).append(text)


def _tidy(text: str, kind: BlockKind) -> str:
    return text.rstrip() if kind == "code" else " ".join(text.split())
