"""Patterns that are compiled when they are first used: most processes have no guards."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property


class Pattern:
    """A regular expression; the methods are those of `re.Pattern`.

    `stems` are texts in small letters of which each match holds one: where none is, nothing is
    searched, which is some ten times as fast."""

    def __init__(self, source: str, flags: int = 0, *, stems: tuple[str, ...] = ()) -> None:
        self._source, self._flags, self._stems = source, flags, stems

    def may_be_in(self, lowered: str) -> bool:
        """Return whether a text, given in small letters, holds one of the stems."""
        return not self._stems or any(stem in lowered for stem in self._stems)

    @cached_property
    def _compiled(self) -> "re.Pattern[str]":
        return re.compile(self._source, self._flags)

    def finditer(self, text: str) -> "Iterator[re.Match[str]]":
        """Return each match, in order, none within another."""
        return self._compiled.finditer(text)

    def search(self, text: str, start: int = 0, end: int | None = None) -> "re.Match[str] | None":
        """Return the first match within bounds."""
        return self._compiled.search(text, start, len(text) if end is None else end)

    def match(self, text: str, start: int = 0) -> "re.Match[str] | None":
        """Return the match that begins at `start`."""
        return self._compiled.match(text, start)

    def sub(self, put: "Callable[[re.Match[str]], str] | str", text: str) -> str:
        """Return the text with each match replaced."""
        return self._compiled.sub(put, text)
