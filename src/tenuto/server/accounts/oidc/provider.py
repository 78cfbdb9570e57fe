"""Providers of OpenID Connect, as the owner of the server describes them.

AccountRefused
+-- ProviderFailed    the provider cannot be reached, or answers what it must not
+-- LoginRefused      the login is not as it was begun, or the person is not let in
"""

import os
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tenuto.core.accounts.admission import Rules
from tenuto.core.accounts.names import check_organisation
from tenuto.core.accounts.principal import HOME
from tenuto.core.accounts.roles import check_roles
from tenuto.core.errors import Rejected
from tenuto.server.accounts.refusals import AccountRefused
from tenuto.server.listening import is_loopback

CLIENT_SECRET: Final = "TENUTO_OIDC_SECRET"


class ProviderFailed(AccountRefused):
    """The provider did not do its part; try again, or ask who runs it."""

    code = "provider_failed"


class LoginRefused(AccountRefused):
    """The login is refused; a new one may be begun."""

    code = "login_refused"


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider, and who of those whom it knows is let in."""

    name: str
    """In addresses, as `google`."""
    issuer: str
    client_id: str
    client_secret: str = ""
    """Empty: what the variable `secret_variable` holds; and where that is not set, a public client
    that shows PKCE only."""
    secret_variable: str = CLIENT_SECRET
    label: str = ""
    """On the button, as `Google`."""
    organisation: str = HOME
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: str = "groups"
    rules: Rules = Rules()
    redirect_uri: str = ""
    """Where the provider sends people back to; empty: the address at which login was begun."""

    def __repr__(self) -> str:
        return f"Provider(name={self.name!r}, issuer={self.issuer!r})"

    def secret(self) -> str:
        """Return the client secret, or nothing."""
        return self.client_secret or os.environ.get(self.secret_variable, "")


def check_providers(providers: Sequence[Provider]) -> tuple[Provider, ...]:
    """Return `providers`, which can be used.

    Raises:
        Rejected, BadName, UnknownRole: they cannot.
    """
    for provider in providers:
        check_organisation(provider.organisation)
        check_roles(provider.rules.roles)
        for roles in provider.rules.groups.values():
            check_roles(roles)
        if not provider.name.isascii() or not provider.name.isidentifier():
            raise Rejected(f"A provider cannot be named {provider.name!r}; take letters and _.")
        check_url(provider.issuer, "issuer")
        if "openid" not in provider.scopes:
            raise Rejected(f"The scopes of the provider {provider.name!r} lack 'openid'.")
    names = [provider.name for provider in providers]
    if len(set(names)) < len(names):
        raise Rejected("Two providers have the same name.")
    return tuple(providers)


def check_url(url: str, what: str) -> str:
    """Return `url`, which is an address over https, or on loopback.

    Raises:
        ProviderFailed: it is not.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    plain = parts.scheme == "http" and is_loopback(host)
    if not host or parts.fragment or not (parts.scheme == "https" or plain):
        raise ProviderFailed(f"The {what} {url[:200]!r} is no https address.")
    return url
