"""From YAML text to plain data, and to the line and column of each part of it.

The library parses and tells places; what a scalar means is decided here, by the core schema of YAML
1.2 and no more: `yes` and `2026-01-31` are texts, `1_000` is too. What JSON cannot hold is refused.
Text that is JSON is read by the JSON parser, and parsed as YAML only when a place is asked for.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import Json

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = Callable[[Path], tuple[int, int]]

DEPTH_MAX: Final = 100


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much a text may be. The library takes some 70 µs for a token, up to 5 µs for a line and
    1 µs for a character; JSON takes a hundredth of it."""

    chars_max: int = 8 * 1024 * 1024
    yaml_chars_max: int = 8 * 1024 * 1024
    """Of a text that is no JSON."""
    tokens_max: int = 8 * 1024 * 1024
    """Marks, keys and values of a text that is no JSON."""
    values_max: int = 1_000_000
    """Values in the data, those that aliases repeat counted each time."""


LOCAL: Final = Bounds()
"""For a file of whoever reads it."""
SENT: Final = Bounds(
    chars_max=1_000_000, yaml_chars_max=200_000, tokens_max=20_000, values_max=100_000
)
"""For what others send: a second or two at most."""

_INT: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Final[dict[str, Json]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INT_MAX: Final = 2**63 - 1
_TAG: Final = "tag:yaml.org,2002:"
# What the library makes of plain scalars goes beyond the core schema; it is decided anew here.
_SCALAR_TAGS: Final = frozenset(
    {"str", "int", "float", "bool", "null", "timestamp", "value", "merge"}
)
_CONTAINER_TAGS: Final = frozenset({"map", "seq"})


def parse_yaml(text: str, file: str = "", bounds: Bounds = LOCAL) -> tuple[Json, Place]:
    """Return the data in `text`, and a function from a path in it to line and column, from 1.

    The place of a member of an object is that of its key; a path that leads nowhere has the place
    of the nearest value above it.

    Raises:
        DefinitionError: it is no YAML, repeats a key, holds what JSON cannot, or is beyond
            `bounds`.
    """
    if len(text) > bounds.chars_max:
        raise _too_long(text, file, bounds.chars_max)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _read_json(text), _lazy_place(text, file, bounds)
        except (ValueError, RecursionError):
            pass
    root = _compose(text, file, bounds)
    building = _Building(file, bounds.values_max)
    data = building.value(root, (), 0)
    if building.problems:
        raise DefinitionError(building.problems)
    return data, _place_in(root)


def _too_long(text: str, file: str, most: int, hint: str = "") -> DefinitionError:
    found = f"The text has {len(text)} characters; at most {most} are allowed."
    return DefinitionError([Problem(message=found, file=file, hint=hint)])


def _read_json(text: str) -> Json:
    data: Json = json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse)
    _check_size(data)
    return data


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice")
    return value


def _refuse(name: str) -> Json:
    raise ValueError(name)


def _check_size(data: Json) -> None:
    """Numbers and depth that YAML would refuse, so that it gets to say so."""
    level: list[Json] = [data]
    for _ in range(DEPTH_MAX + 1):
        below: list[Json] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, float) and value - value != 0.0:
                raise ValueError("no JSON number")
            elif isinstance(value, int) and not -_INT_MAX - 1 <= value <= _INT_MAX:
                raise ValueError("beyond 64 bits")
        level = below
        if not level:
            return
    raise ValueError("nested too deeply")


def _compose(text: str, file: str, bounds: Bounds) -> Any:
    """Return the library's tree of the one document in `text`, or None where there is nothing."""
    if len(text) > bounds.yaml_chars_max:
        raise _too_long(text, file, bounds.yaml_chars_max, _AS_JSON)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError

    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _bounded_scanner(bounds.tokens_max)
    try:
        return yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = _sentence(error.problem or error.context or "it cannot be read")
        if error.context and error.problem:
            message = _sentence(f"{error.problem} ({error.context})")
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        problem = Problem(
            message=f"This is no YAML: {message}",
            file=file,
            line=line,
            column=column,
            hint=_hint(message),
        )
        raise DefinitionError([problem]) from None
    except (YAMLError, YAMLStreamError) as error:
        first = str(error).strip().splitlines()[0]
        problem = Problem(message=f"This is no YAML: {_sentence(first)}", file=file)
        raise DefinitionError([problem]) from None
    except _TooMany as error:
        mark = error.mark
        problem = Problem(
            message=f"There are more than {bounds.tokens_max} marks, keys and values in the text.",
            file=file,
            line=mark.line + 1,
            column=mark.column + 1,
            hint=_AS_JSON,
        )
        raise DefinitionError([problem]) from None
    except RecursionError:
        problem = Problem(message="This is no YAML: it is nested too deeply.", file=file)
        raise DefinitionError([problem]) from None


class _TooMany(Exception):  # it leaves this module as a DefinitionError
    def __init__(self, mark: Any) -> None:
        super().__init__()
        self.mark = mark


@cache
def _bounded_scanner(tokens_max: int) -> type[Any]:
    from ruamel.yaml.scanner import Scanner

    class Bounded(Scanner):
        """Goes no deeper than data may: each token takes it as long as there are brackets open."""

        def fetch_flow_collection_start(self, *token: Any, **named: Any) -> None:
            if self.flow_level > DEPTH_MAX:
                raise RecursionError
            super().fetch_flow_collection_start(*token, **named)

        def fetch_more_tokens(self) -> Any:
            if self.tokens_taken > tokens_max:
                raise _TooMany(self.reader.get_mark())
            return super().fetch_more_tokens()

    return Bounded


def _sentence(text: str) -> str:
    return f"{text.strip().rstrip('.')}."


def _hint(message: str) -> str:
    if "\\t" in message or "tab" in message:
        return "Indent with spaces, not with tabs."
    if "mapping values are not allowed" in message:
        return "Quote a text that holds a colon and a space."
    if "undefined alias" in message:
        return "Quote a text that begins with * or &."
    return ""


class _Building:
    """Makes plain data of the library's tree, collecting what is wrong."""

    def __init__(self, file: str, values_max: int) -> None:
        self._file, self._values_max = file, values_max
        self.problems: list[Problem] = []
        self._count = 0
        self._open: set[int] = set()

    def value(self, node: Any, path: Path, depth: int) -> Json:
        if node is None:
            return None
        self._count += 1
        if self._count > self._values_max or depth > DEPTH_MAX or id(node) in self._open:
            if not self.problems or self._count <= self._values_max:
                self._report(node, path, self._excess(node, depth))
            return None
        if node.id == "scalar":
            return self._scalar(node, path)
        self._open.add(id(node))
        value: Json
        if node.id == "sequence":
            value = [self.value(item, (*path, n), depth + 1) for n, item in enumerate(node.value)]
        else:
            value = self._object(node, path, depth)
        self._open.discard(id(node))
        if str(node.tag).removeprefix(_TAG) not in _CONTAINER_TAGS:
            self._report(node, path, f"The tag {str(node.tag)!r:.100} is not allowed.")
        return value

    def _excess(self, node: Any, depth: int) -> str:
        if id(node) in self._open:
            return "A value holds itself, by an alias."
        if depth > DEPTH_MAX:
            return f"Values are nested more than {DEPTH_MAX} deep."
        return f"There are more than {self._values_max} values, those of aliases counted each time."

    def _object(self, node: Any, path: Path, depth: int) -> Json:
        found: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if self._count > self._values_max:
                break
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in found:
                message = f"Key {key!r} stands twice."
                self._report(key_node, (*path, key), message, "Keep one of the two.")
                continue
            found[key] = self.value(value_node, (*path, key), depth + 1)
        return found

    def _key(self, node: Any, path: Path) -> str | None:
        if node.id == "scalar":
            text = str(node.value)
            if node.style is None and text == "<<":
                self._report(node, path, "Merge keys (<<) are not YAML 1.2.", "Write the keys out.")
                return None
            value = self._scalar(node, path)
            if isinstance(value, str):
                return value
            shown = "null" if value is None else text
            self._report(node, path, f"The key {shown} is no text.", f'Quote it: "{text}".')
        else:
            self._report(node, path, "A key must be text.", "Quote a text that begins with { or [.")
        return None

    def _scalar(self, node: Any, path: Path) -> Json:
        text = str(node.value)
        tag = str(node.tag)
        if tag.removeprefix(_TAG) not in _SCALAR_TAGS:
            self._report(node, path, f"The tag {tag!r:.100} is not allowed.")
            return text
        if node.style is not None or tag == f"{_TAG}str":
            return text
        return self._plain(node, text, path)

    def _plain(self, node: Any, text: str, path: Path) -> Json:
        if text in _WORDS:
            return _WORDS[text]
        for pattern, base in ((_INT, 10), (_OCTAL, 8), (_HEX, 16)):
            if pattern.fullmatch(text):
                number = int(text, base)
                if not -_INT_MAX - 1 <= number <= _INT_MAX:
                    self._report(node, path, f"The number {text:.40} is beyond 64 bits.", _QUOTE)
                    return None
                return number
        if _FLOAT.fullmatch(text):
            real = float(text)
            if real - real != 0.0:
                self._report(node, path, f"The number {text:.40} is too large.", _QUOTE)
                return None
            return real
        if _NOT_FINITE.fullmatch(text):
            self._report(node, path, f"{text} is no JSON number.", _QUOTE)
            return None
        return text

    def _report(self, node: Any, path: Path, message: str, hint: str = "") -> None:
        mark = node.start_mark
        self.problems.append(
            Problem(
                message=message,
                path=_dotted(path),
                file=self._file,
                line=mark.line + 1,
                column=mark.column + 1,
                hint=hint,
            )
        )


_AS_JSON: Final = "Write it as JSON, which may be larger, or in parts, as several workflows."
_QUOTE: Final = "Quote it if it is a text."


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _place_in(root: Any) -> Place:
    def place(path: Path) -> tuple[int, int]:
        line, column = 1, 1
        node = root
        if node is not None:
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
        for part in path:
            step = next(_steps(node, part), None)
            if step is None:
                break
            at, node = step
            line, column = at.start_mark.line + 1, at.start_mark.column + 1
        return line, column

    return place


def _steps(node: Any, part: str | int) -> Iterator[tuple[Any, Any]]:
    """Yield what stands for `part` in the text, and its value."""
    if node is None:
        return
    if node.id == "mapping" and isinstance(part, str):
        for key, value in node.value:
            if key.id == "scalar" and key.value == part:
                yield key, value
    elif node.id == "sequence" and isinstance(part, int) and part < len(node.value):
        yield node.value[part], node.value[part]


def _lazy_place(text: str, file: str, bounds: Bounds) -> Place:
    @cache
    def parsed() -> Place:
        try:
            return _place_in(_compose(text, file, bounds))
        except DefinitionError:
            # JSON that is too much to be read as YAML has paths, and no places.
            return lambda path: (0, 0)

    return lambda path: parsed()(path)
