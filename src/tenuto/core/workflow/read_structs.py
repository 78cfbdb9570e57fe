"""Lists of small objects in a file, as guards and rules: each field alone, so that one pass tells
all that is wrong, and where."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeVar, get_args, get_origin

import msgspec

from tenuto.core.vocabulary import Json
from tenuto.core.workflow.faults import Path, meant
from tenuto.core.workflow.section import Section, shown

Made = TypeVar("Made", bound=msgspec.Struct)

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


def structs_of(
    section: Section,
    key: str,
    kind: type[Made],
    what: str,
    *,
    judge: Callable[[Made], Iterable[str]],
) -> tuple[Made, ...]:
    """Return the objects in the list of `key`; none where one of them cannot be read.

    All that is wrong with them is reported. `what` is one of them, as `guard {n} of agent 'a'`;
    `judge` tells what is wrong with one that can be read."""
    value = section.get(key)
    if value is None and key not in section.data:
        return ()
    if not isinstance(value, list):
        section.wrong(key, "a list", "Put [ ] around it, or begin each on a line with -.")
        return ()
    found: list[Made] = []
    for n, item in enumerate(value):
        path = (*section.at(key), n)
        name = what.replace("{n}", str(n + 1))
        faults = list(_faults(item, kind, name))
        for below, message, hint in faults:
            section.reading.fault((*path, *below), f"{message[:1].upper()}{message[1:]}", hint)
        if not faults:
            made = msgspec.convert(item, kind)
            found.append(made)
            for fault in judge(made):
                section.reading.fault(path, f"{name[:1].upper()}{name[1:]} {fault}")
    # What is left would be numbered in another way, and is no whole list of rules.
    return tuple(found) if len(found) == len(value) else ()


def _faults(value: Json, kind: type[Made], name: str) -> Iterator[tuple[Path, str, str]]:
    """Yield what is wrong with one object: where in it, a sentence, a hint."""
    if not isinstance(value, dict):
        yield (), f"{name} must be an object of keys and values, found {shown(value)}.", ""
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in value:
        if key not in fields:
            yield (key,), f"{name} cannot have {key!r}.", meant(key, fields)
    for key, field in fields.items():
        if key not in value:
            if field.required:
                yield (), f"{key!r} is missing in {name}.", _choices(field.type)
            continue
        try:
            msgspec.convert(value[key], field.type)
        except msgspec.ValidationError as error:
            below, message, hint = _told(error, field.type)
            yield (key, *below), f"{key!r} of {name} {message}.", hint


def _told(error: msgspec.ValidationError, kind: object) -> tuple[Path, str, str]:
    """Return what msgspec has found, in our words: where, how a sentence goes on, and a hint."""
    text = str(error)
    place = _AT.search(text)
    path: Path = ()
    if place is not None:
        text = text[: place.start()]
        steps = _STEP.findall(place["path"])
        path = tuple(int(index) if index else name for name, index in steps)
    expected = _EXPECTED.fullmatch(text)
    if expected is not None:
        wanted, found = (
            " or ".join(_WORDS.get(part, part) for part in expected[side].split(" | "))
            for side in ("wanted", "found")
        )
        return path, f"must be {wanted}, found {found}", _choices(kind)
    text = text.replace("Invalid enum value", "cannot be").replace("`", "'")
    text = text.replace("Object contains unknown field", "cannot have")
    text = text.replace("Object missing required field", "lacks")
    return path, f"{text[:1].lower()}{text[1:]}", _choices(kind)


def _choices(kind: object) -> str:
    """Return as a hint what a field may be, where that is a few words, alone or in a list."""
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    if get_origin(kind) is not Literal:
        return ""
    return f"There are: {', '.join(map(str, get_args(kind)))}."
