"""What a tool of a server gave back, as JSON for an agent."""

from base64 import b64decode
from typing import Any, Final

import msgspec

from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import Json

TEXT_CHARS_MAX: Final = 256 * 1024
"""Of all texts of one result; the rest is cut off, and that is said."""

_ERROR_CHARS_MAX: Final = 2_000


def value_of(result: Any) -> Json:
    """Return the value of a `CallToolResult`.

    Structured content is the value as it is. Without it, texts are the value, as one text; where
    there are other parts, `{"content": [...]}` holds a summary of each: the kind and size of an
    image or sound, the address of a resource. Both: `{"data": ..., "content": [...]}`.

    Raises:
        Fatal: the tool says that it failed; the message is its own.
    """
    if result.is_error:
        said = _texts(result.content)[:_ERROR_CHARS_MAX].strip()
        if not said and result.structured_content is not None:
            said = msgspec.json.encode(result.structured_content).decode()[:_ERROR_CHARS_MAX]
        raise Fatal(said or "The tool failed and did not say why.", code="tool_error")
    others = any(part.type != "text" for part in result.content)
    data: Json = result.structured_content
    if data is not None:
        data = _of_bearable_size(data)
        if not others:
            return data
        return {"data": data, "content": [_part(p) for p in result.content if p.type != "text"]}
    if others:
        room = TEXT_CHARS_MAX
        parts: list[Json] = []
        for part in result.content:
            summary = _part(part, room)
            room = max(0, room - len(str(summary.get("text", ""))))
            parts.append(summary)
        return {"content": parts}
    return _cut(_texts(result.content), TEXT_CHARS_MAX) if result.content else None


def _texts(content: list[Any]) -> str:
    return "\n".join(part.text for part in content if part.type == "text")


def _cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    return f"{text[:room]}\n[cut off: {room} of {len(text)} characters]"


def _of_bearable_size(data: Json) -> Json:
    encoded = msgspec.json.encode(data)
    if len(encoded) <= TEXT_CHARS_MAX:
        return data
    return _cut(encoded.decode(), TEXT_CHARS_MAX)


def _part(part: Any, room: int = TEXT_CHARS_MAX) -> dict[str, Json]:
    match part.type:
        case "text":
            return {"type": "text", "text": _cut(part.text, room)}
        case "image" | "audio":
            return {"type": part.type, "mime_type": part.mime_type, "bytes": _size(part.data)}
        case "resource_link":
            told = {
                "uri": str(part.uri),
                "name": part.name,
                "description": part.description,
                "mime_type": part.mime_type,
                "bytes": part.size,
            }
        case _:
            resource = part.resource
            told = {"uri": str(resource.uri), "mime_type": resource.mime_type}
            if hasattr(resource, "text"):
                told["text"] = _cut(resource.text, room)
            else:
                told["bytes"] = _size(resource.blob)
    return {"type": part.type, **{name: v for name, v in told.items() if v is not None}}


def _size(data: str) -> int:
    """Return how many bytes base64 stands for; what is no base64 counts as it is."""
    try:
        return len(b64decode(data, validate=True))
    except ValueError:
        return len(data)
