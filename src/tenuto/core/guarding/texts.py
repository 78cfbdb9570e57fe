"""Texts within a value: all that is written in it, names of members included."""

from collections.abc import Callable, Iterator

import msgspec

from tenuto.core.vocabulary import Json


class Finding(msgspec.Struct, frozen=True):
    """A place in a text, and what kind of thing stands there."""

    kind: str
    start: int
    end: int


def texts_in(value: Json) -> Iterator[str]:
    """Return each text of a value, in its order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_in(item)


def with_texts(value: Json, change: Callable[[str], str]) -> Json:
    """Return the value with each text changed; the same object where nothing changes."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        items = [with_texts(item, change) for item in value]
        return value if all(map(_is, items, value)) else items
    if isinstance(value, dict):
        names = [change(name) for name in value]
        members = [with_texts(item, change) for item in value.values()]
        same = all(map(_is, members, value.values())) and names == list(value)
        return value if same else dict(zip(names, members, strict=True))
    return value


def apart(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings in order of place; of those that overlap the first, of those the longest,
    of those the one that was found first."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda found: (found.start, -found.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return tuple(kept)


def replaced(text: str, findings: tuple[Finding, ...], put: Callable[[str, str], str]) -> str:
    """Return the text with `put(kind, what stood there)` in each place."""
    if not findings:
        return text
    parts: list[str] = []
    at = 0
    for finding in findings:
        parts += [text[at : finding.start], put(finding.kind, text[finding.start : finding.end])]
        at = finding.end
    return "".join([*parts, text[at:]])


def _is(one: Json, other: Json) -> bool:
    return one is other
