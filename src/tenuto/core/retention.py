"""How long sessions that have ended are kept, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.session.moments import duration_ms

FOREVER: Final = "forever"


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Ages after which sessions are deleted, in ms since they ended; None: they are kept."""

    usual: int | None = None
    of: Mapping[str, int | None] = {}
    """Of tenants with an age of their own."""

    @property
    def is_forever(self) -> bool:
        """Return whether nothing is ever deleted."""
        return self.usual is None and not any(self.of.values())


def read_retention(texts: Iterable[str]) -> Retention:
    """Return what the texts say: `90d` for all tenants, `NAME=30d` or `NAME=forever` for one.

    Raises:
        Rejected: one is none of these, or two are about the same.
    """
    ages: dict[str, int | None] = {}
    for text in texts:
        name, _, age = text.rpartition("=")
        if name in ages:
            whom = f"of {name!r}" if name else "of all"
            raise Rejected(f"How long sessions {whom} are kept is said twice; say it once.")
        ages[name] = None if age.strip() == FOREVER else age_ms(age)
    usual = ages.pop("", None)
    return Retention(usual=usual, of=ages)


def age_ms(text: str) -> int:
    """Return the ms that a text as `90d` or `12h` means.

    Raises:
        Rejected: it means none, or no time at all.
    """
    found = duration_ms(text.strip())
    if not found:
        raise Rejected(f"An age is written as 90d, 12h or 30m; found {text!r:.80}.")
    return found
