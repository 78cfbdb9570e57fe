"""Whether a quote stands where it is said to stand: looked up in the index, never believed.

No agent has a say in this. Words are compared, so line ends, markup and dashes do not matter.
"""

import re
from typing import Final

import tenuto
from tenuto.teams.research.schemas import Record

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")

BEYOND: Final = "there are no such lines in the documents"
ELSEWHERE: Final = "the quote does not stand in the cited lines"


def words_in(text: str) -> str:
    """Return the words of `text` in lower case between single blanks, a blank at either end."""
    return f" {' '.join(_WORD.findall(text)).lower().replace('’', chr(39))} "


def holds(text: str, quote: str) -> bool:
    """Return whether `quote` stands in `text` word for word; a quote without words never does."""
    wanted = words_in(quote)
    return bool(wanted.strip()) and wanted in words_in(text)


class Places:
    """Lines of the collection with this name, each place read once.

    Raises:
        Fatal: there is no such collection.
    """

    def __init__(self, collection: str) -> None:
        self._documents = tenuto.open_collection(collection)
        self._texts: dict[tuple[str, int, int], str | None] = {}

    def close(self) -> None:
        """Let go of the index."""
        self._documents.close()

    def text(self, file: str, first_line: int, last_line: int) -> str | None:
        """Return these lines as they were indexed, or None where there are no such lines."""
        key = file, first_line, last_line
        if key not in self._texts:
            self._texts[key] = self._read(file, first_line, last_line)
        return self._texts[key]

    def fault(self, place: Record) -> str:
        """Return why the quote of `place` does not stand there, or nothing."""
        text = self.text(place["file"], place["first_line"], place["last_line"])
        if text is None:
            return BEYOND
        return "" if holds(text, place["quote"]) else ELSEWHERE

    def _read(self, file: str, first_line: int, last_line: int) -> str | None:
        if not 1 <= first_line <= last_line:
            return None
        try:
            return self._documents.read(file, first_line=first_line, last_line=last_line).text
        except tenuto.Fatal:
            return None
