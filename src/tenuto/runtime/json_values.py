"""Values of user code as JSON: copied, so that nobody can change them later, and checked."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tenuto.core import limits
from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import Json

_DEPTH_MAX: Final = 200
_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1

_USED_MAX: Final = 2**53
"""No model uses so much in a turn. Below are no infinities, no NaN, and no integers of 64 bits."""


class NotJson(Fatal):
    """A value that JSON cannot hold; the message says what and where."""


def to_json(value: Any) -> Json:
    """Return `value` as JSON in containers of its own.

    Tuples become lists; msgspec structs, dataclasses and pydantic models become objects.

    Raises:
        NotJson: something in it is no JSON: other types, NaN and infinities, integers beyond 64
            bits, text that is no Unicode, keys that are no text, values nested in themselves.
    """
    try:
        return _copied(value, 0)
    except _Fault as fault:
        path = "".join(reversed(fault.path)).lstrip(".")
        raise NotJson(f"At {path}: {fault}" if path else str(fault)) from None


def answer_to_json(answer: ModelAnswer) -> Json:
    """Return a model's answer as `to_json` would, in a fraction of the time.

    Raises:
        NotJson: as by `to_json`.
    """
    usage = answer.usage
    try:
        # What else could be no JSON is text that is no Unicode, which the encoder refuses.
        if answer.data is not None:
            to_json(answer.data)
        for call in answer.calls:
            to_json(call.arguments)
        used = usage.input_tokens + usage.output_tokens + usage.cached_tokens + usage.cost_usd
        if abs(used) < _USED_MAX:
            written: Json = msgspec.json.decode(msgspec.json.encode(answer))
            return written
    except (NotJson, TypeError, ValueError):
        # As a whole it may still be taken; if not, that says what is wrong and where.
        pass
    return to_json(msgspec.to_builtins(answer))


class _Fault(Exception):
    """What is wrong; each container on the way out adds where."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.path: list[str] = []


def _copied(value: Any, depth: int) -> Json:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if value is None or kind is bool:
        return value  # type: ignore[no-any-return]  # checked by its exact type
    if kind is int:
        if _INT_MIN <= value <= _INT_MAX:
            return value  # type: ignore[no-any-return]  # checked by its exact type
        raise _Fault(f"an integer is beyond 64 bits: {value!r:.40}.")
    if kind is float:
        if value - value == 0.0:
            return value  # type: ignore[no-any-return]  # checked by its exact type
        raise _Fault(f"{value!r} is no JSON number.")
    if depth > _DEPTH_MAX:
        raise _Fault(f"values are nested more than {_DEPTH_MAX} deep.")
    if kind is dict:
        return _object(value, depth + 1)
    if kind is list or kind is tuple:
        return _list(value, depth + 1)
    return _other(value, depth + 1)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _Fault(f"a text is no Unicode: {error.reason}: {value!r:.40}.") from None
    return value


def _object(value: dict[Any, Any], depth: int) -> Json:
    copied: dict[str, Json] = {}
    name: Any = None
    try:
        for name, item in value.items():
            if type(name) is not str:
                break
            copied[name if name.isascii() else _text(name)] = _copied(item, depth)
        else:
            return copied
    except _Fault as fault:
        fault.path.append(f".{name!s:.40}")
        raise
    raise _Fault(f"the key {name!r:.40} is no text.")


def _list(value: list[Any] | tuple[Any, ...], depth: int) -> Json:
    copied: list[Json] = []
    try:
        for item in value:
            # The length tells which failed. Most of what lists hold is text.
            copied.append(item if type(item) is str and item.isascii() else _copied(item, depth))
    except _Fault as fault:
        fault.path.append(f"[{len(copied)}]")
        raise
    return copied


def _other(value: Any, depth: int) -> Json:
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return _copied(dump(mode="json"), depth)
    if isinstance(value, msgspec.Struct) or hasattr(type(value), "__dataclass_fields__"):
        return _copied(msgspec.to_builtins(value, builtin_types=(bytes, bytearray)), depth)
    for plain in (str, bool, int, float):
        if isinstance(value, plain):
            return _copied(plain(value), depth)
    if isinstance(value, Mapping):
        return _copied(dict(value), depth)
    kind = type(value)
    raise _Fault(
        f"{kind.__module__}.{kind.__qualname__} is no JSON value: {value!r:.80}. "
        "Return text, numbers, booleans, null, lists and objects with text keys."
    )


def checked_output(value: Any, *, of: str, name: str) -> Json:
    """Return as JSON the output of what is called `name`; `of` says what that is.

    Raises:
        NotJson: it is none, or it is larger than an output may be.
    """
    try:
        output = to_json(value)
    except NotJson as error:
        raise NotJson(
            f"{of} {name!r} returned what JSON cannot hold. {error}", code="not_json"
        ) from None
    if isinstance(output, (str, list, dict)) and _may_be_large(output):
        size = len(msgspec.msgpack.encode(output))
        if size > limits.OUTPUT_BYTES_MAX:
            raise NotJson(
                f"{of} {name!r} returned {size} bytes; at most {limits.OUTPUT_BYTES_MAX} are "
                "allowed. Write large results to a file and return where they are.",
                code="output_too_large",
            )
    return output


def _may_be_large(output: Json) -> bool:
    """Encoding is only worth its time when the top of the value does not already look small."""
    if isinstance(output, str):
        return len(output) > limits.PAYLOAD_BYTES_INLINE_MAX
    if isinstance(output, dict):
        for item in output.values():
            if isinstance(item, (str, list, dict)) and len(item) > 64:
                return True
        return False
    return isinstance(output, list) and bool(output)
