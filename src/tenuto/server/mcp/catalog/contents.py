"""Contents of files for clients: as text where they are text, else as base64."""

import base64
import mimetypes
import os
from pathlib import Path
from typing import Final

import mcp_types as types

from tenuto.core.errors import NotFound, Rejected

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A larger file is not given: an answer is one message."""

_TEXT: Final = "text/plain"
_BYTES: Final = "application/octet-stream"
_NEVER_TEXT: Final = ("image/", "audio/", "video/", "font/")
_XML_IMAGES: Final = "image/svg+xml"


def read_file(path: Path, name: str) -> bytes:
    """Return what a file holds; people know it as `name`.

    Raises:
        NotFound: there is no such file, or it cannot be read.
        Rejected: it is too large.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            found = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise NotFound(what="file", name=name, hint=f"{error.strerror}.") from None
    if len(found) > FILE_BYTES_MAX:
        raise Rejected(
            f"{name!r:.200} has {max(size, len(found)):,} bytes; at most {FILE_BYTES_MAX:,} "
            "are given in one answer."
        )
    return found


def mime_type_of(name: str, given: str = "") -> str:
    """Return the media type that is given, or that the name says; "" where it says none."""
    return given or mimetypes.guess_type(name, strict=False)[0] or ""


def contents_of(
    uri: str, found: bytes, mime_type: str
) -> types.TextResourceContents | types.BlobResourceContents:
    """Return contents as a resource has them."""
    if not mime_type.startswith(_NEVER_TEXT) or mime_type == _XML_IMAGES:
        try:
            text = found.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            return types.TextResourceContents(uri=uri, mime_type=mime_type or _TEXT, text=text)
    blob = base64.b64encode(found).decode()
    return types.BlobResourceContents(uri=uri, mime_type=mime_type or _BYTES, blob=blob)
