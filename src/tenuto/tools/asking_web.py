"""One request to a web server, and the redirects that follow from it.

A name is resolved once, every address it has is checked, and the connection is made to one of
those: the URL is rewritten to the address, while `Host`, the name in the TLS handshake and the
certificate's name stay those of the host. So a name server that answers differently the next time
changes nothing.
"""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

import tenuto
from tenuto.tools.addresses import PORTS, Hosts, Resolve, public_addresses, resolved

if TYPE_CHECKING:
    import httpx2

REDIRECTS_MAX: Final = 5
_ADDRESSES_TRIED_MAX: Final = 3
_BUSY: Final = frozenset({429, 502, 503, 504})
"""Status codes that say that the same request may work later. Source: RFC 9110 and RFC 6585."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent. `secrets` are headers for the first host only; `key` is the effect's id,
    empty for a method that changes nothing."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any = None
    secrets: dict[str, str] = {}
    key: str = ""


class WebClient:
    """Asks the servers that it may ask."""

    def __init__(
        self,
        hosts: Hosts,
        *,
        bytes_max: int,
        seconds_max: float,
        private: bool = False,
        resolve: Resolve = resolved,
    ) -> None:
        self._hosts, self._resolve, self._private = hosts, resolve, private
        self._bytes_max, self._seconds_max = bytes_max, seconds_max

    async def ask(self, request: Request) -> dict[str, Any]:
        """Return status, content and the last URL, as JSON.

        Raises:
            Fatal: the request may not be made, or the answer cannot be taken.
            Transient: the server is away, slow or busy, and nothing was changed.
            TimeoutError, ConnectionError: nobody knows whether something was changed.
        """
        httpx = _httpx()
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._followed(httpx, request)
        except TimeoutError:
            if request.key:
                raise
            raise tenuto.Transient(
                f"There was no answer within {self._seconds_max:g} seconds.", code="timeout"
            ) from None
        except httpx.InvalidURL as error:
            raise tenuto.Fatal(f"{request.url!r:.200} is no URL: {error}.", code="url") from None
        except httpx.HTTPError as error:
            said = f"The connection broke: {type(error).__name__}: {error}"
            if request.key:
                raise ConnectionError(said) from None
            raise tenuto.Transient(said, code="connection") from None

    async def _followed(self, httpx: Any, request: Request) -> dict[str, Any]:
        url = httpx.URL(request.url)
        secrets = request.secrets
        transport = httpx.AsyncHTTPTransport(trust_env=False)
        async with httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=self._seconds_max
        ) as client:
            for _ in range(REDIRECTS_MAX + 1):
                async with self._answered(client, url, request, secrets) as response:
                    target = response.headers.get("location")
                    if not (response.is_redirect and target):
                        return await self._told(response, url, request)
                following = url.join(target)
                if url.scheme == "https" and following.scheme != "https":
                    raise tenuto.Fatal(
                        f"The server leads on to {str(following)!r:.200}, which is not encrypted.",
                        code="redirect",
                    )
                if (following.scheme, following.netloc) != (url.scheme, url.netloc):
                    secrets = {}
                request = _redirected(request, response.status_code)
                url = following
        raise tenuto.Fatal(
            f"The server led on to another URL more than {REDIRECTS_MAX} times.", code="redirect"
        )

    @asynccontextmanager
    async def _answered(
        self,
        client: "httpx2.AsyncClient",
        url: "httpx2.URL",
        request: Request,
        secrets: dict[str, str],
    ) -> "AsyncIterator[httpx2.Response]":
        port = PORTS.get(url.scheme, 0) if url.port is None else url.port
        if not 0 < port < 65536 or url.scheme not in PORTS or not url.host or url.userinfo:
            raise tenuto.Fatal(
                f"{str(url)!r:.200} cannot be asked; give an http or https URL with a host and "
                "without a password.",
                code="url",
            )
        host = url.raw_host.decode().rstrip(".").lower()
        self._hosts.check(url.scheme, host, port)
        addresses = await public_addresses(host, port, resolve=self._resolve, private=self._private)
        content, headers = _content(request)
        headers |= {**secrets, "Host": url.netloc.decode(), "Accept-Encoding": "identity"}
        made = [
            client.build_request(
                request.method,
                url.copy_with(host=address.partition("%")[0]),
                headers=headers,
                content=content,
                extensions={"sni_hostname": host},
            )
            for address in addresses[:_ADDRESSES_TRIED_MAX]
        ]
        response = await _first_that_connects(client, made)
        try:
            yield response
        finally:
            await response.aclose()

    async def _told(
        self, response: "httpx2.Response", url: "httpx2.URL", request: Request
    ) -> dict[str, Any]:
        if response.status_code in _BUSY and not request.key:
            raise tenuto.Transient(
                f"{url.host} is busy: status {response.status_code}.",
                code=f"http_{response.status_code}",
                retry_after_ms=_retry_after_ms(response.headers.get("retry-after", "")),
            )
        content, truncated = await _read(response, self._bytes_max)
        kind = response.headers.get("content-type", "")
        told: dict[str, Any] = {
            "status": response.status_code,
            "url": str(url),
            "content_type": kind,
            **_content_told(content, kind, response.charset_encoding, truncated),
        }
        return {**told, "truncated": True} if truncated else told


def _redirected(request: Request, status: int) -> Request:
    """Return what is asked of the next URL. Source: RFC 9110, section 15.4."""
    to_get = status == 303 or (status in (301, 302) and request.method == "POST")
    if to_get and request.method != "HEAD":
        return msgspec.structs.replace(request, method="GET", body=None)
    return request


async def _first_that_connects(
    client: "httpx2.AsyncClient", requests: "list[httpx2.Request]"
) -> "httpx2.Response":
    httpx = _httpx()
    for request in requests:
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failed = error
    # Nothing was sent, so whatever it was, it did not happen.
    raise tenuto.Transient(f"No connection to the server: {failed}.", code="connection") from None


def _content(request: Request) -> tuple[bytes | None, dict[str, str]]:
    headers = {"User-Agent": "tenuto", **request.headers}
    if request.key:
        headers["Idempotency-Key"] = request.key
    if request.body is None:
        return None, headers
    known = {name.lower() for name in headers}
    kind = "text/plain; charset=utf-8" if isinstance(request.body, str) else "application/json"
    if "content-type" not in known:
        headers["Content-Type"] = kind
    text = request.body if isinstance(request.body, str) else json.dumps(request.body)
    return text.encode(), headers


async def _read(response: "httpx2.Response", bytes_max: int) -> tuple[bytes, bool]:
    """Return the content, unpacked, and whether it was cut. Unpacking stops at the limit too: a
    small answer can hold a large one."""
    packing = response.headers.get("content-encoding", "identity").lower()
    if packing not in ("identity", "gzip", "x-gzip", "deflate", ""):
        raise tenuto.Fatal(
            f"The answer is packed as {packing!r:.20}, which was not asked for.", code="encoding"
        )
    unpack = None if packing in ("identity", "") else zlib.decompressobj(wbits=47)
    content = bytearray()
    async for chunk in response.aiter_raw():
        try:
            left = bytes_max + 1 - len(content)
            content += unpack.decompress(chunk, left) if unpack else chunk[:left]
        except zlib.error as error:
            raise tenuto.Fatal(f"The answer is badly packed: {error}.", code="encoding") from None
        if len(content) > bytes_max:
            return bytes(content[:bytes_max]), True
    return bytes(content), False


def _content_told(
    content: bytes, kind: str, charset: str | None, truncated: bool
) -> dict[str, Any]:
    media = kind.partition(";")[0].strip().lower()
    if media.endswith("json") and not truncated:
        try:
            return {"json": json.loads(content)}
        except ValueError:
            pass  # What is no JSON, whatever it says, is shown as text.
    if b"\0" in content[:1024]:
        return {"text": "", "note": f"{len(content)} bytes that are no text"}
    try:
        return {"text": content.decode(charset or "utf-8", "replace")}
    except LookupError:
        return {"text": content.decode("utf-8", "replace")}


def _retry_after_ms(header: str) -> int:
    return int(header) * 1000 if header.isdigit() and len(header) < 6 else 0


def _httpx() -> Any:
    try:
        import httpx2
    except ImportError as error:
        raise tenuto.Escalatable(
            f"The tool needs httpx2, which cannot be loaded ({error}). Install it: "
            'pip install "tenuto[http]"; then approve to try again.',
            code="missing_extra",
        ) from None
    return httpx2
