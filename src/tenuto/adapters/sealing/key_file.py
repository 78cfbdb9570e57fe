"""A file of keys that only its owner may read, one in each line, the one in use first."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from tenuto.core.errors import PortError


class KeyFile:
    """The file at a path; it is made with one key when it is first read."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def keys(self) -> list[str]:
        """Return the keys, the one in use first.

        Raises:
            PortError: the file cannot be read or made, or others may read it.
        """
        try:
            if not self.path.exists():
                self._make()
            self._check_mode()
            return self.path.read_text(encoding="ascii").split()
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

    def _make(self) -> None:
        """Make the file whole: another process that starts now reads all of it, or makes none."""
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")
        _write_private(draft, [new_key()])
        try:
            with suppress(FileExistsError):
                os.link(draft, self.path)
        finally:
            draft.unlink()

    def _check_mode(self) -> None:
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & 0o077:
            raise PortError(
                f"Others may read the key file {self.path} (mode {mode:o}): chmod 600 {self.path}"
            )

    def _write(self, keys: list[str]) -> None:
        """Replace the file at once: a crash leaves the old one or the new one."""
        temporary = self.path.with_name(self.path.name + ".new")
        try:
            temporary.unlink(missing_ok=True)
            _write_private(temporary, keys)
            temporary.replace(self.path)
        except OSError as error:
            raise PortError(f"The key file {self.path} cannot be written: {error}.") from None


def _write_private(path: Path, keys: list[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())


def new_key() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)
