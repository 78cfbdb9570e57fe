"""Accounts over the ledger of a database: for its server, and beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tenuto.adapters.sealing.aes_gcm import keys_of_environment
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.fencing import key_file_of
from tenuto.bootstrap.opening import open as open_runtime
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.stores import beside, is_made
from tenuto.core.errors import NotFound, Rejected
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Ledger
from tenuto.server.accounts.accounts import Accounts
from tenuto.server.accounts.oidc.provider import Provider, check_providers
from tenuto.server.accounts.signing import keys_of, new_keys


def accounts_over(ledger: Ledger, clock: Clock, place: Place) -> Accounts:
    """Return the accounts in `ledger`. Tokens are signed with the keys that seal secrets: those of
    `$TENUTO_SECRET_KEY`, else of the key file; in memory, with one of this process.

    Raises:
        BadServerKey, PortError: the key cannot be used.
    """
    texts = keys_of_environment()
    if not texts and place.kind == "sqlite":
        texts = key_file_of(place).keys()
    return Accounts(ledger, clock, keys_of(texts) if texts else new_keys())


class _Providers(msgspec.Struct, forbid_unknown_fields=True):
    providers: tuple[Provider, ...]


def read_providers(path: str | None) -> tuple[Provider, ...]:
    """Return the providers of OpenID Connect in a file of JSON: {"providers": [{…}]}; none without
    a file.

    Raises:
        NotFound: there is no such file. Rejected: what is in it does not fit.
    """
    if not path:
        return ()
    try:
        raw = Path(path).read_bytes()
    except OSError:
        raise NotFound(what="file of providers", name=path, hint="Check the path.") from None
    try:
        return check_providers(msgspec.json.decode(raw, type=_Providers).providers)
    except msgspec.MsgspecError as error:
        raise Rejected(f"The file of providers {path!r} does not fit: {error}") from None


@asynccontextmanager
async def open_accounts(url: str | None) -> AsyncIterator[Accounts]:
    """Give the accounts of the database at `url`, whether or not a server has it open.

    The file is made where it is not there.

    Raises:
        Rejected: `url` names no file. StoreUnavailable, CorruptLog, BadServerKey.
    """
    place = place_of(url)
    if place.kind == "memory":
        raise Rejected("Accounts in memory end with their server; name a file, as sqlite:///a.db.")
    if not await is_made(place):
        async with open_runtime(url, hold=True):
            pass
    async with beside(place) as store:
        accounts = accounts_over(store.ledger, SystemClock(), place)
        try:
            yield accounts
        finally:
            await accounts.close()
