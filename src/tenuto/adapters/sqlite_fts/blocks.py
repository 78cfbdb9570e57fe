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
