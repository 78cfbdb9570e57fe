"""What an expression reads, found in its text.

A path is followed as far as it is fixed: `outputs.a.kind.size()` reads `outputs.a.kind`, and
`state.rows[inputs.n]` reads `state.rows` and `inputs.n`. A variable of a macro that shadows a root
counts as the root: more is read then than need be, never less.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from tenuto.adapters.cel.lexer import Token, plain_text, tokens
from tenuto.core.vocabulary import Json, JsonObject

Path: TypeAlias = tuple[str, ...]
"""A root and the keys below it."""

FIELD_ROOTS: Final = frozenset({"inputs", "state", "outputs", "session"})
"""Roots that are always objects, so that their fields can be told apart."""

MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})

_NOT_NAMES: Final = frozenset({"true", "false", "null", "in"})


def paths_in(source: str, roots: Iterable[str]) -> tuple[Path, ...]:
    """Return the paths that `source` reads, sorted; one that another covers is left out."""
    wanted = frozenset(roots)
    words = list(tokens(source))
    found: set[Path] = set()
    for n, word in enumerate(words):
        if word.kind != "name" or word.text not in wanted or _is_member(words, n):
            continue
        if _is_key_of_nothing(words, n):
            continue
        found.add(_path_from(words, n))
    return tuple(sorted(path for path in found if not _is_covered(path, found)))


def _is_member(words: list[Token], n: int) -> bool:
    """After a dot it is a field's name, unless the dot stands for the outermost scope."""
    if n == 0 or words[n - 1].text != ".":
        return False
    return n >= 2 and _ends_operand(words[n - 2])


def _ends_operand(word: Token) -> bool:
    if word.kind == "name":
        return word.text != "in"
    return word.kind in ("string", "number") or word.text in (")", "]", "}")


def _is_key_of_nothing(words: list[Token], n: int) -> bool:
    """A name that is called is a function: `state(…)`."""
    return n + 1 < len(words) and words[n + 1].text == "("


def _path_from(words: list[Token], n: int) -> Path:
    path = [words[n].text]
    n += 1
    while n + 1 < len(words):
        if words[n].text == "." and words[n + 1].kind == "name":
            if n + 2 < len(words) and words[n + 2].text == "(":
                break
            path.append(words[n + 1].text)
            n += 2
        elif words[n].text == "[" and words[n + 1].kind == "string":
            key = plain_text(words[n + 1].text)
            if key is None or n + 2 >= len(words) or words[n + 2].text != "]":
                break
            path.append(key)
            n += 3
        else:
            break
    return tuple(path)


def _is_covered(path: Path, paths: set[Path]) -> bool:
    return any(path[:length] in paths for length in range(1, len(path)))


def narrowed(scope: Mapping[str, Json | Mapping[str, Json]], paths: Iterable[Path]) -> JsonObject:
    """Return `scope` with nothing but what `paths` lead to. Values are shared, not copied."""
    narrow: JsonObject = {}
    for path in paths:
        source: object = scope
        target = narrow
        for depth, key in enumerate(path):
            if not isinstance(source, Mapping) or key not in source:
                break
            source = source[key]
            if depth == len(path) - 1 or not isinstance(source, Mapping):
                target[key] = source  # type: ignore[assignment]  # values of a scope are JSON
                break
            inner = target.setdefault(key, {})
            assert isinstance(inner, dict)
            target = inner
    return narrow


def pure_path(source: str, roots: Iterable[str]) -> Path | None:
    """Return the path that `source` is as a whole, such as `outputs.a.kind`, or None."""
    words = list(tokens(source))
    if not words or words[0].kind != "name" or words[0].text not in roots:
        return None
    path = _path_from(words, 0)
    rest = words[1:]
    if len(_path_words(path, rest)) != len(rest):
        return None
    if any(word.text in _NOT_NAMES for word in rest if word.kind == "name"):
        return None
    return path


def _path_words(path: Path, rest: list[Token]) -> list[Token]:
    used = 0
    for _ in path[1:]:
        used += 2 if rest[used].text == "." else 3
    return rest[:used]


def with_ordered_macros(source: str, function: str) -> str:
    """Return `source` with `.function()` put before each macro that goes over a value.

    CEL leaves the order of a map's keys open, and the library's changes from run to run; the
    function gives macros the keys in order, so that a replay sees what the session saw."""
    words = list(tokens(source))
    parts: list[str] = []
    done = 0
    for n in range(len(words) - 2):
        dot, name, paren = words[n : n + 3]
        if dot.text == "." and name.text in MACROS and name.kind == "name" and paren.text == "(":
            parts.append(source[done : dot.start])
            parts.append(f".{function}()")
            done = dot.start
    return "".join(parts) + source[done:]
