"""Reads what an MCP server offers beside its workflows."""

import os
from pathlib import Path

import msgspec

from tenuto.core.errors import NotFound, Rejected
from tenuto.server.mcp.catalog.entries import Catalog, ResourceEntry
from tenuto.server.mcp.catalog.reading import read_catalog

FILES_URI = "tenuto://files/{+path}"
"""Where the files of a folder are that is given without a catalogue."""


def load_catalog(path: str | None, folder: str | None = None) -> Catalog:
    """Return the catalogue in a YAML or JSON file, and the files of `folder` beside it.

    Raises:
        NotFound: there is no such file or folder.
        DefinitionError: the file is wrong; every problem is named with line and column.
    """
    catalog = Catalog() if path is None else _read(path)
    if folder is None:
        return catalog
    if not os.path.isdir(folder):
        raise NotFound(what="folder", name=folder)
    files = ResourceEntry(uri=FILES_URI, name="files", folder=os.path.abspath(folder))
    return msgspec.structs.replace(catalog, resources=(*catalog.resources, files))


def _read(path: str) -> Catalog:
    from tenuto.adapters.yaml import parse_yaml

    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise NotFound(what="catalogue", name=path, hint=f"{error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise Rejected(f"{path}: the file is not UTF-8 text: {error.reason}.") from None
    data, place = parse_yaml(text, path)
    root = Path(path).absolute().parent
    return read_catalog(data, root=root, file=path, place=place)
