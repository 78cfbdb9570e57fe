"""Values as expressions: a JSON value written in CEL, and the expressions within texts."""

import re
from typing import Final

import msgspec

from tenuto.core.vocabulary import Json

_WHOLE: Final = re.compile(r"\s*\$\{(.*)\}\s*", re.DOTALL)


class Misplaced(ValueError):
    """A text that mixes words and `${…}`."""


def literal(value: Json) -> str:
    """Return `value` written in CEL. JSON is CEL, as long as it holds no numbers beyond it."""
    return msgspec.json.encode(value).decode()


def expression_of(value: Json) -> str:
    """Return a text as the expression that it is, and any other value as a literal."""
    return value if isinstance(value, str) else literal(value)


def template_of(value: Json) -> str:
    """Return the expression of a value in which texts are literal unless written `${ … }`.

    Raises:
        Misplaced: a text holds `${` but is not one expression as a whole.
    """
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value)
        if match is not None and "${" not in match[1]:
            return match[1].strip()
        if "${" in value:
            raise Misplaced(value)
        return literal(value)
    if isinstance(value, list) and _has_expression(value):
        return f"[{', '.join(map(_part, value))}]"
    if isinstance(value, dict) and _has_expression(value):
        parts = (f"{literal(name)}: {_part(item)}" for name, item in value.items())
        return f"{{{', '.join(parts)}}}"
    return literal(value)


def _part(value: Json) -> str:
    text = template_of(value)
    return f"({text})" if isinstance(value, str) and "${" in value else text


def _has_expression(value: Json) -> bool:
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, list):
        return any(map(_has_expression, value))
    if isinstance(value, dict):
        return any(map(_has_expression, value.values()))
    return False


_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset({"in", "true", "false", "null"})


def path_expression(root: str, *keys: str) -> str:
    """Return the expression that reads `keys` below `root`: `outputs.fetch["some-key"]`."""
    text = root
    for key in keys:
        if _IDENTIFIER.fullmatch(key) and key not in _RESERVED:
            text += f".{key}"
        else:
            text += f"[{literal(key)}]"
    return text
