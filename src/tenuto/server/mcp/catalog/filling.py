"""Texts with places for values: `{name}`; `{{name}}` stands for `{name}` itself.

Other braces stand for themselves, so that JSON can be written as it is."""

import json
import re
from collections.abc import Mapping
from typing import Final

VALUE_CHARS_MAX: Final = 64 * 1024
"""Of one value that a client gives."""

_PLACE: Final = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}", re.ASCII)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of the places of a text, each once, in order."""
    return tuple(dict.fromkeys(found[2] for found in _PLACE.finditer(text) if found[2]))


def filled(text: str, values: Mapping[str, str], *, as_json: bool = False) -> str:
    """Return the text with its places filled; what has no value becomes empty.

    Values are looked at once: a place within one stays as it is. With `as_json` the places stand
    within texts of JSON, which no value can leave."""

    def value_of(found: re.Match[str]) -> str:
        if found[1]:
            return "{" + found[1] + "}"
        value = values.get(found[2], "")
        return json.dumps(value)[1:-1] if as_json else value

    return _PLACE.sub(value_of, text)
