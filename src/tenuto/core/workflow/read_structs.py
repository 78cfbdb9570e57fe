"""Lists of small objects in a file, as guards and rules: each field alone, so that one pass tells
all that is wrong, and where."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from tenuto.core.misfits import choices, misfit
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.faults import Path, meant
from tenuto.core.workflow.section import Section, shown

Made = TypeVar("Made", bound=msgspec.Struct)


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
                yield (), f"{key!r} is missing in {name}.", choices(field.type)
            continue
        try:
            msgspec.convert(value[key], field.type)
        except msgspec.ValidationError as error:
            below, message = misfit(error)
            yield (key, *below), f"{key!r} of {name} {message}.", choices(field.type)
