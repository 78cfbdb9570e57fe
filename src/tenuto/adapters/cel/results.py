"""From CEL values to JSON, and from the library's errors to sentences."""

import re
from typing import Any, Final

import msgspec

from tenuto.core.vocabulary import Json

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1

_KINDS: Final = {
    "datetime": "a timestamp; wrap it in string(…)",
    "timedelta": "a duration; wrap it in string(…)",
    "bytes": "bytes; wrap them in string(…)",
    "bytearray": "bytes; wrap them in string(…)",
    "Type": "a type; wrap it in string(…) or compare it",
}


class NotJson(ValueError):
    """A result that JSON cannot hold; the message completes "it gave …"."""


def to_json(value: Any) -> Json:
    """Return what the library gave as JSON, with the keys of objects in order.

    Raises:
        NotJson: it is none.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value  # type: ignore[no-any-return]  # checked by its exact type
    if kind is int:
        if INT_MIN <= value <= INT_MAX:
            return value  # type: ignore[no-any-return]  # checked by its exact type
        raise NotJson(f"the unsigned integer {value}, which is beyond 64 bits with a sign")
    if kind is float:
        if value - value == 0.0:
            return value  # type: ignore[no-any-return]  # checked by its exact type
        raise NotJson(f"{value!r}, which is no JSON number")
    if kind is list:
        return [to_json(item) for item in value]
    if kind is dict:
        for name in value:
            if type(name) is not str:
                raise NotJson(f"an object with the key {name!r}; keys must be text")
        return {name: to_json(value[name]) for name in sorted(value)}
    raise NotJson(_KINDS.get(kind.__name__, f"a {kind.__name__}"))


def scalar_fault(value: Json) -> str | None:
    """Return why a scalar is no JSON, or None if it is, or is no scalar."""
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        return f"the integer {value!r:.40} is beyond 64 bits"
    if type(value) is float and value - value != 0.0:
        return f"{value!r} is no JSON number"
    return None


def input_fault(value: Json) -> str | None:
    """Return why the library cannot be handed `value`, or None if it can.

    It takes a text up to its first NUL character for the whole."""
    if isinstance(value, str):
        return _NUL if "\0" in value else None
    if isinstance(value, list | dict) and b"\\u0000" in msgspec.json.encode(value):
        return _NUL if _holds_nul(value) else None
    return None


_NUL: Final = "it reads a text with a NUL character in it, which expressions cannot hold"


def _holds_nul(value: Json) -> bool:
    """The encoding of a backslash before `u0000` looks the same: look again."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    if isinstance(value, dict):
        return any("\0" in name or _holds_nul(item) for name, item in value.items())
    return False


_STATUS: Final = re.compile(r"^(?:[A-Z_]+: )|(?: \[[A-Z_]+\])$")
_PLACE: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNKNOWN: Final = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_RUN_OVERLOAD: Final = re.compile(r"No matching overloads found : (.*)")
_MISSING: Final = re.compile(r'Key not found in map : "?(.*?)"?$')
_OPERATORS: Final = {
    "_?_:_": "? :",
    "_[_]": "[ ]",
    "!_": "!",
    "-_": "-",
    "@in": "in",
    "_in_": "in",
}


def compile_faults(error: str, source: str, roots: frozenset[str]) -> str:
    """Return what is wrong with an expression, in words, from the library's report."""
    found: dict[str, None] = {}
    for line in error.splitlines():
        match = _PLACE.search(line)
        if match is not None:
            row, column, what = int(match[1]), int(match[2]), _STATUS.sub("", match[3])
            unknown = _UNKNOWN.match(what)
            if unknown is not None:
                # The library points at the last dot of a path; its root is what is unknown.
                column -= len(unknown[1].rpartition(".")[0])
            place = ""
            if row >= 1:
                place = f"at {column}: " if row == 1 else f"at {row}:{column}: "
            found[place + _compile_fault(what, source, roots)] = None
    if not found:
        found[_compile_fault(_STATUS.sub("", error.strip().splitlines()[0]), source, roots)] = None
    return "; ".join(found)


def _compile_fault(what: str, source: str, roots: frozenset[str]) -> str:
    unknown = _UNKNOWN.match(what)
    if unknown is not None:
        if re.search(rf"\b{re.escape(unknown[1])}\s*\(", source):
            return f"there is no function {unknown[1]!r}"
        names = ", ".join(sorted(roots))
        root = unknown[1].partition(".")[0]
        return f"unknown name {root!r}; what can be read here: {names}"
    overload = _OVERLOAD.search(what)
    if overload is not None:
        return f"{_operator(overload[1])} does not work on ({overload[2]})"
    if "recursion" in what:
        return (
            "it is nested too deeply (32 levels; a chain of more than 32 operators counts too); "
            "split it, or compute it in a function"
        )
    if "token recognition error at: '='" in what or "token recognition error at: '= '" in what:
        return "a single '=' means nothing; equality is '=='"
    return what.removeprefix("Syntax error: ")


def run_fault(error: str) -> str:
    """Return why an evaluation failed, in words, from the library's report."""
    what = error.strip().splitlines()[0]
    while (shorter := _STATUS.sub("", what)) != what:
        what = shorter
    missing = _MISSING.search(what)
    if missing is not None:
        return f"there is no {missing[1]!r} in the object"
    overload = _RUN_OVERLOAD.search(what)
    if overload is not None:
        return _no_overload(overload[1])
    if "Iteration budget" in what:
        return "its macros went over more than 10000 elements; do that in a function"
    return what


def _operator(name: str) -> str:
    if name == ORDERED:
        return "a macro (map, filter, all, exists, exists_one)"
    if name in _OPERATORS:
        return f"operator {_OPERATORS[name]!r}"
    if name.startswith("_") and name.endswith("_"):
        return f"operator {name.strip('_')!r}"
    return f"{name}()"


def _no_overload(call: str) -> str:
    if call == "<jump_condition>":
        return "a condition is neither true nor false"
    member = re.fullmatch(r"\((.*)\)\.(\w+)\((.*)\)", call)
    if member is not None and member[2] == ORDERED:
        return f"a macro goes over a list or the keys of an object, found {member[1]}"
    match = re.fullmatch(r"(\S+?)\((.*)\)", call)
    if match is not None:
        return f"{_operator(match[1])} does not work on ({match[2]})"
    return f"no such operation: {call}"


ORDERED: Final = "in_order_"
"""Name of the function that stands before macros; see `paths.with_ordered_macros`."""
