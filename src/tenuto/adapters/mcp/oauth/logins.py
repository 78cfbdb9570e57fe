"""The files of those who signed in to servers, in a folder that only their owner may read."""

import asyncio
import hashlib
import os
import re
import secrets
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from tenuto.core.errors import Escalatable

LOCK_SECONDS_MAX: Final = 30.0
_LOCK_PAUSE_S: Final = 0.05


class Granted(msgspec.Struct, kw_only=True):
    """What was granted at one server, and what it takes to have it renewed."""

    url: str = ""
    token: dict[str, Any] = {}
    expires_s: float = 0.0
    """When the access token ends, as a Unix time; 0 where nobody said it."""
    client: dict[str, Any] = {}
    """The client that was registered for this."""
    metadata: dict[str, Any] = {}
    """Of the authorization server: a refresh goes there, and nowhere else."""
    resource: dict[str, Any] = {}
    authorization_server: str = ""


class Logins:
    """The folder; it is made with the first login."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def path(self, url: str) -> Path:
        """Return the file of the login at `url`."""
        host = re.sub(r"[^A-Za-z0-9.-]", "_", url.partition("://")[2].partition("/")[0])[:80]
        return self.folder / f"{host}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"

    def read(self, url: str) -> Granted | None:
        """Return what was granted at `url`; None where nobody signed in.

        Raises:
            Escalatable: the file cannot be used, or others may read it.
        """
        path = self.path(url)
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                    raise Escalatable(
                        f"Others may read {path}, which holds tokens. Take that right from them, "
                        f"as chmod 600 {path}, then approve to try again.",
                        code="sign_in",
                    )
                found = msgspec.json.decode(file.read(), type=Granted)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise Escalatable(
                f"The login in {path} cannot be read: {error}. Sign in anew, as tenuto mcp-login "
                f"{url}, then approve to try again.",
                code="sign_in",
            ) from None
        return found if found.url == url else None

    def write(self, granted: Granted) -> None:
        """Keep what was granted; whoever reads sees all of it or nothing.

        Raises:
            Escalatable: it cannot be written.
        """
        path = self.path(granted.url)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(granted))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise Escalatable(
                f"The login cannot be kept in {path}: {error.strerror}. Mend it, or name another "
                "folder in TENUTO_MCP_LOGINS, then approve to try again.",
                code="sign_in",
            ) from None

    def remove(self, url: str) -> bool:
        """Return whether there was a login at `url`; it is gone."""
        try:
            self.path(url).unlink()
        except FileNotFoundError:
            return False
        return True

    def all(self) -> Iterator[Granted]:
        """Give what was granted, by address; what cannot be read is left out."""
        found = []
        for path in self.folder.glob("*.json"):
            with suppress(OSError, msgspec.DecodeError):
                found.append(msgspec.json.decode(path.read_bytes(), type=Granted))
        yield from sorted(found, key=lambda granted: granted.url)

    @asynccontextmanager
    async def alone(self, url: str) -> AsyncIterator[None]:
        """Let no other process renew the tokens of `url` meanwhile: a refresh token is good once,
        and a second use may take everything back. Where nobody lets go, it is done all the same."""
        descriptor = self._lock_file(url)
        if descriptor is None:
            yield
            return
        import fcntl

        try:
            waited_s = 0.0
            while waited_s < LOCK_SECONDS_MAX:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await asyncio.sleep(_LOCK_PAUSE_S)
                waited_s += _LOCK_PAUSE_S
            yield
        finally:
            os.close(descriptor)

    def _lock_file(self, url: str) -> int | None:
        """Return a file to be locked, or None where there are no locks, or no login."""
        if sys.platform == "win32" or not self.path(url).exists():
            return None
        try:
            return os.open(self.path(url).with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return None
