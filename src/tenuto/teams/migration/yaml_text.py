"""YAML as plans are written in it: plain data to text, and text to plain data with its places.

What a scalar means is decided by the core schema of YAML 1.2 and no more: `yes` and `2026-01-31`
are texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = dict[Path, tuple[int, int]]
"""Path to line and column, from 1."""

WIDTH: Final = 96
DEPTH_MAX: Final = 40
_PLAIN: Final = re.compile(r"[A-Za-z_/(*$<>=À-ɏ][^\x00-\x1f\x7f-\x9f]*|[%.][A-Za-z][\w %.:-]*")
_UNPRINTABLE: Final = re.compile(
    r"[^\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_INT: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, None | bool]] = {
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


class NotYaml(ValueError):
    """The text is no YAML, or says what plain data cannot."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line, self.column = line, column


def write(value: Any, comments: Mapping[str, str]) -> str:
    """Return an object as YAML; what fits on a line stands on one.

    Args:
        comments: key of the object to a comment that stands before it; `` is for the head.
    """
    lines = [f"# {line}".rstrip() for line in comments.get("", "").splitlines()]
    for key, item in value.items():
        if key in comments:
            lines += ["", *(f"# {line}".rstrip() for line in comments[key].splitlines())]
        lines += _member(key, item, 0)
    return "\n".join(lines) + "\n"


def _member(key: str, item: Any, indent: int) -> list[str]:
    head = f"{' ' * indent}{_text(key, key=True)}:"
    line = _flow(item)
    if not _is_large(item) and len(head) + len(line) < WIDTH and "\n" not in line:
        return [f"{head} {line}"]
    if isinstance(item, str):
        block = _block(item, indent + 2)
        return [f"{head} |-", *block] if block else [f"{head} {line}"]
    if isinstance(item, dict):
        return [head, *_object(item, indent + 2)]
    if isinstance(item, list):
        return [head, *_list(item, indent + 2)]
    return [f"{head} {line}"]


def _is_large(item: Any) -> bool:
    """Return whether it is read better in lines: objects within objects, and texts of lines."""
    if isinstance(item, str):
        return "\n" in item
    if isinstance(item, list):
        return any(isinstance(part, dict) for part in item)
    return isinstance(item, dict) and any(isinstance(part, dict) for part in item.values())


def _object(value: Mapping[str, Any], indent: int) -> list[str]:
    return [line for key, item in value.items() for line in _member(key, item, indent)]


def _list(items: Sequence[Any], indent: int) -> list[str]:
    lines: list[str] = []
    for item in items:
        line = _flow(item)
        is_step = isinstance(item, dict) and "do" in item and len(line) + indent + 2 < WIDTH
        if not isinstance(item, dict) or not item or is_step:
            lines.append(f"{' ' * indent}- {line}")
            continue
        within = _object(item, indent + 2)
        lines += [f"{' ' * indent}- {within[0].lstrip()}", *within[1:]]
    return lines


def _block(text: str, indent: int) -> list[str]:
    """Return a text in lines of its own; none where YAML would not give it back as it is."""
    lines = text.split("\n")
    if len(lines) < 2 or not lines[0] or lines[0][0] in " \t" or not lines[-1]:
        return []
    if _UNPRINTABLE.search(text.replace("\n", "")):
        return []
    if any(line != line.rstrip() for line in lines):
        return []
    return [f"{' ' * indent}{line}".rstrip() for line in lines]


def _flow(item: Any) -> str:
    if isinstance(item, dict):
        pairs = (f"{_text(key, key=True)}: {_flow(part)}" for key, part in item.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(item, list):
        return f"[{', '.join(map(_flow, item))}]"
    if isinstance(item, str):
        return _text(item)
    return json.dumps(item)


def _text(text: str, *, key: bool = False) -> str:
    is_plain = (
        _PLAIN.fullmatch(text) is not None
        and text not in _WORDS
        and text == text.strip()
        and not re.search(r": |:$| #|[\[\]{},\"'`&|!*@\\]", text)
        and not (key and ":" in text)
        and not text.startswith(("%", "*", ">", "=", "<<"))
    )
    if is_plain:
        return text
    return _UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def read(text: str) -> tuple[Any, Places]:
    """Return the data of a text, and where each part of it stands; of a member: its key.

    Raises:
        NotYaml: it is none, repeats a key, or holds what JSON cannot.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise NotYaml(f"This is no YAML: {error.problem or error.context}.", *where) from None
    except (YAMLError, RecursionError) as error:
        first = (str(error).splitlines() or ["it is nested too deeply"])[0]
        raise NotYaml(f"This is no YAML: {first}.", 1, 1) from None
    places: Places = {(): (1, 1)}
    return _value(root, (), places), places


def _value(node: Any, path: Path, places: Places) -> Any:
    if node is None:
        return None
    place = (node.start_mark.line + 1, node.start_mark.column + 1)
    places.setdefault(path, place)
    if len(path) > DEPTH_MAX:
        raise NotYaml("It is nested too deeply.", *place)
    if node.anchor is not None:
        raise NotYaml("Aliases (& and *) have no place in a plan; write the part out.", *place)
    if node.id == "sequence":
        return [_value(item, (*path, at), places) for at, item in enumerate(node.value)]
    if node.id == "mapping":
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            at = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key_node.id != "scalar":
                raise NotYaml("A key must be a text.", *at)
            key = str(key_node.value)
            if key in found:
                raise NotYaml(f"Key {key!r} stands twice; keep one of the two.", *at)
            places[(*path, key)] = at
            found[key] = _value(value_node, (*path, key), places)
        return found
    return _scalar(node)


def _scalar(node: Any) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
