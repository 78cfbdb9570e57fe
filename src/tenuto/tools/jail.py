"""A folder that nobody gets out of.

Each part of a path is opened within the folder before it, and none may be a link, so whatever
happens to the folder meanwhile, what is open lies within it. Comparing the names of resolved paths
would leave a moment between the comparison and the opening.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tenuto

_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Without waiting: opening a pipe that nobody writes to would never return."""

HERE: Final = "."


class Jail:
    """One folder, and what can be done within it. Paths are relative, with `/`."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
            raise tenuto.Rejected("Files can be kept within a folder on Linux and macOS only.")
        if not os.fspath(folder):
            raise tenuto.Rejected("Name the folder; '.' is the present one.")
        self.folder = Path(os.path.abspath(folder))

    @contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """Give a descriptor of the folder at `path`.

        Raises:
            Fatal: there is no such folder within this one.
        """
        try:
            here = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise tenuto.Fatal(
                f"The folder of this tool cannot be opened: {error.strerror}.", code="folder"
            ) from None
        try:
            for part in parts_of(path):
                here = _stepped(here, part, path)
            yield here
        finally:
            os.close(here)

    def read(self, path: str, bytes_max: int) -> tuple[bytes, int]:
        """Return the first `bytes_max` bytes of a file, and its size.

        Raises:
            Fatal: there is no such file within the folder.
        """
        above, name = split(path)
        with self.opened(above) as folder:
            try:
                number = os.open(name, _FILE, dir_fd=folder)
            except OSError as error:
                raise _not_there(path, error) from None
            found = os.fstat(number)
            if not stat.S_ISREG(found.st_mode):
                os.close(number)
                raise tenuto.Fatal(f"{path!r:.200} is no file.", code="no_file")
            with os.fdopen(number, "rb") as file:
                return file.read(bytes_max), found.st_size

    def write(self, path: str, content: bytes) -> None:
        """Make `content` all that the file holds; missing folders are made. Whoever reads
        meanwhile sees the old file or the new one.

        Raises:
            Fatal: it cannot be written within the folder.
        """
        above, name = split(path)
        self._make_folders(above)
        with self.opened(above) as folder:
            draft = f".{secrets.token_hex(8)}.part"
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                number = os.open(draft, flags, 0o644, dir_fd=folder)
                try:
                    with os.fdopen(number, "wb") as file:
                        file.write(content)
                    # A link of that name is replaced, and what it leads to is left alone.
                    os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    os.unlink(draft, dir_fd=folder)
                    raise
            except OSError as error:
                raise _not_there(path, error) from None

    def walk(self, path: str, *, deep: bool) -> Iterator[tuple[str, os.stat_result]]:
        """Yield path and facts of all that lies below `path`, by name, folders before what they
        hold. Links are not followed, nor hidden files left out."""
        with self.opened(path) as top:
            prefix = "/".join(parts_of(path))
            for place, folders, files, folder in os.fwalk(HERE, dir_fd=top, follow_symlinks=False):
                folders.sort()
                inner = place.removeprefix(HERE).strip("/")
                for name in sorted([*folders, *files]):
                    try:
                        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    except OSError:
                        continue  # It was there a moment ago.
                    yield "/".join(filter(None, (prefix, inner, name))), facts
                if not deep:
                    return

    def _make_folders(self, path: str) -> None:
        done = ""
        for part in parts_of(path):
            with self.opened(done) as folder:
                try:
                    os.mkdir(part, 0o755, dir_fd=folder)
                except FileExistsError:
                    pass  # If it is no folder, the next step says so.
                except OSError as error:
                    raise _not_there(path, error) from None
            done = f"{done}/{part}".strip("/")


def parts_of(path: str) -> list[str]:
    """Return the parts of a path below the folder; none for the folder itself.

    Raises:
        Fatal: it is absolute, or leads out.
    """
    parts = [part for part in path.split("/") if part not in ("", HERE)]
    if path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise tenuto.Fatal(
            f"The path {path!r:.200} leads out of the folder; give one relative to it, as "
            "'notes/today.md'.",
            code="outside",
        )
    return parts


def split(path: str) -> tuple[str, str]:
    """Return the folder of a file, and its name.

    Raises:
        Fatal: the path names no file within the folder.
    """
    parts = parts_of(path)
    if not parts:
        raise tenuto.Fatal(f"The path {path!r:.200} names no file.", code="no_file")
    return "/".join(parts[:-1]), parts[-1]


def _stepped(here: int, part: str, path: str) -> int:
    """Return a descriptor of the folder `part` in place of the one of the folder that holds it."""
    try:
        following = os.open(part, _FOLDER, dir_fd=here)
    except OSError as error:
        raise _not_there(path, error) from None
    os.close(here)
    return following


def _not_there(path: str, error: OSError) -> tenuto.Fatal:
    # A link in the way says ELOOP or ENOTDIR; to the model it is just not there.
    said = error.strerror or type(error).__name__
    return tenuto.Fatal(f"{path!r:.200} cannot be used within the folder: {said}.", code="no_file")
