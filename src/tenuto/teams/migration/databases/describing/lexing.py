"""SQL as marks with their places, where only the text of a declaration tells what is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_MARK: Final = re.compile(
    r"""(?P<gap>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>'(?:[^']|'')*')
    |(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<word>[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
    |(?P<other>\d[\w.]*|.)""",
    re.VERBOSE | re.DOTALL,
)


class Mark(NamedTuple):
    """A part of SQL that is not to be divided."""

    kind: str
    """`text`, `name` (quoted), `word` or `other`."""
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """What it names: without its quotes."""
        if self.kind == "name":
            ends = self.text[-1]
            return self.text[1:-1].replace(ends * 2, ends) if ends != "]" else self.text[1:-1]
        if self.kind == "text":
            return self.text[1:-1].replace("''", "'")
        return self.text

    def is_word(self, *words: str) -> bool:
        """Return whether it is one of these words, in capitals here, and not quoted."""
        return self.kind == "word" and self.text.upper() in words


def marks(sql: str) -> list[Mark]:
    """Return the marks of SQL, without spaces and comments."""
    return [
        Mark(str(found.lastgroup), found.group(), found.start(), found.end())
        for found in _MARK.finditer(sql)
        if found.lastgroup != "gap"
    ]


def closing(of: Sequence[Mark], opening: int) -> int:
    """Return the index of the bracket that closes the one at `opening`, or of the end."""
    depth = 0
    for index in range(opening, len(of)):
        depth += {"(": 1, ")": -1}.get(of[index].text, 0)
        if depth == 0:
            return index
    return len(of)


def parts(of: Sequence[Mark]) -> Iterator[list[Mark]]:
    """Give the marks between commas that are in no bracket."""
    part: list[Mark] = []
    depth = 0
    for mark in of:
        depth += {"(": 1, ")": -1}.get(mark.text, 0)
        if mark.text == "," and depth == 0:
            yield part
            part = []
        else:
            part.append(mark)
    if part:
        yield part


def inside(sql: str, of: Sequence[Mark], opening: int) -> str:
    """Return the text between the bracket at `opening` and the one that closes it."""
    end = closing(of, opening)
    stop = of[end].start if end < len(of) else len(sql)
    return sql[of[opening].end : stop].strip()
