"""What msgspec finds wrong with a value, in the words of our messages."""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args, get_origin

import msgspec

Place: TypeAlias = tuple[str | int, ...]

_AT: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_EXPECTED: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`")
_WORDS: Final[Mapping[str, str]] = {
    "array": "a list",
    "object": "an object",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
_SAID: Final = (
    ("Invalid enum value", "cannot be"),
    ("Object contains unknown field", "cannot have"),
    ("Object missing required field", "lacks"),
    ("`", "'"),
)


def misfit(error: msgspec.ValidationError) -> tuple[Place, str]:
    """Return where a value does not fit, and how a sentence about that place goes on."""
    text = str(error)
    found_at = _AT.search(text)
    place: Place = ()
    if found_at is not None:
        text = text[: found_at.start()]
        steps = _STEP.findall(found_at["path"])
        place = tuple(int(index) if index else name for name, index in steps)
    expected = _EXPECTED.fullmatch(text)
    if expected is not None:
        return place, f"must be {_words(expected['wanted'])}, found {_words(expected['found'])}"
    for theirs, ours in _SAID:
        text = text.replace(theirs, ours)
    return place, f"{text[:1].lower()}{text[1:]}"


def misfit_of(part: msgspec.Struct) -> str:
    """Return what is wrong with the fields of a struct that was made by hand, as the end of a
    sentence; nothing where all fit. What makes one checks no types."""
    try:
        msgspec.convert(msgspec.to_builtins(part), type(part))
    except msgspec.ValidationError as error:
        place, message = misfit(error)
        hint = choices_at(type(part), place)
        return f"has {told(place)!r}, which {message}." + (f" {hint}" if hint else "")
    except TypeError as error:
        return f"holds what is no data: {error}."
    return ""


def told(place: Place) -> str:
    """Return a place as people write it: `arguments[0].path`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def choices(kind: object) -> str:
    """Return as a hint what a field may be, where that is a few words, alone or in a list."""
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    if get_origin(kind) is not Literal:
        return ""
    return f"There are: {', '.join(map(str, get_args(kind)))}."


def choices_at(kind: type[msgspec.Struct], place: Place) -> str:
    """Return as a hint what the field at a place may be, where that is a few words."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return choices(types.get(str(place[0]))) if place else ""


def _words(kinds: str) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds.split(" | "))
