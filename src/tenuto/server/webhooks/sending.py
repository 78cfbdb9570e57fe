"""One attempt to deliver a message."""

from __future__ import annotations

import asyncio
import ssl
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from tenuto.core.addresses import is_public_address
from tenuto.core.errors import Rejected

TIMEOUT_S: Final = 15.0
ANSWER_BYTES_MAX: Final = 1_000
_AGENT: Final = "Tenuto-Webhooks/1"
_FAILURES: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    OSError,
    ssl.SSLError,
    Rejected,
    # A name that no resolver takes, as one with a part of more than 63 characters.
    ValueError,
)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    status: int = 0
    """0: there was no answer."""
    answer: str = ""
    asked_s: int = 0
    """How long the receiver asks to wait."""

    @property
    def succeeded(self) -> bool:
        """Return whether the receiver took the message."""
        return 200 <= self.status < 300


class Sender:
    """Sends messages; to private addresses only where that is allowed."""

    def __init__(self, *, private: bool, timeout_s: float = TIMEOUT_S) -> None:
        self.private = private
        self._timeout_s = timeout_s
        self._made: httpx2.AsyncClient | None = None

    @property
    def _client(self) -> httpx2.AsyncClient:
        """Made for the first message: it reads all the authorities that the machine trusts."""
        if self._made is None:
            # Neither cookies nor redirects: either takes a message where nobody meant it to go.
            self._made = httpx2.AsyncClient(
                timeout=self._timeout_s, follow_redirects=False, trust_env=False
            )
        return self._made

    async def close(self) -> None:
        """Let the connections go."""
        if self._made is not None:
            await self._made.aclose()

    def check(self, url: str) -> None:
        """Return when the address could be one of a receiver.

        Raises:
            Rejected: it cannot.
        """
        host = self._host(url)
        if not host:
            raise Rejected(
                f"A webhook's url is https://host/path, without a user; found {url!r:.200}."
            )
        try:
            literal = str(ip_address(host))
        except ValueError:
            return
        if not self.private and not is_public_address(literal):
            raise Rejected(f"{literal} is no address of the public internet.")

    def _host(self, url: str) -> str:
        """Return the host of a receiver's address, or nothing where it cannot be one."""
        schemes = ("https", "http") if self.private else ("https",)
        try:
            parts, asked = urlsplit(url), httpx2.URL(url)
            # What asks for its address can be asked only for such a name.
            asked.host.encode("idna")
        except (ValueError, httpx2.InvalidURL):
            return ""
        if parts.scheme not in schemes or parts.username is not None:
            return ""
        return parts.hostname or ""

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        """Return what came of sending. Nothing is raised: whatever fails is an answer."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._sent(url, headers, body)
        except TimeoutError:
            return Attempt(answer=f"No answer came within {self._timeout_s:g} s.")
        except _FAILURES as error:
            return Attempt(answer=f"{type(error).__name__}: {error}"[:ANSWER_BYTES_MAX])

    async def _sent(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        self.check(url)
        asked = httpx2.URL(url)
        address = await self._address(asked)
        # To just the address that was looked at: another question for the name may lead elsewhere.
        request = self._client.build_request(
            "POST",
            asked.copy_with(host=address),
            content=body,
            headers={
                **headers,
                "Host": asked.netloc.decode("ascii"),
                "Content-Type": "application/json",
                "User-Agent": _AGENT,
            },
            extensions={"sni_hostname": asked.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            said = await _begin_of(answer)
        finally:
            await answer.aclose()
        return Attempt(status=answer.status_code, answer=said, asked_s=_asked_s(answer))

    async def _address(self, url: httpx2.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.host, port, type=1)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not self.private and not is_public_address(address):
                raise Rejected(f"{url.host!r} is at {address}, no address of the public internet.")
        return addresses[0]


async def _begin_of(answer: httpx2.Response) -> str:
    said = b""
    async for part in answer.aiter_raw():
        said += part
        if len(said) >= ANSWER_BYTES_MAX:
            break
    return said[:ANSWER_BYTES_MAX].decode("utf-8", "replace")


def _asked_s(answer: Any) -> int:
    said = answer.headers.get("retry-after", "")
    return int(said) if said.isdecimal() and len(said) < 9 else 0
