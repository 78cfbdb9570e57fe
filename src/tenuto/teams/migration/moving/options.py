"""Options of a change, of the type that it needs.

Each raises Unsupported, and names the change, when an option is not there or of another type.
"""

from collections.abc import Sequence

from tenuto.teams.migration.databases.port import Unsupported
from tenuto.teams.migration.plan import Change


def text(change: Change, name: str, default: str | None = None) -> str:
    """Return an option that is a text; numbers as they are written."""
    value = change.options.get(name, default)
    if value is None or isinstance(value, list):
        raise _missing(change, name, "a text")
    return str(value)


def number(change: Change, name: str, default: int | None = None) -> int:
    """Return an option that is a whole number."""
    value = change.options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _missing(change, name, "a whole number")
    return value


def flag(change: Change, name: str) -> bool:
    """Return an option that is true or false, false when it is not there."""
    return bool(change.options.get(name, False))


def texts(change: Change, name: str, default: Sequence[str] | None = None) -> list[str]:
    """Return an option that is a list of texts."""
    value = change.options.get(name, default)
    if value is None:
        raise _missing(change, name, "a list of texts")
    if isinstance(value, str | int | float):
        return [str(value)]
    return ["" if one is None else str(one) for one in value]


def _missing(change: Change, name: str, what: str) -> Unsupported:
    return Unsupported(
        f"The change {change.do!r} needs the option {name!r}, {what}; "
        f"found: {change.options.get(name)!r}."
    )
