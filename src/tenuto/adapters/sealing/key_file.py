"""A file of keys that only its owner may read, one in each line, the one in use first."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tenuto.core.errors import PortError


class KeyFile:
    """The file at a path; it is made with one key when it is first read."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._known: tuple[tuple[int, ...], list[str]] | None = None

    def keys(self) -> list[str]:
        """Return the keys, the one in use first. A file that did not change is not read again.

        Raises:
            PortError: the file cannot be read or made, or others may read it.
        """
        try:
            if not self.path.exists():
                self._make()
            state = self._checked()
            if self._known is None or self._known[0] != state:
                self._known = state, self.path.read_text(encoding="ascii").split()
            return list(self._known[1])
        except (OSError, ValueError) as error:
            raise PortError(f"The key file {self.path} cannot be used: {error}.") from None

    def add(self) -> str:
        """Return a new key that is used from now on; the others still open what they sealed.

        Raises:
            PortError: the file cannot be written.
        """
        made = new_key()
        self._write([made, *self.keys()])
        return made

    def keep_first(self) -> int:
        """Return how many keys were forgotten: all but the one in use.

        Raises:
            PortError: the file cannot be written.
        """
        keys = self.keys()
        self._write(keys[:1])
        return len(keys) - 1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process change the keys meanwhile.

        Raises:
            PortError: another one does so now.
        """
        # The folder is locked, for the file is replaced by another one with each change.
        try:
            folder = os.open(self.path.absolute().parent, os.O_RDONLY)
        except OSError as error:
            raise PortError(f"The key file {self.path} cannot be used: {error}.") from None
        try:
            _lock(folder, self.path)
            yield
        finally:
            os.close(folder)

    def _make(self) -> None:
        """Make the file whole: another process that starts now reads all of it, or makes none."""
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")
        _write_private(draft, [new_key()])
        try:
            with suppress(FileExistsError):
                os.link(draft, self.path)
        finally:
            draft.unlink()

    def _checked(self) -> tuple[int, ...]:
        """Return what tells this state of the file from others."""
        found = self.path.stat()
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o077:
            raise PortError(
                f"Others may read the key file {self.path} (mode {mode:o}): chmod 600 {self.path}"
            )
        return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size

    def _write(self, keys: list[str]) -> None:
        """Replace the file at once: a crash leaves the old one or the new one."""
        temporary = self.path.with_name(self.path.name + ".new")
        try:
            temporary.unlink(missing_ok=True)
            _write_private(temporary, keys)
            temporary.replace(self.path)
            # Nothing may be sealed with a key whose file a power cut could undo.
            folder = os.open(self.path.absolute().parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise PortError(f"The key file {self.path} cannot be written: {error}.") from None


def _lock(folder: int, path: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PortError(
            f"Another process changes the keys in {path} now; try again when it has ended."
        ) from None
    except OSError as error:
        raise PortError(f"The folder of {path} cannot be locked: {error}.") from None


def _write_private(path: Path, keys: list[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())


def new_key() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)
