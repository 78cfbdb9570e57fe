"""Cookies of a login, and from which pages they count."""

import asyncio

import httpx2
import pytest

from tenuto.server.accounts.cookies import cookies_of, no_cookies
from tests.server.accounts.offices import HERE, PASSWORD, Office, at_office


def test_behind_https_browsers_enforce_where_the_cookies_come_from() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        found = {one.name: one for one in cookies_of(begun, office.clock.now_ms(), secure=True)}

        assert set(found) == {
            "__Host-tenuto_access",
            "__Secure-tenuto_refresh",
            "__Host-tenuto_csrf",
        }
        assert all(one.secure for one in found.values())
        # A prefix of `__Host-` is refused by browsers with any other path.
        assert {one.path for name, one in found.items() if name.startswith("__Host-")} == {"/"}
        assert found["__Host-tenuto_access"].seconds == office.accounts.tokens.seconds
        assert [one.http_only for one in found.values()] == [True, True, False]
        assert {one.name for one in no_cookies(secure=True)} == set(found)

    at_office(work)


@pytest.mark.parametrize("header", ["", "Bearer", "bearer x", "Token x", "Bearer a b"])
def test_a_header_that_shows_nothing_valid_is_refused_whatever_cookies_say(header: str) -> None:
    from tests.server.accounts.test_routes import house

    async def main() -> None:
        async with house() as found:
            await found.hire("ada", "viewer")
            browser = {"Sec-Fetch-Site": "same-origin"}
            async with found.client(**browser) as page:
                body = {"name": "ada", "password": PASSWORD, "keep": "cookie"}
                await page.post("/auth/login", json=body)
                assert (await page.get("/auth/me")).status_code == 200
                answer = await page.get("/auth/me", headers={"Authorization": header})
                assert answer.status_code == 401

    asyncio.run(main())


def test_a_cookie_alone_changes_nothing_even_for_a_page_of_this_server() -> None:
    from tests.server.accounts.test_routes import house

    async def main() -> None:
        async with house() as found:
            await found.hire("ada", "viewer")
            browser = {"Sec-Fetch-Site": "same-origin"}
            async with found.client(**browser) as page:
                body = {"name": "ada", "password": PASSWORD, "keep": "cookie"}
                await page.post("/auth/login", json=body)
                for method, path in [
                    ("POST", "/keys"),
                    ("DELETE", "/auth/logins/x"),
                    ("PATCH", "/users/x"),
                    ("POST", "/auth/refresh"),
                    ("POST", "/auth/logout"),
                ]:
                    answer: httpx2.Response = await page.request(method, path, json={})
                    assert answer.json()["code"] == "csrf_token_missing", path
                assert (await page.get("/auth/me")).status_code == 200

    asyncio.run(main())
