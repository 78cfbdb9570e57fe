"""What is wrong with a definition, with the path to it, and the name that was perhaps meant."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Final, TypeAlias

import msgspec

from tenuto.core.errors import Problem

Path: TypeAlias = tuple[str | int, ...]
"""Keys and positions that lead to a value: of the data that was read, or of a definition.

In a definition: `nodes <id> <field> …`, `edges <n>`, `switches <n> <case>`, `entry`, `state <key>`,
`agents <name> <field>`, `output`, `limits`, `workflows <name> …`."""

Place: TypeAlias = Callable[[Path], tuple[int, int]]
"""Gives line and column of a path into the data, or of the nearest value above it."""


Hint: TypeAlias = str | Callable[[], str]
"""What to do. Worked out only for faults that are told: looking for a name takes a while."""

TOLD_MAX: Final = 200
"""Faults that are told at once."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong. `path` leads into whatever was looked at."""

    path: Path
    message: str
    hint: Hint = ""

    def below(self, path: Path) -> "Fault":
        """Return the fault as seen from further out."""
        return Fault((*path, *self.path), self.message, self.hint)

    def problem(self, *, file: str = "", place: Place | None = None) -> Problem:
        """Return the fault for people, with its place in the text where there is one."""
        line, column = place(self.path) if place is not None else (0, 0)
        return Problem(
            message=self.message,
            path=dotted(self.path),
            file=file,
            line=line,
            column=column,
            hint=self.hint if isinstance(self.hint, str) else self.hint(),
        )


def dotted(path: Path) -> str:
    """Return `path` as people write it: `nodes.fetch.inputs.url`, `edges[3]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def unknown(what: str, name: str, known: Iterable[str], path: Path) -> Fault:
    """Return the fault of a name that nothing has, with the nearest name that something has."""
    return Fault(path, f"There is no {what} {name!r}.", partial(meant, name, known))


def meant(name: str, known: Iterable[str]) -> str:
    """Return a hint: the name in `known` that `name` perhaps means, else what is known."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"Did you mean {near!r}?"
    shown = ", ".join(names[:_SHOWN_MAX]) or "none"
    more = f" and {len(names) - _SHOWN_MAX} more" if len(names) > _SHOWN_MAX else ""
    return f"Known are: {shown}{more}."


_SHOWN_MAX: Final = 12
_COMPARED_CHARS_MAX: Final = 60
_COMPARED_MAX: Final = 500
"""Names that are looked at for one that was meant; it takes 10 µs for each."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that is written most like `name`, or None if none comes near."""
    best: tuple[int, str] | None = None
    wanted = _plain(name)
    limit = len(wanted) // 3 or min(1, len(wanted) - 1)
    near = (
        other
        for other in sorted(known)
        if abs(len(other) - len(name)) <= limit + 1 and len(other) <= _COMPARED_CHARS_MAX
    )
    for other in islice(near, _COMPARED_MAX):
        away = _distance(wanted, _plain(other))
        if away <= limit and (best is None or away < best[0]):
            best = (away, other)
    return best[1] if best is not None else None


def _plain(name: str) -> str:
    return name[:_COMPARED_CHARS_MAX].lower().replace("-", "_").replace(" ", "_")


def _distance(one: str, other: str) -> int:
    """Return how many letters are added, lost, changed, or swapped with their neighbour.

    Source: optimal string alignment, F. Damerau (1964)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, start=1):
        last, before_last = row, before
        row = [n]
        for m, letter_other in enumerate(other, start=1):
            cost = min(last[m] + 1, row[m - 1] + 1, last[m - 1] + (letter != letter_other))
            swapped = n > 1 and m > 1 and letter == other[m - 2] and one[n - 2] == letter_other
            row.append(min(cost, before_last[m - 2] + 1) if swapped else cost)
        before = last
    return row[-1]
