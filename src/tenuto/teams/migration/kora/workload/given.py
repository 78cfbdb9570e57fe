"""Queries of users: from a file of SQL, from logs of PostgreSQL and MariaDB, or one a line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tenuto.teams.migration.databases.describing.lexing import marks

QUERIES_MAX: Final = 5_000
"""Different queries that are taken; of a log, the first."""

READS: Final = ("SELECT", "WITH", "VALUES", "TABLE")
STATEMENT: Final = re.compile(r"^(?:statement|execute [^:]*): (.*)$", re.DOTALL)
DURATION: Final = re.compile(r"^duration: [\d.]+ ms\s+")
PLAIN: Final = re.compile(r"^(?:.*?\s)?(LOG|DETAIL|STATEMENT|ERROR|HINT|CONTEXT):\s+(.*)$")
STAMPED: Final = re.compile(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
PARAMETER: Final = re.compile(r"\$(\d+) = ('(?:[^']|'')*'|NULL)")
GENERAL: Final = re.compile(r"^(?:\d{6}\s+[\d:]+|\S+Z)?\s*\d+\s+(Query|Execute|Prepare)\s+(.*)$")


class Given(msgspec.Struct, frozen=True):
    """A query, and how often it was asked."""

    sql: str
    times: int = 1


def workload_from(place: str) -> tuple[Given, ...]:
    """Return the queries of a file; () when `place` is empty.

    Raises:
        OSError: the file cannot be read.
    """
    if not place:
        return ()
    return queries_in(Path(place).read_text("utf-8", "replace"), name=place)


def queries_in(text: str, *, name: str = "") -> tuple[Given, ...]:
    """Return what reads in a text, each query once, in its order.

    What writes is left out. A csv log is known by its name, other logs by their lines.
    """
    if name.endswith(".csv"):
        found = _csv(text)
    elif any(map(_is_general, text.splitlines()[:50])):
        found = _general(text)
    elif any(map(_is_plain, text.splitlines()[:50])):
        found = _plain(text)
    else:
        found = _script(text)
    counts: dict[str, int] = {}
    for sql in found:
        clean = sql.strip().rstrip(";").strip()
        if clean and _reads(clean) and (clean in counts or len(counts) < QUERIES_MAX):
            counts[clean] = counts.get(clean, 0) + 1
    return tuple(Given(sql, times) for sql, times in counts.items())


def _reads(sql: str) -> bool:
    first = marks(sql)[:1]
    return bool(first) and first[0].is_word(*READS)


def _is_plain(line: str) -> bool:
    found = PLAIN.match(line)
    return found is not None and found[1] == "LOG"


def _is_general(line: str) -> bool:
    return GENERAL.match(line) is not None and "\t" in line


def _script(text: str) -> Iterator[str]:
    start = 0
    for mark in marks(text):
        if mark.text == ";":
            yield text[start : mark.start]
            start = mark.end
    yield text[start:]


def _plain(text: str) -> Iterator[str]:
    """Give the statements of a log of PostgreSQL, with the values that follow them in place."""
    entries: list[tuple[str, str]] = []
    for line in text.splitlines():
        found = PLAIN.match(line) if not line.startswith(("\t", " ")) else None
        if found is not None:
            entries.append((found[1], found[2]))
        elif entries and not STAMPED.match(line):
            entries[-1] = (entries[-1][0], f"{entries[-1][1]}\n{line.lstrip()}")
    for place, (kind, said) in enumerate(entries):
        following = entries[place + 1] if place + 1 < len(entries) else ("", "")
        detail = following[1] if following[0] == "DETAIL" else ""
        if kind == "LOG":
            yield from _statement(said, detail)


def _csv(text: str) -> Iterator[str]:
    # Source: PostgreSQL documentation, "Using CSV-Format Log Output": message is the 14th column,
    # detail the 15th.
    for row in csv.reader(io.StringIO(text)):
        if len(row) > 14:
            yield from _statement(row[13], row[14])
        elif len(row) == 1:
            yield row[0]


def _statement(said: str, detail: str) -> Iterator[str]:
    found = STATEMENT.match(DURATION.sub("", said))
    if found is not None:
        values = dict(PARAMETER.findall(detail))
        yield re.sub(r"\$(\d+)", lambda of: values.get(of[1], of[0]), found[1])


def _general(text: str) -> Iterator[str]:
    """Give the statements of a general log of MariaDB."""
    entry: list[str] = []
    for line in text.splitlines():
        found = GENERAL.match(line)
        if found is not None or re.match(r"^\S*\t*\s*\d+\s+\w+\t", line):
            if entry:
                yield "\n".join(entry)
            entry = [found[2]] if found is not None and found[1] != "Prepare" else []
        elif entry:
            entry.append(line)
    if entry:
        yield "\n".join(entry)
