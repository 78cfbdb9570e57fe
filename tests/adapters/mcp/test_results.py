"""What a server's tool gives back, and what an agent gets of it."""

from base64 import b64encode
from typing import Any

import pytest
from mcp_types import CallToolResult

from tenuto.adapters.mcp.results import TEXT_CHARS_MAX, value_of
from tenuto.core.errors import Fatal

IMAGE = {"type": "image", "mimeType": "image/png", "data": b64encode(bytes(300)).decode()}
LINK = {"type": "resource_link", "uri": "file:///a.txt", "name": "a.txt", "mimeType": "text/plain"}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def result(*content: dict[str, Any], **parts: Any) -> CallToolResult:
    return CallToolResult.model_validate({"content": list(content), **parts})


def test_texts_are_one_text() -> None:
    assert value_of(result(text("one"), text("two"))) == "one\ntwo"


def test_nothing_is_null() -> None:
    assert value_of(result()) is None


def test_structured_content_is_the_value_and_its_text_is_not_said_twice() -> None:
    found = value_of(result(text('{"sum": 3}'), structuredContent={"sum": 3}))

    assert found == {"sum": 3}


def test_images_sounds_and_resources_are_summed_up() -> None:
    sound = {"type": "audio", "mimeType": "audio/wav", "data": "not base64!"}
    words = {"type": "resource", "resource": {"uri": "file:///b.txt", "text": "words"}}
    bits = {"type": "resource", "resource": {"uri": "file:///c.bin", "blob": "AAAA"}}

    found = value_of(result(text("look"), IMAGE, sound, LINK, words, bits))

    assert found == {
        "content": [
            {"type": "text", "text": "look"},
            {"type": "image", "mime_type": "image/png", "bytes": 300},
            {"type": "audio", "mime_type": "audio/wav", "bytes": 11},
            {
                "type": "resource_link",
                "uri": "file:///a.txt",
                "name": "a.txt",
                "mime_type": "text/plain",
            },
            {"type": "resource", "uri": "file:///b.txt", "text": "words"},
            {"type": "resource", "uri": "file:///c.bin", "bytes": 3},
        ]
    }


def test_structured_content_with_an_image_keeps_both() -> None:
    found = value_of(result(text("{}"), IMAGE, structuredContent={"a": 1}))

    assert found == {
        "data": {"a": 1},
        "content": [{"type": "image", "mime_type": "image/png", "bytes": 300}],
    }


def test_an_error_of_the_tool_is_its_text() -> None:
    with pytest.raises(Fatal, match=r"^the shop is closed$") as raised:
        value_of(result(text("the shop is closed"), isError=True))

    assert raised.value.code == "tool_error"


def test_an_error_without_a_text_is_what_else_there_is() -> None:
    with pytest.raises(Fatal, match='why":"closed'):
        value_of(result(isError=True, structuredContent={"why": "closed"}))
    with pytest.raises(Fatal, match="did not say why"):
        value_of(result(IMAGE, isError=True))


def test_what_is_too_long_is_cut_off_and_says_so() -> None:
    long = "x" * (TEXT_CHARS_MAX + 10)

    alone: Any = value_of(result(text(long)))
    shared: Any = value_of(result(text(long), text("more"), IMAGE))
    data: Any = value_of(result(structuredContent={"long": long}))

    said = f"\n[cut off: {TEXT_CHARS_MAX} of {TEXT_CHARS_MAX + 10} characters]"
    assert alone.endswith(said)
    assert shared["content"][0]["text"].endswith(said)
    assert shared["content"][1]["text"] == "\n[cut off: 0 of 4 characters]"
    assert data.startswith('{"long":"xxx')
    assert len(data) < TEXT_CHARS_MAX + 100
