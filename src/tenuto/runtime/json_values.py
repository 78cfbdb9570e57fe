"""Values of user code as JSON: copied, so that nobody can change them later, and checked."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tenuto.core import limits
from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import Json

_DEPTH_MAX: Final = 200
_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1


class NotJson(Fatal):
    """A value that JSON cannot hold; the message says what and where."""


def to_json(value: Any, path: str = "", depth: int = 0) -> Json:
    """Return `value` as JSON in containers of its own.

    Tuples become lists; msgspec structs, dataclasses and pydantic models become objects.

    Raises:
        NotJson: something in it is no JSON: other types, NaN and infinities, integers beyond 64
        bits,
            keys that are no text, values nested in themselves.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value  # type: ignore[no-any-return]  # checked by its exact type
    if kind is int:
        if _INT_MIN <= value <= _INT_MAX:
            return value  # type: ignore[no-any-return]  # checked by its exact type
        raise NotJson(f"{_at(path)}an integer is beyond 64 bits: {value!r:.40}.")
    if kind is float:
        if value - value == 0.0:
            return value  # type: ignore[no-any-return]  # checked by its exact type
        raise NotJson(f"{_at(path)}{value!r} is no JSON number.")
    if depth > _DEPTH_MAX:
        raise NotJson(f"{_at(path)}values are nested more than {_DEPTH_MAX} deep.")
    if kind is dict:
        return {
            _key(name, path): to_json(item, f"{path}.{name}", depth + 1)
            for name, item in value.items()
        }
    if kind is list or kind is tuple:
        return [to_json(item, f"{path}[{n}]", depth + 1) for n, item in enumerate(value)]
    return _other(value, path, depth)


def _other(value: Any, path: str, depth: int) -> Json:
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return to_json(dump(mode="json"), path, depth + 1)
    if isinstance(value, msgspec.Struct) or hasattr(type(value), "__dataclass_fields__"):
        fields = msgspec.to_builtins(value, builtin_types=(bytes, bytearray))
        return to_json(fields, path, depth + 1)
    for plain in (str, bool, int, float):
        if isinstance(value, plain):
            return to_json(plain(value), path, depth + 1)
    if isinstance(value, Mapping):
        return to_json(dict(value), path, depth + 1)
    kind = type(value)
    raise NotJson(
        f"{_at(path)}{kind.__module__}.{kind.__qualname__} is no JSON value: {value!r:.80}. "
        "Return text, numbers, booleans, null, lists and objects with text keys."
    )


def _key(name: Any, path: str) -> str:
    if type(name) is str:
        return name
    raise NotJson(f"{_at(path)}the key {name!r:.40} is no text.")


def _at(path: str) -> str:
    return f"At {path.lstrip('.')}: " if path else ""


def checked_output(value: Any, *, what: str) -> Json:
    """Return the output of `what` as JSON.

    Raises:
        NotJson: it is none, or it is larger than an output may be.
    """
    try:
        output = to_json(value)
    except NotJson as error:
        raise NotJson(f"{what} returned what JSON cannot hold. {error}", code="not_json") from None
    if isinstance(output, str | list | dict) and _may_be_large(output):
        size = len(msgspec.msgpack.encode(output))
        if size > limits.OUTPUT_BYTES_MAX:
            raise NotJson(
                f"{what} returned {size} bytes; at most {limits.OUTPUT_BYTES_MAX} are allowed. "
                "Write large results to a file and return where they are.",
                code="output_too_large",
            )
    return output


def _may_be_large(output: Json) -> bool:
    """Encoding is only worth its time when the top of the value does not already look small."""
    if isinstance(output, str):
        return len(output) > limits.PAYLOAD_BYTES_INLINE_MAX
    if isinstance(output, dict):
        return any(
            len(item) > 64 for item in output.values() if isinstance(item, str | list | dict)
        )
    return isinstance(output, list) and bool(output)
