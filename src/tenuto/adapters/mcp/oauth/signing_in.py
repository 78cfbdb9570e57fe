"""A person signs in to a server, once; sessions then use and renew what was granted."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.oauth.browser import Browser, NotSignedIn, Show
from tenuto.adapters.mcp.oauth.logins import Logins
from tenuto.adapters.mcp.settings import Address, Rules
from tenuto.adapters.mcp.source import McpServer
from tenuto.ports.schemas import Schemas

SECONDS: Final = 300.0
"""How long a person may take."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    url: str
    scope: str
    """What the token is good for, as the authorization server says it."""
    renewable: bool
    """Whether sessions renew it without a person."""
    tools_count: int


async def sign_in(
    name: str, place: Address, *, schemas: Schemas, show: Show, port: int = 0
) -> SignedIn:
    """Return what was granted, once a person signed in and the server was asked with it.

    `show` brings the person to an address; they come back to `port` of this machine, to any free
    one where it is 0.

    Raises:
        NotSignedIn: nobody signed in, or was let in.
        WorkFailed: the server, or its authorization server, cannot be used.
        Rejected: the settings do not fit.
    """
    rules = Rules(timeout=SECONDS, connect_timeout=SECONDS)
    server = McpServer(name, place, rules, schemas=schemas)
    logins = Logins(place.logins)
    url = place_of(name, place)
    browser = await _opened(show, port, logins, url)
    try:
        access = server.attend(browser)
        tools = await server.tools()
        if access is not None and not browser.came_back:
            # It lets everybody list its tools; the token is for their calls.
            await access.flow(url).renew_for(url)
    finally:
        await server.close()
        await browser.close()
    granted = logins.read(url)
    if granted is None:
        raise NotSignedIn(f"Nobody was sent to sign in at {url}.")
    return SignedIn(
        url=granted.url,
        scope=str(granted.token.get("scope", "")),
        renewable="refresh_token" in granted.token,
        tools_count=len(tools),
    )


def place_of(name: str, place: Address) -> str:
    """Return the address under which a login is kept.

    Raises:
        Escalatable: a variable in it is not set.
    """
    return str(Address(url=Credentials(name).filled(place.url, where="the url")))


async def _opened(show: Show, port: int, logins: Logins, url: str) -> Browser:
    """Return a browser, at the port of the last login where it can be had: the client that was
    registered is good for that one."""
    known = logins.read(url)
    last = (known.client.get("redirect_uris") or [""])[0] if known and not port else ""
    browser = Browser(show, port=port or urlsplit(last).port or 0, seconds=SECONDS)
    try:
        await browser.open()
    except OSError as error:
        if port:
            raise NotSignedIn(
                f"Port {port} of this machine cannot be listened at: {error.strerror}. "
                "Name another, or none."
            ) from None
        browser = Browser(show, port=0, seconds=SECONDS)
        await browser.open()
    return browser
