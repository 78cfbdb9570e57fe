"""What every kind of document becomes: lines of light Markdown, and the blocks that they form."""

from typing import Literal, TypeAlias

import msgspec

BlockKind: TypeAlias = Literal["heading", "prose", "item", "row", "code"]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that belong together. Line numbers count from 1 and both ends are part of it."""

    kind: BlockKind
    first_line: int
    last_line: int
    level: int = 0
    """Of a heading: 1 is the outermost."""
    title: str = ""
    """Of a heading: its words, without markup."""
    text: str = ""
    """The block's own share of its lines, where several blocks stand on one. Empty: all of them."""


class ParsedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document with one line of text for each line of the file, and its blocks in order."""

    lines: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """The first heading, or nothing."""
        return next((block.title for block in self.blocks if block.kind == "heading"), "")


def lines_of(text: str) -> list[str]:
    """Return the lines as editors and compilers count them.

    `str.splitlines` also splits at form feeds and Unicode separators, which would shift every
    citation below one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def without_comments(text: str) -> str:
    """Return the text with `<!-- … -->` blanked, lines kept; one that is never closed stays.

    A pattern would search to the end of the text for each one that is not closed: a hostile file
    could take hours."""
    parts: list[str] = []
    start = 0
    while (begin := text.find("<!--", start)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        parts += [text[start:begin], "\n" * text.count("\n", begin, end)]
        start = end + 3
    return "".join([*parts, text[start:]])
