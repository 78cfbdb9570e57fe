"""Secrets of organisations: keys of providers and of clients, kept encrypted and never told.

A secret is a record of the ledger; what it holds is in the record's private part, encrypted for its
organisation and name. Entries tell who changed it and when, not what it was.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import msgspec

from tenuto.core.errors import NotFound
from tenuto.ports.ledger import Change, Entry, Ledger, Record, RecordQuery
from tenuto.ports.safe import Safe
from tenuto.server.sealed import append_sealed, opened

SECRET: Final = "secret"
SECRET_CHARS_MAX: Final = 20_000

SecretName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$(?!\n)",
        description="As the environment variable that it takes the place of: `OPENAI_API_KEY`.",
    ),
]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a secret's record says."""

    description: str = ""


class Secrets:
    """The secrets of all organisations."""

    def __init__(self, ledger: Ledger, safe: Safe) -> None:
        self._ledger, self._safe = ledger, safe

    async def all(self, organisation: str) -> tuple[Record, ...]:
        """Return the records, by name."""
        return await self._ledger.records(RecordQuery(tenant=organisation, kind=SECRET))

    async def show(self, organisation: str, name: str) -> Record:
        """Return the record.

        Raises:
            NotFound: there is none of that name.
        """
        record = await self._ledger.record(organisation, SECRET, id=name)
        if record is None:
            raise NotFound(what="secret", name=name)
        return record

    async def put(self, change: Change, text: str, description: str) -> Entry:
        """Return the entry, once the secret `change.target` holds `text`.

        Raises:
            Outdated: its version is not `change.expected`.
        """
        change = msgspec.structs.replace(
            change,
            action="secret.put",
            name=change.target,
            value=msgspec.to_builtins(Told(description=description)),
        )
        return await append_sealed(self._ledger, self._safe, change, text.encode())

    async def remove(self, change: Change) -> None:
        """Delete the secret `change.target`.

        Raises:
            NotFound: there is none.
            Outdated: its version is not `change.expected`.
        """
        await self.show(change.tenant, change.target)
        change = msgspec.structs.replace(change, action="secret.remove", writes=True, value=None)
        await self._ledger.append([change])

    async def value(self, organisation: str, name: str) -> str | None:
        """Return what the secret holds, or None where there is none.

        Raises:
            CannotOpen: its key is missing.
        """
        record = await self._ledger.record(organisation, SECRET, id=name)
        if record is None:
            return None
        return opened(self._safe, record).decode()


class SecretKeys:
    """`ProviderKeys` from the secrets. Whoever asks before they are there waits for them."""

    def __init__(self) -> None:
        self._secrets: Secrets | None = None
        self._there = asyncio.Event()

    def use(self, secrets: Secrets) -> None:
        """Let these be the secrets."""
        self._secrets = secrets
        self._there.set()

    async def key(self, tenant: str, name: str) -> str | None:
        """See `ProviderKeys.key`."""
        await self._there.wait()
        assert self._secrets is not None, "they are there"
        return await self._secrets.value(tenant, name)
