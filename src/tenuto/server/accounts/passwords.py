"""Passwords: argon2id, in threads, a few at a time.

The parameters are those of RFC 9106 for machines with little memory (argon2-cffi's own): 64 MiB
and three passes. Checking is what costs; so few run at once, and few wait.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final

from tenuto.server.accounts.refusals import TooBusy

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE: Final = 2
WAITING_MAX: Final = 32


class Passwords:
    """Makes and checks hashes of passwords."""

    def __init__(self, hasher: "PasswordHasher | None" = None, *, at_once: int = AT_ONCE) -> None:
        self.hasher: Any = hasher
        """None: argon2-cffi's own, once it is needed."""
        self._nobody = ""
        self._places = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the hash that is kept.

        Raises:
            TooBusy: too many wait already.
        """
        found: str = await self._run(self._hasher().hash, password)
        return found

    async def verify(self, kept: str, password: str) -> bool:
        """Return whether `password` is that of the hash `kept`; no hash takes as long as a wrong
        password.

        Raises:
            TooBusy: too many wait already.
        """
        if not self._nobody:
            self._nobody = await self.hash(secrets.token_hex(16))
        right: bool = await self._run(self._check, kept or self._nobody, password)
        return right and bool(kept)

    def is_outdated(self, kept: str) -> bool:
        """Return whether the hash was made with other parameters than today's."""
        outdated: bool = self._hasher().check_needs_rehash(kept)
        return outdated

    def _check(self, kept: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            right: bool = self._hasher().verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
        return right

    async def _run(self, function: Any, *arguments: str) -> Any:
        if self._waiting >= WAITING_MAX:
            raise TooBusy
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(function, *arguments)
        finally:
            self._waiting -= 1

    def _hasher(self) -> Any:
        if self.hasher is None:
            from argon2 import PasswordHasher

            self.hasher = PasswordHasher()
        return self.hasher
