"""A draft as the gate reads it: blocks of text, their citations, their quotes, its sections."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tenuto.teams.research.quotes import words_in

CITATION: Final = re.compile(r"\[([^\[\]\n]+?):(\d+)(?:[-–](\d+))?\]")
_QUOTED: Final = re.compile(r"“([^”\n]+)”|\"([^\"\n]+)\"")
_BLOCK: Final = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
_HEADING: Final = re.compile(r"#{1,6}\s+(.*)")
_SECTION: Final = re.compile(r"#{1,3}\s+(.*)")
_NUMBER: Final = re.compile(r"\W*(\d+)\b")

QUOTED_WORDS_MIN: Final = 3
"""Fewer words between quotation marks are a name or an expression rather than a quote."""

UNCITED_WORDS_MIN: Final = 4
"""Fewer words after the last citation of a block say nothing: `and so on`."""


class Cited(NamedTuple):
    """A citation as it stands in a text."""

    text: str
    file: str
    line: int


class Section(NamedTuple):
    """What stands under one heading."""

    title: str
    body: str


def blocks_of(text: str) -> list[str]:
    """Return the paragraphs and list items, without headings and rules."""
    found = [block.strip() for block in _BLOCK.split(text)]
    lines = [
        "\n".join(line for line in block.split("\n") if not _HEADING.match(line.strip()))
        for block in found
    ]
    return [line.strip() for line in lines if words_in(line).strip()]


def citations_in(text: str) -> list[Cited]:
    """Return the citations, in order; addresses with a port are none."""
    return [
        Cited(found[0], found[1], int(found[2]))
        for found in CITATION.finditer(text)
        if "://" not in found[1] and not found[1].startswith("//")
    ]


def quotes_in(text: str) -> list[str]:
    """Return what stands between quotation marks, where it is long enough to be a quote."""
    spans = [one or other for one, other in _QUOTED.findall(text)]
    return [span for span in spans if len(words_in(span).split()) >= QUOTED_WORDS_MIN]


def uncited_end(block: str) -> str:
    """Return the words of a block that no citation follows, or nothing if they say nothing.

    A citation stands for all that precedes it in its block. What ends with a colon introduces."""
    if block.rstrip("*_ ").endswith(":"):
        return ""
    ends = [found.end() for found in CITATION.finditer(block)]
    rest = block[max(ends, default=0) :]
    said = _QUOTED.sub(" ", rest) if ends else rest
    return rest.strip() if len(words_in(said).split()) >= UNCITED_WORDS_MIN else ""


def sections_of(findings: str) -> list[Section]:
    """Return the sections, in order; text before the first heading has an empty title.

    Headings below the third level belong to what they stand in."""
    made: list[tuple[str, list[str]]] = [("", [])]
    for line in findings.split("\n"):
        heading = _SECTION.match(line.strip())
        if heading:
            made.append((heading[1].strip(), []))
        else:
            made[-1][1].append(line)
    return [Section(title, "\n".join(lines).strip()) for title, lines in made]


def section_for(part: Mapping[str, Any], sections: list[Section]) -> Section | None:
    """Return the section on a sub-question: by its words, else by its number; None: there is
    none."""
    for section in sections:
        if words_in(part["question"]) == words_in(_NUMBER.sub("", section.title, count=1)) or (
            words_in(part["question"]) == words_in(section.title)
        ):
            return section
    for section in sections:
        number = _NUMBER.match(section.title)
        if number and int(number[1]) == part["at"]:
            return section
    return None


def word_count(text: str) -> int:
    """Return how many words a reader reads, citations not counted."""
    return len(words_in(CITATION.sub(" ", text)).split())


def texts_of(draft: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a draft that people read as statements."""
    yield draft["answer"]
    yield draft["findings"]
