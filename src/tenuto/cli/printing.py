"""Words for people go to stderr, results to stdout; colour only where a terminal shows it."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

import click
import msgspec

STATUS_COLOURS: Final = {
    "completed": "green",
    "done": "green",
    "failed": "red",
    "waiting": "yellow",
    "paused": "yellow",
    "running": "cyan",
    "cancelled": "magenta",
    "skipped": "bright_black",
}


def colourful(stream: TextIO) -> bool:
    """Return whether colour may be sent to `stream`. Source: https://no-color.org."""
    return not os.environ.get("NO_COLOR") and stream.isatty()


def say(text: str = "") -> None:
    """Print a line for people on stderr."""
    click.echo(text, err=True, color=colourful(sys.stderr))


def show(text: str = "") -> None:
    """Print a line of the result on stdout."""
    click.echo(text, color=colourful(sys.stdout))


def show_json(value: object, *, indent: bool = True) -> None:
    """Print `value` as JSON on stdout: laid out for reading, or on one line."""
    payload = msgspec.json.encode(value)
    click.echo((msgspec.json.format(payload, indent=2) if indent else payload).decode())


def status_text(status: str) -> str:
    """Return a status in its colour."""
    return click.style(status, fg=STATUS_COLOURS.get(status))


def faint(text: str) -> str:
    """Return text that is there for completeness."""
    return click.style(text, fg="bright_black")


def columns(rows: Iterable[Sequence[str]], *, gap: int = 2) -> list[str]:
    """Return rows of cells as lines in which each column is as wide as its widest cell."""
    table = [tuple(row) for row in rows]
    if not table:
        return []
    widths = [max(len(click.unstyle(row[n])) for row in table) for n in range(len(table[0]))]
    return [
        (" " * gap).join(_padded(cell, widths[n]) for n, cell in enumerate(row)).rstrip()
        for row in table
    ]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - len(click.unstyle(cell)))
