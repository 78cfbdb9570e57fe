"""The inputs of a session from what a user types.

A text stays as it is typed wherever the input may be a text; anything else is JSON.
"""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import WorkflowDefinition

_KINDS: Final = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def inputs_from(
    given: Sequence[str], definition: WorkflowDefinition, *, file: str | None = None
) -> JsonObject:
    """Return the inputs that `-i` and `--input-file` give; a later one wins.

    `name=text`, `name=JSON`, `name=@file`, `name=@@text` for a text that begins with @; `-` reads
    an object of names and values from stdin.

    Raises:
        Rejected: one cannot be read, is of a wrong kind, is unknown, or one is missing.
    """
    inputs: JsonObject = {}
    if file is not None:
        inputs |= _object(_read(file), where=file)
    properties = _properties(definition)
    for text in given:
        if text == "-":
            inputs |= _object(sys.stdin.read(), where="stdin")
            continue
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Rejected(
                f'-i {text!r} is no input; write name=value, as in -i question="Why?", '
                "or -i - to read a JSON object from stdin."
            )
        if properties is not None and name not in properties:
            raise Rejected(_unknown(name, definition))
        inputs[name] = _value(name, value, (properties or {}).get(name))
    check_names(inputs, definition)
    return inputs


def check_names(inputs: JsonObject, definition: WorkflowDefinition) -> None:
    """Check that each input is one of the workflow's, and that none is missing.

    Raises:
        Rejected: with what was meant, or what is to be given.
    """
    properties = _properties(definition)
    schema = definition.input_schema or {}
    if properties is not None and schema.get("additionalProperties") is False:
        for name in inputs:
            if name not in properties:
                raise Rejected(_unknown(name, definition))
    required = schema.get("required")
    if not isinstance(required, list):
        return
    missing = [str(name) for name in required if name not in inputs]
    if missing:
        lines = "\n".join(f"  -i {name}=…  {_described(name, definition)}" for name in missing)
        raise Rejected(f"Workflow {definition.name!r} needs inputs that are missing:\n{lines}")


def _value(name: str, text: str, schema: Json) -> Json:
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        text = _read(text[1:])
    kinds = _kinds(schema)
    if kinds == {"string"}:
        return text
    try:
        value: Json = msgspec.json.decode(text)
    except msgspec.DecodeError:
        if kinds and "string" not in kinds:
            raise Rejected(
                f"Input {name!r} is {_a(kinds)}, found {text!r:.80}, which is no JSON."
            ) from None
        return text
    kind = _KINDS[type(value)]
    if not kinds or kind in kinds or (kind == "integer" and "number" in kinds):
        return value
    if "string" in kinds:
        return text
    raise Rejected(f"Input {name!r} is {_a(kinds)}, found {kind} {text!r:.80}.")


def _kinds(schema: Json) -> set[str]:
    """Return the kinds of JSON that a property's schema allows; empty: any, as far as it says."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(kind, str):
        return {kind}
    return {str(each) for each in kind} if isinstance(kind, list) else set()


def _a(kinds: set[str]) -> str:
    return " or ".join(f"{'an' if kind[0] in 'aio' else 'a'} {kind}" for kind in sorted(kinds))


def _properties(definition: WorkflowDefinition) -> JsonObject | None:
    """Return the schemas of the inputs by name, or None where the workflow takes any."""
    properties = (definition.input_schema or {}).get("properties")
    return properties if isinstance(properties, dict) else None


def _unknown(name: str, definition: WorkflowDefinition) -> str:
    known = list(_properties(definition) or {})
    close = get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return (
        f"Workflow {definition.name!r} has no input {name!r}.{hint} "
        f"It has: {', '.join(known) or 'none'}."
    )


def _described(name: str, definition: WorkflowDefinition) -> str:
    schema = (_properties(definition) or {}).get(name)
    words = [" or ".join(sorted(_kinds(schema)))]
    description = schema.get("description") if isinstance(schema, dict) else None
    if isinstance(description, str):
        words.append(description)
    return ": ".join(word for word in words if word)


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise Rejected(f"{path!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise Rejected(f"{path!r} is no UTF-8 text: {error.reason}.") from None


def _object(text: str, *, where: str) -> JsonObject:
    value = json_from(text, where=where)
    if not isinstance(value, dict):
        raise Rejected(f"{where} holds no object of input names and values: {text!r:.80}.")
    return value


def json_from(text: str, *, where: str) -> Json:
    """Return the JSON in `text`; `where` names it for people.

    Raises:
        Rejected: it is none.
    """
    try:
        value: Json = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Rejected(f"{where} is no JSON: {error}. Found {text!r:.80}.") from None
    return value


def data_from(text: str | None) -> Json:
    """Return what `-d` gives: JSON, or `@file` with JSON in it; None for nothing.

    Raises:
        Rejected: it is no JSON, or the file cannot be read.
    """
    if text is None:
        return None
    if text.startswith("@"):
        return json_from(_read(text[1:]), where=text[1:])
    try:
        return json_from(text, where="-d")
    except Rejected as error:
        raise Rejected(f"{error} A text is written in double quotes: -d '\"yes\"'.") from None
