"""Cookies of a page that is logged in, and what keeps other pages from using them.

The access token is HttpOnly and SameSite=Lax; the refresh token goes to the routes of login only.
A third cookie can be read by our page, which sends it back in a header with each change: a page
from elsewhere cannot read it, and it belongs to one login. Behind https the names begin with
`__Host-` or `__Secure-`, so that no other host and no plain connection can set them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from tenuto.server.accounts.logins import LoggedIn

ACCESS: Final = "tenuto_access"
REFRESH: Final = "tenuto_refresh"
CSRF: Final = "tenuto_csrf"
CSRF_HEADER: Final = "x-csrf-token"
REFRESH_PATH: Final = "/api/v1/auth"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A cookie that an answer sets; with `seconds` 0 it takes it away."""

    name: str
    value: str
    path: str
    seconds: int
    http_only: bool
    same_site: Literal["lax", "strict"]
    secure: bool


def name_of(name: str, *, secure: bool) -> str:
    """Return what a cookie is called: with the prefix that browsers enforce, where it is secure."""
    if not secure:
        return name
    return f"__Secure-{name}" if name == REFRESH else f"__Host-{name}"


def value_of(cookies: Mapping[str, str], name: str, *, secure: bool) -> str:
    """Return the value of a cookie, or nothing."""
    return cookies.get(name_of(name, secure=secure), "")


def cookies_of(begun: LoggedIn, now_ms: int, *, secure: bool) -> list[Setting]:
    """Return the cookies of a login."""
    access_s = max(0, (begun.access_ends_ms - now_ms) // 1000)
    refresh_s = max(0, (begun.refresh_ends_ms - now_ms) // 1000)
    return [
        _setting(ACCESS, begun.access, access_s, secure=secure),
        _setting(REFRESH, begun.refresh, refresh_s, secure=secure),
        _setting(CSRF, begun.csrf, refresh_s, secure=secure),
    ]


def no_cookies(*, secure: bool) -> list[Setting]:
    """Return what takes the cookies of a login away."""
    return [_setting(name, "", 0, secure=secure) for name in (ACCESS, REFRESH, CSRF)]


def _setting(name: str, value: str, seconds: int, *, secure: bool) -> Setting:
    return Setting(
        name=name_of(name, secure=secure),
        value=value,
        path=REFRESH_PATH if name == REFRESH else "/",
        seconds=seconds,
        http_only=name != CSRF,
        same_site="lax" if name == ACCESS else "strict",
        secure=secure,
    )
