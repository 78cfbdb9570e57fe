"""Texts in bodies: as they are, or as JSON with the text within it."""

from typing import Final

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType

from tenuto.server.asked import Call
from tenuto.server.problems import ProblemError

YAML: Final = ("application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml", "text/plain")
JSON: Final = "application/json"


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text, and of which media type it is."""

    text: str
    media_type: str
    note: str = ""


class _Wrapped(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    text: str
    note: str = ""


async def text_in(request: Call) -> Text:
    """Return the text in the body: YAML, JSON, or JSON as `{"text": …, "note": …}`.

    Raises:
        ProblemError: it is of another kind, or no UTF-8.
    """
    media_type = request.content_type[0].lower()
    body = await request.body()
    if media_type not in (*YAML, JSON):
        raise ProblemError(
            "unsupported_media_type",
            f"The body is {media_type or 'of no stated type'}; "
            "send application/yaml, text/yaml or application/json.",
        )
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ProblemError("bad_request", f"The body is no UTF-8 text: {error.reason}.") from None
    if media_type != JSON:
        return Text(text=text, media_type="application/yaml")
    try:
        wrapped = msgspec.json.decode(body, type=_Wrapped)
    except (msgspec.DecodeError, RecursionError):
        return Text(text=text, media_type=JSON)
    return Text(text=wrapped.text, media_type="application/yaml", note=wrapped.note)


class TakesText(Operation):
    """Describes a route whose body is a text, for OpenAPI."""

    def __post_init__(self) -> None:
        """Say what the body may be."""
        text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        data = OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT))
        self.request_body = RequestBody(
            required=True,
            content={"application/yaml": text, "text/yaml": text, JSON: data},
        )
