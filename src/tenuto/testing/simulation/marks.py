"""Marks in the data itself: what labels say of data, told by texts that travel with it.

Tools and inputs whose data bears a label write its mark into it, simulated models and functions
write every mark that they see into all that they give. So the data tells where it came from, and
nobody has to believe the runtime's labels.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

LABELS: Final = ("secret", "untrusted")
"""Those that simulated data bears."""

_MARK: Final = re.compile(r"<<label:(\w+)>>")


def mark(label: str) -> str:
    """Return the text that tells of a label."""
    return f"<<label:{label}>>"


def labels_in(*values: object) -> tuple[str, ...]:
    """Return the labels whose marks are somewhere in the values, in order of the alphabet."""
    found: set[str] = set()
    for value in values:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        found.update(_MARK.findall(text))
    return tuple(sorted(found))


def marked(text: str, labels: Iterable[str]) -> str:
    """Return the text with the marks of these labels."""
    return " ".join((text, *map(mark, labels)))
