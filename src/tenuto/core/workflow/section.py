"""Reads plain data part by part, and remembers everything that is wrong with it."""

from collections.abc import Iterable
from functools import partial
from typing import Final, TypeVar

from tenuto.core.session.moments import duration_ms
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.faults import Fault, Hint, Path, meant, nearest

Choice = TypeVar("Choice", bound=str)

_SHOWN_CHARS_MAX: Final = 60


class Reading:
    """What one pass over the data has found: faults, and where each part of the definition stood.

    `origins` maps a path into the definition to the path into the data that it was read from."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.origins: dict[Path, Path] = {(): ()}
        self.broken: set[Path] = set()
        """Parts of the definition that stand in for what could not be read: not to be judged."""

    def fault(self, path: Path, message: str, hint: Hint = "") -> None:
        """Remember something wrong at `path` of the data."""
        self.faults.append(Fault(path, message, hint))

    def origin(self, path: Path) -> Path:
        """Return where the part `path` of the definition stands in the data."""
        length = next(n for n in range(len(path), -1, -1) if path[:n] in self.origins)
        return (*self.origins[path[:length]], *path[length:])

    def is_broken(self, path: Path) -> bool:
        """Return whether `path` of the definition lies in a part that could not be read."""
        return any(path[:length] in self.broken for length in range(1, len(path) + 1))


class Section:
    """An object in the data. Whatever is asked for counts as known; `close` reports the rest."""

    def __init__(self, reading: Reading, path: Path, data: JsonObject, *, what: str) -> None:
        self.reading, self.path, self.data, self.what = reading, path, data, what
        self.written: dict[str, str] = {}
        """Keys that the text has under another name."""
        self._asked: dict[str, None] = {}

    @property
    def sentence(self) -> str:
        """Return what the section is, to begin a sentence with."""
        return self.what[:1].upper() + self.what[1:]

    def at(self, key: str) -> Path:
        """Return the path to `key`."""
        return (*self.path, self.written.get(key, key))

    def fault(self, key: str, message: str, hint: Hint = "") -> None:
        """Remember something wrong with the value of `key`."""
        self.reading.fault(self.at(key), message, hint)

    def wrong(self, key: str, wanted: str, hint: str = "") -> None:
        """Remember that the value of `key` is not what it should be."""
        found = shown(self.data.get(key))
        self.fault(
            key,
            f"{self.written.get(key, key)!r} of {self.what} must be {wanted}, found {found}.",
            hint,
        )

    def lacks(self, key: str, hint: str = "") -> None:
        """Remember that `key` is missing, unless a key that is there is hardly anything else."""
        self._asked[key] = None
        if any(nearest(other, [key]) for other in self.data if other not in self._asked):
            return
        self.reading.fault(self.path, f"{key!r} is missing in {self.what}.", hint)

    def has(self, key: str) -> bool:
        """Return whether `key` is there, with a value."""
        self._asked[key] = None
        return self.data.get(key) is not None

    def get(self, key: str) -> Json:
        """Return the value of `key`, or null."""
        self._asked[key] = None
        return self.data.get(key)

    def close(self, known: Iterable[str] = ()) -> int:
        """Report the keys that nobody asked for, and return how many; `known` are others that could
        stand here."""
        strange = [key for key in self.data if key not in self._asked]
        possible = {*self._asked, *known}
        for key in strange:
            hint = partial(meant, key, possible)
            self.fault(key, f"{self.sentence} cannot have {key!r}.", hint)
        return len(strange)

    def text(self, key: str, default: str = "", *, hint: str = "") -> str:
        """Return the text of `key`."""
        value = self.get(key)
        if value is None and key not in self.data:
            return default
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(key, "text", hint)
        return default

    def whole(self, key: str, default: int, *, minimum: int, maximum: int) -> int:
        """Return the whole number of `key`, within its bounds."""
        value = self.get(key)
        if value is None and key not in self.data:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum:
            return value
        self.wrong(key, f"a whole number from {minimum} to {maximum}")
        return default

    def number(self, key: str, default: float, *, minimum: float, maximum: float) -> float:
        """Return the number of `key`, within its bounds."""
        value = self.get(key)
        if value is None and key not in self.data:
            return default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and isinstance(value, int | float) and minimum <= value <= maximum:
            return float(value)
        self.wrong(key, f"a number from {minimum:g} to {maximum:g}")
        return default

    def choice(self, key: str, options: tuple[Choice, ...], default: Choice) -> Choice:
        """Return the one of `options` that `key` names."""
        value = self.get(key)
        if value is None and key not in self.data:
            return default
        for option in options:
            if value == option:
                return option
        self.wrong(key, f"one of {', '.join(options)}", _meant_choice(value, options))
        return default

    def names(self, key: str) -> tuple[str, ...]:
        """Return one name or a list of names."""
        value = self.get(key)
        if isinstance(value, str) and value:
            return (value,)
        if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
            return tuple(str(name) for name in value)
        if key in self.data:
            self.wrong(key, "a name or a list of names")
        return ()

    def section(self, key: str, what: str) -> "Section | None":
        """Return the object of `key`, or None if there is none."""
        value = self.get(key)
        if isinstance(value, dict):
            return Section(self.reading, self.at(key), value, what=what)
        if key in self.data:
            self.wrong(key, "an object of keys and values")
        return None


def sections(section: Section, key: str, what: str) -> list[Section]:
    """Return the objects in the list of `key`."""
    value = section.get(key)
    if not isinstance(value, list):
        if key in section.data:
            section.wrong(key, "a list")
        return []
    found = []
    for n, item in enumerate(value):
        path = (*section.at(key), n)
        name = f"{what} {n + 1}"
        if isinstance(item, dict):
            found.append(Section(section.reading, path, item, what=name))
        else:
            message = f"{name} must be an object of keys and values, found {shown(item)}."
            section.reading.fault(path, message)
    return found


def members(section: Section, what: str) -> list[tuple[str, Section]]:
    """Return each key whose value is an object, with that; other values are faults."""
    found = []
    for key in section.data:
        member = section.section(key, f"{what} {key!r}")
        if member is not None:
            found.append((key, member))
    return found


def flag(section: Section, key: str) -> bool:
    """Return the truth value of `key`, which is there."""
    value = section.get(key)
    if isinstance(value, bool):
        return value
    section.wrong(key, "true or false")
    return False


def duration(section: Section, key: str) -> int:
    """Return the milliseconds of `key`: a number of seconds, or words such as `5m`."""
    value = section.get(key)
    if value is None and key not in section.data:
        return 0
    length = duration_of(value)
    if length is None or length <= 0:
        section.wrong(key, "a duration", 'Write seconds, or "500ms", "30s", "5m", "2h", "1d".')
        return 0
    return length


def duration_of(value: Json) -> int | None:
    """Return milliseconds from a number of seconds or from words, or None if it is neither."""
    if isinstance(value, str):
        return duration_ms(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * 1000)
    return None


def shown(value: Json) -> str:
    """Return `value` short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        keys = ", ".join(list(value)[:4])
        return f"an object with {keys}" if keys else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[: _SHOWN_CHARS_MAX - 1]}…"


def _meant_choice(value: Json, options: Iterable[str]) -> str:
    hint = meant(value, options) if isinstance(value, str) else ""
    return hint if hint.startswith("Did you") else ""
