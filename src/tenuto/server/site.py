"""The built web UI: its files as they are sent. They lie in `web/` beside this module, where
`scripts/web.py` puts them; a wheel has them.

Every file but the page has a digest in its name, so it is sent to be kept for ever. Beside each
that is worth it lie the same bytes compressed, as `.br` and `.gz`.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parent / "web"
"""Where the build puts the files."""
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}

NOT_BUILT: Final = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Tenuto</title>
<link rel="stylesheet" href="/docs/style.css"></head>
<body><main><h1>The web UI is not built in this checkout</h1>
<p>Install Node.js 20.19 or newer, run <code>python scripts/web.py</code>, and load this page again.
Wheels of Tenuto have it built in.</p>
<p>Meanwhile there are <a href="/docs">the routes of the API</a>.</p></main></body></html>
"""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is sent."""

    body: bytes
    media_type: str
    encoding: str
    """As `Content-Encoding` names it; empty: as it is."""


class Site:
    """The files of a build. What was read is kept until another build takes its place."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._built_ns = 0
        self._kept: dict[tuple[str, str], Sent | None] = {}

    def page(self, accepted: str) -> Sent | None:
        """Return the page that all screens begin with, or None where nothing is built. `accepted`
        is the request's `Accept-Encoding`."""
        try:
            built_ns = (self._folder / "index.html").stat().st_mtime_ns
        except OSError:
            return None
        if built_ns != self._built_ns:
            self._kept.clear()
            self._built_ns = built_ns
        return self._sent("index.html", accepted)

    def asset(self, name: str, accepted: str) -> Sent | None:
        """Return a file that the page names, or None where there is none of that name."""
        if "/" in name or "\\" in name or name.startswith("."):
            return None
        return self._sent(f"assets/{name}", accepted)

    def _sent(self, name: str, accepted: str) -> Sent | None:
        offered = {part.partition(";")[0].strip() for part in accepted.lower().split(",")}
        for encoding, ending in _ENCODINGS:
            if encoding in offered:
                found = self._read(name, ending, encoding)
                if found is not None:
                    return found
        return self._read(name, "", "")

    def _read(self, name: str, ending: str, encoding: str) -> Sent | None:
        key = name, encoding
        if key not in self._kept:
            try:
                body = (self._folder / f"{name}{ending}").read_bytes()
            except OSError:
                # Not kept: names of files that are none are anybody's to make up.
                return None
            self._kept[key] = Sent(body=body, media_type=_type_of(name), encoding=encoding)
        return self._kept[key]


def _type_of(name: str) -> str:
    return (
        _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
