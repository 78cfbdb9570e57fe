"""The sealed records of a database and their keys, also beside a server that has it open."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Final

from tenuto.adapters.sealing import KeyFile
from tenuto.adapters.sealing.aes_gcm import KEY_VARIABLE, keys_of_environment, name_of
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.fencing import key_file_of, no_key, safe_of
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.stores import beside
from tenuto.core.errors import Rejected
from tenuto.server.rotating import Rotation
from tenuto.server.secrets import Secrets

_IN_MEMORY: Final = "Secrets in memory end with their server; name a file, as sqlite:///a.db."


class FileKeys:
    """`Keys` in a key file."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file

    def names(self) -> list[str]:
        """See `Keys.names`."""
        return list(map(name_of, self._file.keys()))

    def add(self) -> str:
        """See `Keys.add`."""
        return name_of(self._file.add())

    def keep_first(self) -> int:
        """See `Keys.keep_first`."""
        return self._file.keep_first()

    def alone(self) -> AbstractContextManager[None]:
        """See `Keys.alone`."""
        return self._file.alone()


def keys_to_rotate(url: str | None) -> FileKeys:
    """Return the keys of the database at `url`, which must stand in its key file.

    Raises:
        Rejected: they come from the environment, or there are none yet.
    """
    place = _lasting(url)
    if keys_of_environment():
        raise Rejected(
            f"The keys of secrets come from ${KEY_VARIABLE}, which no program can change for you. "
            "Make a key (openssl rand -base64 32) and put it before the present one, with a comma "
            f"between them: {KEY_VARIABLE}=NEW,OLD; start the server again with it; then, with the "
            "same value, `tenuto secrets reseal`. When that has ended, OLD can go."
        )
    if place.kind == "postgresql":
        no_key()
    file = key_file_of(place)
    if not file.path.exists():
        raise Rejected(
            f"There is no key file {file.path}. It is made when the server starts; if there was "
            "one, put it back. If the server takes its key from the environment, set "
            f"${KEY_VARIABLE} here too."
        )
    return FileKeys(file)


@asynccontextmanager
async def open_sealed(url: str | None) -> AsyncIterator[tuple[Secrets, Rotation]]:
    """Give the secrets of the database at `url`, and what rotates their keys.

    Raises:
        Rejected: `url` names no file. NotFound, StoreUnavailable, CorruptLog.
    """
    place = _lasting(url)
    async with beside(place) as store:
        ledger, safe = store.ledger, safe_of(place)
        yield Secrets(ledger, safe), Rotation(ledger, safe, SystemClock())


def _lasting(url: str | None) -> Place:
    place = place_of(url)
    if place.kind == "memory":
        raise Rejected(_IN_MEMORY)
    return place
