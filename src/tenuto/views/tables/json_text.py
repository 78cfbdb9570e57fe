"""Values as the JSON that a row holds, cut where they are large."""

import hashlib
from typing import Final

import msgspec

from tenuto.core.limits import PAYLOAD_BYTES_INLINE_MAX
from tenuto.core.vocabulary import Json
from tenuto.views.excerpts import excerpt

JSON_BYTES_MAX: Final = 16 * 1024
"""What is larger stands in the log alone."""
EXCERPT_CHARS: Final = 1_000

_json: Final = msgspec.json.Encoder()
_packed: Final = msgspec.msgpack.Encoder()


def json_text(value: Json) -> str:
    """Return `value` as JSON; where that is too large, `{"excerpt", "bytes"}` and, where the log
    keeps it as an artifact, its `artifact`: the digest."""
    text = _json.encode(value)
    if len(text) <= JSON_BYTES_MAX:
        return text.decode()
    cut: dict[str, Json] = {"excerpt": excerpt(value, EXCERPT_CHARS), "bytes": len(text)}
    packed = _packed.encode(value)
    if len(packed) > PAYLOAD_BYTES_INLINE_MAX:
        cut["artifact"] = hashlib.sha256(packed).hexdigest()
    return _json.encode(cut).decode()


def plain_text(value: Json) -> str:
    """Return `value` as text, a text (or an agent's answer that is one) as it is, cut to what a
    row holds."""
    if isinstance(value, dict) and value.keys() == {"text"}:
        value = value["text"]
    text = value if isinstance(value, str) else _json.encode(value).decode()
    return text if len(text) <= JSON_BYTES_MAX else text[: JSON_BYTES_MAX - 1] + "…"
