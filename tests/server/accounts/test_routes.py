"""Accounts over HTTP: who gets in, by what, and what they may."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tenuto.core.accounts.permissions import ALL
from tests.server.accounts.offices import PASSWORD, QUICK
from tests.server.api.served import NO_TLS, Served, serving

Visit = Callable[["House"], Awaitable[None]]


class House:
    """A server with its first admin."""

    def __init__(self, served: Served, key: str) -> None:
        self.served, self.key = served, key
        self.admin = self.client(key)

    def client(self, credential: str = "", **headers: str) -> httpx2.AsyncClient:
        """Return a client that shows `credential`."""
        shown = {"Authorization": f"Bearer {credential}"} if credential else {}
        return httpx2.AsyncClient(
            base_url=f"{self.served.address}/api/v1", headers={**shown, **headers}, verify=NO_TLS
        )

    async def hire(self, name: str, *roles: str, **more: Any) -> dict[str, Any]:
        """Add a user with a password."""
        body = {"name": name, "roles": list(roles), "password": PASSWORD, **more}
        answer = await self.admin.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def log_in(self, name: str, **more: str) -> httpx2.Response:
        """Log in as a program."""
        body = {"name": name, "password": PASSWORD, **more}
        async with self.client() as client:
            return await client.post("/auth/login", json=body)


@contextlib.asynccontextmanager
async def house() -> AsyncIterator[House]:
    async with serving(login=True) as served:
        founded = await served.service.accounts.organisations.found_home()
        assert founded is not None
        served.service.accounts.passwords.hasher = QUICK
        found = House(served, founded.key_text)
        async with found.admin:
            yield found


def visited(visit: Visit) -> None:
    async def main() -> None:
        async with house() as found:
            await visit(found)

    asyncio.run(main())


def test_nobody_gets_in_without_a_key_or_token() -> None:
    async def visit(house: House) -> None:
        for credential in ("", "tnt_local-000000000000_" + "0" * 43, "a.b.c", "x" * 5000):
            async with house.client(credential) as client:
                for path in ("/sessions", "/users", "/keys", "/auth/me", "/audit"):
                    answer = await client.get(path)
                    assert (answer.status_code, answer.json()["code"]) == (
                        401,
                        "not_authenticated",
                    )
                    assert answer.headers["WWW-Authenticate"] == "Bearer"
        async with house.client(Authorization=f"Basic {house.key}") as client:
            assert (await client.get("/auth/me")).status_code == 401

    visited(visit)


def test_the_first_key_is_that_of_an_admin() -> None:
    async def visit(house: House) -> None:
        me = (await house.admin.get("/auth/me")).json()
        assert (me["organisation"], me["name"], me["roles"]) == ("local", "admin", ["admin"])
        assert me["permissions"] == list(ALL) and me["proof"] == "key"
        assert (await house.admin.get("/sessions")).status_code == 200

    visited(visit)


def test_a_program_logs_in_refreshes_and_logs_out() -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        answer = await house.log_in("ada")
        begun = answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert "set-cookie" not in answer.headers
        async with house.client(begun["access_token"]) as ada:
            assert (await ada.get("/auth/me")).json()["name"] == "ada"
            assert (await ada.get("/users")).json()["code"] == "not_permitted"
            logins = (await ada.get("/auth/logins")).json()
            assert [one["current"] for one in logins] == [True]

            body = {"refresh_token": begun["refresh_token"]}
            newer = (await ada.post("/auth/refresh", json=body)).json()
            async with house.client(newer["access_token"]) as again:
                assert (await again.get("/auth/me")).status_code == 200
                body = {"refresh_token": newer["refresh_token"]}
                assert (await again.post("/auth/logout", json=body)).status_code == 204
                assert (await again.get("/auth/me")).status_code == 401
            assert (await ada.get("/auth/me")).status_code == 401

    visited(visit)


def test_a_wrong_login_tells_nothing_and_many_are_slowed_down() -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        known = await house.log_in("ada", password="wrong")
        unknown = await house.log_in("bob", password="wrong")
        assert known.status_code == unknown.status_code == 401
        assert known.json()["detail"] == unknown.json()["detail"]
        guesses = await asyncio.gather(
            *(house.log_in("ada", password=f"guess {number}") for number in range(12))
        )
        slowed = [one for one in guesses if one.status_code == 429]
        assert slowed and slowed[0].json()["code"] == "too_many_requests"
        assert int(slowed[0].headers["Retry-After"]) >= 1

    visited(visit)


def test_a_page_keeps_its_login_in_cookies_that_it_cannot_read() -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        async with house.client() as page:
            answer = await page.post(
                "/auth/login", json={"name": "ada", "password": PASSWORD, "keep": "cookie"}
            )
            begun = answer.json()
            assert begun["access_token"] is None and begun["refresh_token"] is None
            cookies = {one.split("=")[0]: one for one in answer.headers.get_list("set-cookie")}
            assert set(cookies) == {"tenuto_access", "tenuto_refresh", "tenuto_csrf"}
            assert "HttpOnly" in cookies["tenuto_access"]
            assert "SameSite=lax" in cookies["tenuto_access"]
            assert "HttpOnly" in cookies["tenuto_refresh"]
            assert "Path=/api/v1/auth" in cookies["tenuto_refresh"]
            assert "SameSite=strict" in cookies["tenuto_refresh"]
            assert "HttpOnly" not in cookies["tenuto_csrf"]

            assert (await page.get("/auth/me")).json()["proof"] == "cookie"
            body = {"label": "from a page"}
            refused = await page.post("/keys", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf_token_missing")
            wrong = await page.post("/keys", json=body, headers={"X-CSRF-Token": "x"})
            assert wrong.status_code == 403
            right = {"X-CSRF-Token": begun["csrf_token"]}
            assert (await page.post("/keys", json=body, headers=right)).status_code == 201

            assert (await page.post("/auth/refresh")).json()["code"] == "csrf_token_missing"
            assert (await page.post("/auth/refresh", headers=right)).status_code == 200
            assert (await page.post("/auth/logout", headers=right)).status_code == 204
            assert (await page.get("/auth/me")).status_code == 401
            assert dict(page.cookies) == {}

    visited(visit)


def test_the_csrf_text_of_one_login_is_none_of_another() -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        await house.hire("eve", "viewer")
        body = {"name": "ada", "password": PASSWORD, "keep": "cookie"}
        async with house.client() as page, house.client() as other:
            await page.post("/auth/login", json=body)
            eves = (await other.post("/auth/login", json={**body, "name": "eve"})).json()
            page.cookies.set("tenuto_csrf", eves["csrf_token"])
            header = {"X-CSRF-Token": eves["csrf_token"]}
            answer = await page.post("/keys", json={}, headers=header)
            assert answer.json()["code"] == "csrf_token_missing"

    visited(visit)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Content-Type": "text/plain"},
    ],
)
def test_another_page_cannot_log_its_visitor_in(headers: dict[str, str]) -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        body = {"name": "ada", "password": PASSWORD, "keep": "cookie"}
        async with house.client() as page:
            answer = await page.post("/auth/login", json=body, headers=headers)
            assert answer.status_code in (403, 415)
            assert "set-cookie" not in answer.headers

    visited(visit)


def test_a_cookie_that_ended_is_no_cookie_and_does_not_hinder_a_new_login() -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        browser = {"Sec-Fetch-Site": "same-origin"}
        async with house.client(**browser) as page:
            page.cookies.set("tenuto_access", "a.b.c")
            assert (await page.get("/auth/me")).status_code == 401
            body = {"name": "ada", "password": PASSWORD, "keep": "cookie"}
            assert (await page.post("/auth/login", json=body)).status_code == 200
        async with house.client("tnt_revoked") as stale:
            body = {"name": "ada", "password": PASSWORD}
            assert (await stale.post("/auth/login", json=body)).status_code == 200

    visited(visit)


def test_users_are_added_shown_changed_and_removed() -> None:
    async def visit(house: House) -> None:
        ada = await house.hire("ada@example.org", "viewer", label="Ada")
        assert ada["has_password"] and "password" not in ada
        shown = await house.admin.get(f"/users/{ada['id']}")
        assert shown.headers["ETag"] == '"1"' and shown.json() == ada
        path = f"/users/{ada['id']}"
        change = {"roles": ["operator"], "grants": ["approvals:decide:workflow=shop*"]}
        changed = await house.admin.patch(path, json=change, headers={"If-Match": '"1"'})
        assert changed.json()["roles"] == ["operator"] and changed.headers["ETag"] == '"2"'
        stale = await house.admin.patch(path, json=change, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "outdated")
        for wrong in ({"roles": ["root"]}, {"grants": ["nothing"]}, {"password": "short"}):
            assert (await house.admin.patch(path, json=wrong)).status_code == 422
        assert (await house.admin.patch(path, json={"admin": True})).status_code == 400
        taken = await house.admin.post("/users", json={"name": "ADA@example.org"})
        assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
        assert (await house.admin.delete(path)).status_code == 204
        assert (await house.admin.get(path)).status_code == 404

    visited(visit)


def test_pages_of_users_neither_repeat_nor_miss_one() -> None:
    async def visit(house: House) -> None:
        for number in range(4):
            await house.hire(f"user{number}", "viewer")
        seen: list[str] = []
        query = "/users?limit=2"
        while query:
            page = (await house.admin.get(query)).json()
            seen += [one["name"] for one in page["items"]]
            query = f"/users?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        assert seen == ["admin", "user0", "user1", "user2", "user3"]

    visited(visit)


def test_a_key_is_shown_once_rotated_and_revoked() -> None:
    async def visit(house: House) -> None:
        made = await house.admin.post("/keys", json={"label": "CI", "scopes": ["sessions:read"]})
        assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
        key = made.json()
        async with house.client(key["key"]) as client:
            assert (await client.get("/sessions")).status_code == 200
            assert (await client.get("/users")).status_code == 403
            assert (await client.get("/keys")).status_code == 403

        listed = (await house.admin.get("/keys?everyone=true")).json()["items"]
        assert {one["label"] for one in listed} == {"First key", "CI"}
        assert "key" not in listed[0] and key["key"] not in str(listed)
        path = f"/keys/{key['id']}"
        shown = (await house.admin.get(path)).json()
        assert shown["last_used_at"] is not None
        rotated = (await house.admin.post(f"{path}/rotate", json={"grace_seconds": 0})).json()
        for text, status in ((key["key"], 401), (rotated["key"], 200)):
            async with house.client(text) as client:
                assert (await client.get("/sessions")).status_code == status
        assert (await house.admin.delete(path)).status_code == 204
        async with house.client(rotated["key"]) as client:
            assert (await client.get("/sessions")).status_code == 401

        naive = await house.admin.post("/keys", json={"expires_at": "2099-01-01T00:00:00"})
        assert naive.status_code == 400
        past = await house.admin.post("/keys", json={"expires_at": "2001-01-01T00:00:00Z"})
        assert past.status_code == 422

    visited(visit)


def test_an_organisation_has_its_own_admin_and_sees_nothing_of_others() -> None:
    async def visit(house: House) -> None:
        ada = await house.hire("ada", "viewer")
        founded = (await house.admin.post("/organisations", json={"name": "acme"})).json()
        async with house.client(founded["key"]) as acme:
            assert [one["name"] for one in (await acme.get("/users")).json()["items"]] == ["admin"]
            for method, path, body in [
                ("GET", f"/users/{ada['id']}", None),
                ("PATCH", f"/users/{ada['id']}", {"label": "x"}),
                ("DELETE", f"/users/{ada['id']}", None),
                ("POST", f"/users/{ada['id']}/logout", None),
                ("GET", "/organisations/local", None),
            ]:
                answer = await acme.request(method, path, json=body)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
            names = [one["name"] for one in (await acme.get("/organisations")).json()["items"]]
            assert names == ["acme"]
            assert (await acme.post("/organisations", json={"name": "x"})).status_code == 403

            off = await house.admin.patch("/organisations/acme", json={"disabled": True})
            assert off.json()["disabled"]
            assert (await acme.get("/auth/me")).status_code == 401

    visited(visit)


def test_a_user_changes_their_password_and_ends_a_login() -> None:
    async def visit(house: House) -> None:
        await house.hire("ada", "viewer")
        one = (await house.log_in("ada")).json()
        await house.log_in("ada")
        async with house.client(one["access_token"]) as ada:
            other = next(
                login["id"]
                for login in (await ada.get("/auth/logins")).json()
                if not login["current"]
            )
            assert (await ada.delete(f"/auth/logins/{other}")).status_code == 204
            assert (await ada.delete(f"/auth/logins/{other}")).status_code == 404
            body = {"old": "wrong", "new": "another password"}
            assert (await ada.post("/auth/password", json=body)).status_code == 401
            body["old"] = PASSWORD
            assert (await ada.post("/auth/password", json=body)).status_code == 204
            assert (await ada.get("/auth/me")).status_code == 401
        assert (await house.log_in("ada", password="another password")).status_code == 200

    visited(visit)


def test_each_change_is_in_the_audit_log_and_no_credential_is() -> None:
    async def visit(house: House) -> None:
        ada = await house.hire("ada", "viewer")
        begun = (await house.log_in("ada")).json()
        key = (await house.admin.post("/keys", json={"user": ada["id"]})).json()
        await house.admin.patch(f"/users/{ada['id']}", json={"roles": ["operator"]})
        await house.admin.delete(f"/keys/{key['id']}")
        await house.admin.delete(f"/users/{ada['id']}")

        log = (await house.admin.get("/audit?limit=500")).json()["items"]
        actions = [entry["action"] for entry in reversed(log)]
        assert actions == [
            *("organisation.add", "user.add", "key.add", "key.use", "user.add", "login.add"),
            *("key.add", "user.change", "key.revoke", "user.remove", "login.end"),
        ]
        change = next(entry for entry in log if entry["action"] == "user.change")
        assert change["before"]["roles"] == ["viewer"] and change["after"]["roles"] == ["operator"]
        assert change["address"] == "127.0.0.1" and change["request"]
        secrets = [house.key, key["key"], PASSWORD, begun["access_token"], begun["refresh_token"]]
        assert not any(secret.rpartition("_")[2] in str(log) for secret in secrets)

    visited(visit)
