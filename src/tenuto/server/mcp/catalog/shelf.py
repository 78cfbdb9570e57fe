"""Resources of a catalogue: lists them, reads them, completes their addresses."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import mcp_types as types
from mcp.shared.path_security import PathEscapeError, safe_join
from mcp.shared.uri_template import UriTemplate

from tenuto.core.errors import NotFound, Rejected
from tenuto.server.mcp.catalog.contents import contents_of, mime_type_of, read_file
from tenuto.server.mcp.catalog.entries import Catalog, ResourceEntry
from tenuto.server.mcp.catalog.filling import VALUE_CHARS_MAX, filled
from tenuto.server.mcp.catalog.reading import PATH_VARIABLE

FILES_LISTED_MAX: Final = 10_000
"""Of one folder. More can be read, and are not listed."""
_JSON_ENDINGS: Final = ("/json", "+json")

Contents: TypeAlias = types.TextResourceContents | types.BlobResourceContents


class Shelf:
    """What the owner has given to read. Nothing else of the machine can be reached.

    Of a folder no file is given that lies outside of it, links followed, or has a part that begins
    with a dot."""

    def __init__(self, catalog: Catalog) -> None:
        self._root = catalog.root
        self._entries = [(entry, UriTemplate.parse(entry.uri)) for entry in catalog.resources]

    def templates(self) -> list[types.ResourceTemplate]:
        """Return the resources that have variables in their addresses."""
        return [
            types.ResourceTemplate(
                uri_template=entry.uri,
                name=entry.name or entry.uri,
                title=entry.title or None,
                description=entry.description or None,
                mime_type=entry.mime_type or None,
            )
            for entry, template in self._entries
            if template.variable_names
        ]

    async def listed(self) -> list[types.Resource]:
        """Return the resources that have an address of their own, files of folders too."""
        return await asyncio.to_thread(list, self._all())

    def _all(self) -> Iterator[types.Resource]:
        for entry, template in self._entries:
            if entry.folder is not None:
                for path in self._files(entry.folder):
                    yield _resource(entry, template.expand({PATH_VARIABLE: path}), path)
            elif not template.variable_names:
                yield _resource(entry, entry.uri, entry.name or entry.uri)

    def _files(self, folder: str) -> Iterator[str]:
        """Yield the paths of files below a folder, in order."""
        base = self._root / folder
        count = 0
        for where, folders, files in os.walk(base):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(where, name).relative_to(base).as_posix()
                if name.startswith(".") or self._inside(base, path) is None:
                    continue
                yield path
                count += 1
                if count >= FILES_LISTED_MAX:
                    return

    def _inside(self, base: Path, path: str) -> Path | None:
        """Return the file that `path` leads to, or None: it is none, or not for clients."""
        if any(part.startswith(".") for part in path.replace("\\", "/").split("/")):
            return None
        try:
            found = safe_join(base, path)
        except (PathEscapeError, OSError, ValueError):
            return None
        return found if found.is_file() else None

    async def read(self, uri: str) -> Contents | None:
        """Return the contents of a resource; None where the catalogue has none of that address.

        Raises:
            NotFound: the file is not there.
            Rejected: it, or a value in the address, is too large.
        """
        for entry, template in self._entries:
            values = template.match(uri)
            if values is None:
                continue
            texts = {
                name: value if isinstance(value, str) else "/".join(value)
                for name, value in values.items()
            }
            if any(len(value) > VALUE_CHARS_MAX for value in texts.values()):
                raise Rejected(f"A value in {uri!r:.80} has over {VALUE_CHARS_MAX:,} characters.")
            if entry.text is not None:
                return _text(uri, entry, texts)
            return await asyncio.to_thread(self._file, uri, entry, texts)
        return None

    def _file(self, uri: str, entry: ResourceEntry, values: dict[str, str]) -> Contents:
        if entry.folder is None:
            assert entry.file is not None, "a resource has one source"
            name, path = entry.file, self._root / entry.file
        else:
            name = values.get(PATH_VARIABLE, "")
            inside = self._inside(self._root / entry.folder, name)
            if inside is None:
                raise NotFound(what="file", name=name)
            path = inside
        return contents_of(uri, read_file(path, name), mime_type_of(name, entry.mime_type))

    async def complete(self, template: str, variable: str, beginning: str) -> list[str]:
        """Return values of a template's variable that begin so: paths of files."""
        for entry, _ in self._entries:
            if entry.uri == template and entry.folder is not None and variable == PATH_VARIABLE:
                paths = await asyncio.to_thread(list, self._files(entry.folder))
                return [path for path in paths if path.startswith(beginning)]
        return []


def _resource(entry: ResourceEntry, uri: str, name: str) -> types.Resource:
    of = entry.file if entry.file is not None else name
    mime_type = mime_type_of(of if entry.text is None else "", entry.mime_type)
    return types.Resource(
        uri=uri,
        name=name,
        title=entry.title or None,
        description=entry.description or None,
        mime_type=mime_type or None,
    )


def _text(uri: str, entry: ResourceEntry, values: dict[str, str]) -> types.TextResourceContents:
    assert entry.text is not None, "asked for a text"
    mime_type = entry.mime_type or "text/plain"
    text = filled(entry.text, values, as_json=mime_type.endswith(_JSON_ENDINGS))
    return types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
