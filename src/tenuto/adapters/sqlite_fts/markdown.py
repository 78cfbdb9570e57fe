"""Markdown into blocks. Lines stay as they are, but comments and front matter are blanked.

Source: CommonMark 0.31 for what starts and ends a block. Only what decides where a passage may be
cut is read here, inline markup is left alone. Plain text goes the same way: what looks like a list,
a heading with a rule below or an indented listing is taken as such.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from tenuto.adapters.sqlite_fts.blocks import Block, ParsedDocument, lines_of, without_comments

_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX: Final = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT: Final = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_RULE: Final = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_ITEM: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,9}[.)])[ \t]+\S")
_ROW: Final = re.compile(r"^\s*\|.*\|\s*$")
_INDENTED: Final = re.compile(r"^(?: {4}|\t)\s*\S")
_FRONT_MATTER: Final = re.compile(
    r"\A---[ \t]*\n(?=[\w-]+\s*:)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_INLINE: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>|\{#[^}]*\}|[*`]+|(?<!\w)_+|_+(?!\w)")

Taken: TypeAlias = tuple[int, Block | None]
"""Index of the line after the block, and the block; None for what holds no text."""


def parse_markdown(text: str) -> ParsedDocument:
    """Return the blocks of a Markdown document."""
    text = "\n".join(lines_of(text))
    # YAML on top would be taken for prose. Blanked, not cut: lines keep their numbers.
    text = _FRONT_MATTER.sub(_blanked, text, count=1)
    # A comment in a code block goes too: rare, and it only makes the passage poorer.
    lines = without_comments(text).split("\n")
    return ParsedDocument(lines=tuple(lines), blocks=tuple(_blocks(lines)))


def plain_title(markup: str) -> str:
    """Return the words of a heading without inline markup."""
    return " ".join(_INLINE.sub(lambda found: found.group(1) or "", markup).split())


def _blanked(found: re.Match[str]) -> str:
    return "\n" * found.group(0).count("\n")


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        for take in _TAKERS:
            taken = take(lines, at)
            if taken is not None:
                break
        else:
            taken = _take_prose(lines, at)
        assert taken[0] > at, "every taker goes on by a line at least"
        at, block = taken
        if block is not None:
            yield block


def _take_fence(lines: list[str], at: int) -> Taken | None:
    opened = _FENCE.match(lines[at])
    if opened is None:
        return None
    mark = opened.group(1)
    end = at + 1
    while end < len(lines):
        closed = _FENCE.match(lines[end])
        end += 1
        if closed is not None and closed.group(1).startswith(mark):
            break
    return end, Block(kind="code", first_line=at + 1, last_line=end)


def _take_heading(lines: list[str], at: int) -> Taken | None:
    found = _ATX.match(lines[at])
    if found is None:
        return None
    title = plain_title(found.group(2) or "")
    heading = Block(
        kind="heading", first_line=at + 1, last_line=at + 1, level=len(found.group(1)), title=title
    )
    return at + 1, heading if title else None


def _take_rule(lines: list[str], at: int) -> Taken | None:
    return (at + 1, None) if _RULE.match(lines[at]) else None


def _take_row(lines: list[str], at: int) -> Taken | None:
    if not _ROW.match(lines[at]):
        return None
    return at + 1, Block(kind="row", first_line=at + 1, last_line=at + 1)


def _take_item(lines: list[str], at: int) -> Taken | None:
    if not _ITEM.match(lines[at]):
        return None
    end = at + 1
    while end < len(lines) and not _starts_something(lines, end):
        end += 1
    return end, Block(kind="item", first_line=at + 1, last_line=end)


def _take_indented(lines: list[str], at: int) -> Taken | None:
    # After a list, indented text belongs to the item: prose, not a listing.
    if not _INDENTED.match(lines[at]) or _in_list(lines, at):
        return None
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _INDENTED.match(lines[end])):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return end, Block(kind="code", first_line=at + 1, last_line=end)


def _take_prose(lines: list[str], at: int) -> tuple[int, Block | None]:
    end = at + 1
    while end < len(lines):
        under = _SETEXT.match(lines[end])
        if under is not None:
            title = plain_title(" ".join(lines[at:end]))
            level = 1 if under.group(1)[0] == "=" else 2
            return end + 1, Block(
                kind="heading", first_line=at + 1, last_line=end + 1, level=level, title=title
            )
        if _starts_something(lines, end):
            break
        end += 1
    return end, Block(kind="prose", first_line=at + 1, last_line=end)


_TAKERS: Final[tuple[Callable[[list[str], int], Taken | None], ...]] = (
    _take_fence,
    _take_heading,
    _take_rule,
    _take_row,
    _take_item,
    _take_indented,
)


def _starts_something(lines: list[str], at: int) -> bool:
    line = lines[at]
    return (
        not line.strip()
        or _FENCE.match(line) is not None
        or _ATX.match(line) is not None
        or _RULE.match(line) is not None
        or _ITEM.match(line) is not None
        or _ROW.match(line) is not None
    )


def _in_list(lines: list[str], at: int) -> bool:
    above = at - 1
    while above >= 0 and (not lines[above].strip() or lines[above].startswith((" ", "\t"))):
        if _ITEM.match(lines[above]):
            return True
        above -= 1
    return above >= 0 and _ITEM.match(lines[above]) is not None
