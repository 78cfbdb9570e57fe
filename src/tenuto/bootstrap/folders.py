"""Which folders of this machine the inputs of sessions may name."""

import os
from pathlib import Path
from typing import Final

from tenuto.bootstrap.collections import is_collection
from tenuto.core.errors import Fatal

FOLDERS: Final = "TENUTO_FOLDERS"
"""The environment variable that lists them, as PATH lists folders. Not set: all."""


def check_folder(path: str | Path) -> None:
    """Return when a session may read and write at `path`, which came with its inputs, or when it is
    the name of a collection.

    On one's own machine that is everywhere. Who serves others says where, in `TENUTO_FOLDERS`:
    `tenuto serve` without `--dev` names no folder but those of `--allow-folder`.

    Raises:
        Fatal: it lies in none of these folders.
    """
    listed = os.environ.get(FOLDERS)
    if listed is None or is_collection(str(path)):
        return
    real = Path(path).expanduser().resolve()
    allowed = [Path(one).expanduser().resolve() for one in listed.split(os.pathsep) if one]
    if not any(real.is_relative_to(folder) for folder in allowed):
        raise Fatal(
            f"{str(path)!r:.200} lies in no folder that sessions of this process may use. Name a "
            "collection instead; or whoever serves allows it: tenuto serve --allow-folder DIR.",
            code="folder_not_allowed",
        )
