"""Pairs of questions, written by hand: those that must never share an answer, those that may.

A file has a kind after `#`, then pairs of lines. Some questions are long: there one word among
twenty hardly moves an embedding."""

from pathlib import Path
from typing import Final

Pair = tuple[str, str, str]
"""Kind and two questions."""


def _read(name: str) -> tuple[Pair, ...]:
    found: list[Pair] = []
    kind = ""
    for block in Path(__file__).with_name(name).read_text("utf-8").strip().split("\n\n"):
        if block.startswith("# "):
            kind = block.removeprefix("# ")
        else:
            one, other = block.split("\n")
            found.append((kind, one, other))
    return tuple(found)


APART: Final = _read("pairs_apart.txt")
"""Those that must not share an answer."""

ALIKE: Final = _read("pairs_alike.txt")
"""Those that ask for the same."""
