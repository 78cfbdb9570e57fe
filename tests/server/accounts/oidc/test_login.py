"""Login at a real provider of OpenID Connect, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tenuto.core.accounts.admission import Rules
from tenuto.server.accounts.oidc.flow import Flow
from tenuto.server.accounts.oidc.provider import Provider
from tests.server.accounts.oidc.providing import (
    CLIENT,
    SECRET,
    needs_provider,
    real_provider,
    walk_through,
)
from tests.server.api.served import Served, serving

PEOPLE: dict[str, Any] = {
    "ada": {"email": "Ada@Example.org", "email_verified": True, "groups": ["staff", "ops"]},
    "eve": {"email": "eve@elsewhere.example", "email_verified": True, "groups": []},
    "bob": {"email": "bob@example.org", "email_verified": False, "groups": ["staff"]},
}
RULES = Rules(domains=("example.org",))


@contextlib.asynccontextmanager
async def served_with_provider(rules: Rules, **settings: Any) -> AsyncIterator[Served]:
    """Give a server that people can log in to at a provider that knows PEOPLE."""
    async with serving(login=True) as served:
        await served.service.accounts.organisations.found_home()
        here = f"{served.address}/api/v1/auth/oidc/callback"
        async with real_provider(here, people=PEOPLE, **settings) as issuer:
            provider = Provider(
                name="school",
                label="The school",
                issuer=issuer,
                client_id=CLIENT,
                client_secret=SECRET,
                scopes=("openid", "email", "groups"),
                rules=rules,
            )
            flow = Flow([provider], served.service.accounts.tokens.keys, served.service.clock)
            served.service.providers = flow
            yield served
            await flow.close()


async def log_in(
    served: Served, browser: httpx2.AsyncClient, person: str, return_to: str = "/sessions?x=1"
) -> httpx2.Response:
    """Log `person` in at the provider; return the answer to their coming back."""
    begun = await browser.get(
        "/auth/oidc/start", params={"provider": "school", "return_to": return_to}
    )
    assert begun.status_code == 302, begun.text
    async with httpx2.AsyncClient() as elsewhere:  # cookies of another site
        back = await walk_through(elsewhere, begun.headers["Location"], person)
    return await browser.get(back)


@needs_provider
@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"conform": False},
        {"auth_method": "client_secret_post"},
        {"algorithm": "PS256"},
        {"algorithm": "ES256"},
    ],
    ids=["claims by userinfo", "claims in the token", "secret in the body", "PS256", "ES256"],
)
def test_somebody_logs_in_at_a_real_provider(settings: dict[str, Any]) -> None:
    async def main() -> None:
        async with served_with_provider(RULES, **settings) as served:
            browser = served.client
            listed = (await browser.get("/auth/oidc/providers")).json()
            assert listed == [{"name": "school", "label": "The school"}]

            answer = await log_in(served, browser, "ada")
            assert answer.status_code == 302, answer.text
            assert answer.headers["Location"] == "/sessions?x=1"
            assert "tenuto_oidc" not in dict(browser.cookies)
            me = (await browser.get("/auth/me")).json()
            assert (me["name"], me["roles"], me["proof"]) == (
                "ada@example.org",
                ["viewer"],
                "cookie",
            )
            again = await log_in(served, browser, "ada")
            assert again.status_code == 302
            assert (await browser.get("/auth/me")).json()["user"] == me["user"]

    asyncio.run(main())


@needs_provider
@pytest.mark.slow
def test_who_is_not_of_the_domain_or_has_no_verified_address_is_not_let_in() -> None:
    async def main() -> None:
        async with served_with_provider(RULES) as served:
            for person in ("eve", "bob"):
                async with httpx2.AsyncClient(base_url=served.client.base_url) as browser:
                    answer = await log_in(served, browser, person)
                    assert (answer.status_code, answer.json()["code"]) == (403, "login_refused")
                    assert "set-cookie" not in answer.headers
                    assert SECRET not in answer.text
                    assert (await browser.get("/auth/me")).status_code == 401

    asyncio.run(main())


@needs_provider
@pytest.mark.slow
def test_groups_at_the_provider_give_roles_and_their_end_takes_them() -> None:
    async def main() -> None:
        rules = Rules(groups={"staff": ("operator",), "ops": ("approver",)})
        async with served_with_provider(rules) as served:
            await log_in(served, served.client, "ada")
            me = (await served.client.get("/auth/me")).json()
            assert me["roles"] == ["viewer", "operator", "approver"]

            provider = served.service.providers.providers[0]
            fewer = Provider(
                **{
                    **{name: getattr(provider, name) for name in provider.__struct_fields__},
                    "rules": Rules(groups={"ops": ("approver",)}),
                }
            )
            served.service.providers = Flow(
                [fewer], served.service.accounts.tokens.keys, served.service.clock
            )
            await log_in(served, served.client, "ada")
            me = (await served.client.get("/auth/me")).json()
            assert me["roles"] == ["viewer", "approver"]
            await served.service.providers.close()

    asyncio.run(main())


@needs_provider
@pytest.mark.slow
def test_a_code_cannot_be_used_twice_nor_in_another_browser() -> None:
    async def main() -> None:
        async with served_with_provider(RULES) as served:
            begun = await served.client.get("/auth/oidc/start", params={"provider": "school"})
            async with httpx2.AsyncClient() as elsewhere:
                back = await walk_through(elsewhere, begun.headers["Location"], "ada")
            async with httpx2.AsyncClient() as other:
                stolen = await other.get(back)
                assert (stolen.status_code, stolen.json()["code"]) == (403, "login_refused")
            cookie = served.client.cookies["tenuto_oidc"]
            assert (await served.client.get(back)).status_code == 302
            async with httpx2.AsyncClient(cookies={"tenuto_oidc": cookie}) as again:
                answer = await again.get(back)
                assert (answer.status_code, answer.json()["code"]) == (502, "provider_failed")

    asyncio.run(main())
