"""One row per figure, and the table that they make."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

Verdict = Literal["reaches the aim", "passes", "FAILS"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of ours beside another of the same run. Without a bar it only informs."""

    figure: str
    ours: str
    beside: str
    """What it is measured against, with its number."""
    ratio: str
    bar: str = ""
    aim: str = ""
    verdict: Verdict | Literal[""] = ""


def at_most(value: float, *, bar: float, aim: float) -> Verdict:
    """Return the verdict on a figure that is better when smaller."""
    assert aim <= bar, "an aim is beyond the bar"
    return "reaches the aim" if value <= aim else "passes" if value <= bar else "FAILS"


def at_least(value: float, *, bar: float, aim: float) -> Verdict:
    """Return the verdict on a figure that is better when larger."""
    assert aim >= bar, "an aim is beyond the bar"
    return "reaches the aim" if value >= aim else "passes" if value >= bar else "FAILS"


HEADINGS: Final = ("figure", "ours", "beside it, in the same run", "ratio", "bar", "aim", "verdict")


def markdown(rows: Sequence[Row]) -> str:
    """Return the table, its columns padded so that it reads well as plain text."""
    cells = [
        HEADINGS,
        *[
            (row.figure, row.ours, row.beside, row.ratio, row.bar, row.aim, row.verdict)
            for row in rows
        ],
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def number(value: float, unit: str = "") -> str:
    """Return `value` with three digits that count, thousands set apart, and its unit."""
    if value >= 100:
        text = f"{value:,.0f}"
    elif value >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.2f}"
    return f"{text} {unit}".rstrip()
