"""What an item must be before it is kept."""

import math
from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.memory.items import (
    DATA_BYTES_MAX,
    KEY_CHARS_MAX,
    TEXT_CHARS_MAX,
    MemoryItem,
    MemoryKind,
)

_AS_IT_IS: Final = msgspec.msgpack.Decoder(MemoryItem)


def check(item: MemoryItem, vector: Sequence[float] = ()) -> None:
    """Return when the item may be kept.

    Raises:
        Rejected: it is beyond a limit, or holds what no store can keep; the message says what.
    """
    wrong = _wrong_with(item)
    if not wrong and vector and not math.isfinite(math.fsum(map(abs, vector))):
        wrong = "its vector holds a number that is not finite"
    if wrong:
        raise Rejected(f"Memory item {item.id!r} cannot be kept: {wrong}.")


def _wrong_with(item: MemoryItem) -> str:
    wrong = _not_encodable(item)
    if wrong:
        return wrong
    if not item.id:
        return "it has no id"
    if not item.text.strip():
        return "its text is empty"
    if len(item.text) > TEXT_CHARS_MAX:
        return (
            f"its text has {len(item.text)} characters, and {TEXT_CHARS_MAX} is the most; "
            "put a document into a collection"
        )
    if len(item.key) > KEY_CHARS_MAX:
        return f"its key has {len(item.key)} characters, and {KEY_CHARS_MAX} is the most"
    if not 0 <= item.importance <= 1:
        return f"its importance is {item.importance}, and it goes from 0 to 1"
    return ""


def _not_encodable(item: MemoryItem) -> str:
    """Return why the item is not what its type says, or too large; nothing holds untyped code back
    from making such a one."""
    if item.kind not in get_args(MemoryKind):
        return f"there is no kind {item.kind!r}; choose of {', '.join(get_args(MemoryKind))}"
    try:
        size = len(msgspec.msgpack.encode(item.data))
        _AS_IT_IS.decode(msgspec.msgpack.encode(item))
    except msgspec.ValidationError as error:
        return f"it holds something of another type ({error})"
    except (ValueError, TypeError, OverflowError) as error:
        return f"it cannot be encoded ({error})"
    if size > DATA_BYTES_MAX:
        return f"its data takes {size} bytes, and {DATA_BYTES_MAX} is the most"
    return ""
