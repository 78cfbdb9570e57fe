"""Which hosts a tool may ask: those on its list, at addresses of the public internet."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import tenuto

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host; the port is only handed through."""

PORTS: Final = {"http": 80, "https": 443}


class Hosts:
    """Host names that may be asked, as globs: `*` stands for any text. A port other than the usual
    one is part of the name: `api.example.org:8443`."""

    def __init__(self, allow: Sequence[str]) -> None:
        self.allow = tuple(allow)
        self._patterns = [
            re.compile(".*".join(map(re.escape, glob.lower().split("*")))) for glob in self.allow
        ]

    def check(self, scheme: str, host: str, port: int) -> None:
        """Return when the host may be asked.

        Raises:
            Fatal: it may not, in words for the model that asked.
        """
        name = host if port == PORTS.get(scheme) else f"{host}:{port}"
        if not any(pattern.fullmatch(name) for pattern in self._patterns):
            raise tenuto.Fatal(
                f"The host {name!r:.200} is not allowed; these are: {', '.join(self.allow)}.",
                code="host_not_allowed",
            )


async def public_addresses(
    host: str, port: int, *, resolve: Resolve, private: bool = False
) -> list[str]:
    """Return the addresses of `host`, every one of which may be connected to.

    Whoever connects must take one of these, and not ask for the name again: another answer may
    lead elsewhere.

    Raises:
        Fatal: an address is not one of the public internet.
        Transient: the name cannot be resolved now.
    """
    try:
        found = await resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise tenuto.Transient(
            f"The host {host!r:.200} has no address: {error}.", code="host_unknown"
        ) from None
    if not found:
        raise tenuto.Transient(f"The host {host!r:.200} has no address.", code="host_unknown")
    for address in found:
        if not private and not tenuto.is_public_address(address):
            raise tenuto.Fatal(
                f"The host {host!r:.200} is at {address}, which is no address of the public "
                "internet.",
                code="address_not_public",
            )
    return found


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses that the system knows for `host`, in its order.

    Raises:
        OSError: it knows none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
