"""What is checked of a provider, with one that lies."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey, RSAKey

from tenuto.adapters.memory import MemoryLedger
from tenuto.core.accounts.admission import Person, Rules, admitted, safe_return
from tenuto.core.errors import Rejected
from tenuto.server.accounts.oidc.admitting import user_of
from tenuto.server.accounts.oidc.flow import BEGUN_S_MAX, Flow
from tenuto.server.accounts.oidc.metadata import KEYS_PAUSE_MS
from tenuto.server.accounts.oidc.provider import (
    LoginRefused,
    Provider,
    ProviderFailed,
    check_providers,
    check_url,
)
from tenuto.server.accounts.signing import new_keys
from tests.server.accounts.bad_tokens import b64
from tests.server.accounts.offices import HERE, HandClock, Office
from tests.server.accounts.oidc.providing import CLIENT, SECRET, LyingProvider, new_ec_key

CALLBACK = "https://tenuto.example/api/v1/auth/oidc/callback"


class Visit:
    """A flow, the provider that lies, and the way through both."""

    def __init__(self, **settings: Any) -> None:
        self.clock = HandClock()
        self.lies = LyingProvider(lambda: self.clock.ms // 1000)
        given = {"client_id": CLIENT, "client_secret": SECRET, "issuer": self.lies.issuer}
        self.provider = Provider(name="school", **{**given, **settings})
        self.client = self.lies.client()
        self.flow = Flow([self.provider], new_keys(), self.clock, client=self.client)

    async def start(self, return_to: str = "/") -> tuple[dict[str, str], str]:
        """Return the query that the browser comes back with, and its cookie."""
        url, cookie = await self.flow.start("school", redirect_uri=CALLBACK, return_to=return_to)
        return self.lies.begin(url), cookie

    async def through(self) -> Person:
        """Return who comes back."""
        query, cookie = await self.start()
        return (await self.flow.finish(cookie, query))[1]


def visiting(work: Callable[[Visit], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        visit = Visit(**settings)
        await work(visit)
        await visit.client.aclose()

    asyncio.run(main())


def test_who_comes_back_is_who_the_provider_says() -> None:
    async def work(visit: Visit) -> None:
        visit.lies.userinfo |= {"email": "ada@example.org", "email_verified": True}
        person = await visit.through()
        assert (person.subject, person.email, person.email_verified) == (
            "ada",
            "ada@example.org",
            True,
        )

    visiting(work)


def test_the_way_there_shows_pkce_state_and_nonce_and_the_way_back_proves_them() -> None:
    async def work(visit: Visit) -> None:
        url, cookie = await visit.flow.start("school", redirect_uri=CALLBACK, return_to="/x")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code"
        assert len(asked["state"]) > 40 and len(asked["nonce"]) > 40
        assert SECRET not in url + cookie
        query = visit.lies.begin(url)
        _, _, path = await visit.flow.finish(cookie, query)
        assert path == "/x"
        verifier = visit.lies.form["code_verifier"]
        assert b64(hashlib.sha256(verifier.encode()).digest()) == asked["code_challenge"]
        assert visit.lies.form["redirect_uri"] == CALLBACK
        _, _, basic = visit.lies.form["authorization"].partition(" ")
        assert base64.b64decode(basic).decode().startswith(f"{CLIENT}:a%20secret%3A%20of")

    visiting(work)


BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://attacker.example"},
    {"iss": "https://provider.example/"},
    {"iss": None},
    {"sub": ""},
    {"sub": None},
    {"sub": 7},
    {"sub": "x" * 256},
    {"aud": "another"},
    {"aud": []},
    {"aud": ["another"]},
    {"aud": [CLIENT, "another"]},
    {"aud": [CLIENT, "another"], "azp": "another"},
    {"aud": None},
    {"azp": "another"},
    {"nonce": "another"},
    {"nonce": None},
    {"nonce": ""},
    {"at_hash": "another"},
    {"at_hash": ""},
    {"exp": 1},
    {"exp": "4102444800"},
    {"exp": 1.5},
    {"exp": True},
    {"exp": None},
    {"exp": -1},
    {"iat": 1},
    {"iat": 4_102_444_800},
    {"iat": None},
    {"nbf": 4_102_444_800},
]


@pytest.mark.parametrize("claims", BAD_CLAIMS, ids=str)
def test_an_id_token_with_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    async def work(visit: Visit) -> None:
        visit.lies.claims = claims
        with pytest.raises(LoginRefused):
            await visit.through()

    visiting(work)


@pytest.mark.parametrize("claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "x"], "azp": CLIENT}])
def test_an_id_token_for_several_names_who_asked_for_it(claims: dict[str, Any]) -> None:
    async def work(visit: Visit) -> None:
        visit.lies.claims = claims
        assert (await visit.through()).subject == "ada"

    visiting(work)


def _with_none(header: dict[str, Any], payload: bytes) -> str:
    none = b64('{"alg":"none"}')
    return f"{none}.{b64(payload)}."


def _public_as_secret(lies: LyingProvider) -> Callable[[dict[str, Any], bytes], str]:
    import hmac

    def sign(header: dict[str, Any], payload: bytes) -> str:
        named = b64('{"alg":"HS256","kid":"k1"}')
        head = f"{named}.{b64(payload)}"
        pem = lies.keys[0].as_pem(private=False)
        return f"{head}.{b64(hmac.digest(pem, head.encode(), 'sha256'))}"

    return sign


def test_an_id_token_that_the_provider_did_not_sign_is_refused() -> None:
    async def work(visit: Visit) -> None:
        lies = visit.lies
        other = RSAKey.generate_key(2048, {"kid": "k1"})

        def by_another(header: dict[str, Any], payload: bytes) -> str:
            from joserfc import jws

            return jws.serialize_compact(header, payload, other, algorithms=["RS256"])

        def altered(header: dict[str, Any], payload: bytes) -> str:
            head, _, mac = lies.signed(header, payload).split(".")
            return f"{head}.{b64(payload.replace(b'ada', b'eve'))}.{mac}"

        def cut(header: dict[str, Any], payload: bytes) -> str:
            return lies.signed(header, payload).rpartition(".")[0] + "."

        texts: list[Callable[[dict[str, Any], bytes], str]] = [
            *(_with_none, _public_as_secret(lies), by_another, altered, cut),
            *(lambda *_: "", lambda *_: "a.b.c", lambda *_: "x" * 30_000),
        ]
        for sign in texts:
            lies.sign = sign
            with pytest.raises(LoginRefused):
                await visit.through()

    visiting(work)


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"typ": "at+jwt"}, {"kid": "k2"}],
    ids=str,
)
def test_an_id_token_with_a_strange_header_is_refused(header: dict[str, Any]) -> None:
    async def work(visit: Visit) -> None:
        def sign(given: dict[str, Any], payload: bytes) -> str:
            import json

            from cryptography.hazmat.primitives.asymmetric import padding
            from cryptography.hazmat.primitives.hashes import SHA256

            head = f"{b64(json.dumps(given))}.{b64(payload)}"
            private = visit.lies.keys[0].private_key
            mac = private.sign(head.encode(), padding.PKCS1v15(), SHA256())
            return f"{head}.{b64(mac)}"

        visit.lies.sign = sign
        assert (await visit.through()).subject == "ada"
        visit.lies.header = header
        with pytest.raises(LoginRefused):
            await visit.through()

    visiting(work)


def test_the_provider_may_change_its_keys_and_a_stranger_does_not_make_us_ask() -> None:
    async def work(visit: Visit) -> None:
        lies = visit.lies
        await visit.through()
        lies.keys = [new_ec_key("k2")]
        lies.header, lies.claims = {"alg": "ES256", "kid": "k2"}, {"at_hash": None}
        with pytest.raises(LoginRefused):
            await visit.through()
        visit.clock.advance(KEYS_PAUSE_MS)
        await visit.through()

        visit.clock.advance(KEYS_PAUSE_MS)
        asked = lies.asked.count("/keys")
        lies.header = {"alg": "ES256", "kid": "unknown"}
        for _ in range(5):
            with pytest.raises(LoginRefused):
                await visit.through()
        assert lies.asked.count("/keys") == asked + 1

    visiting(work)


def test_a_shared_secret_among_the_providers_keys_is_no_key() -> None:
    async def work(visit: Visit) -> None:
        lies = visit.lies
        secret = OctKey.generate_key(256, {"kid": "k1"})
        lies.keys = [secret]
        lies.header = {"alg": "HS256"}
        with pytest.raises((LoginRefused, ProviderFailed)):
            await visit.through()

    visiting(work)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://attacker.example"},
        {"issuer": "https://provider.example/"},
        {"token_endpoint": "http://provider.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "http://10.0.0.1/"},
        {"token_endpoint": None},
        {"token_endpoint": 7},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(metadata: dict[str, Any]) -> None:
    async def work(visit: Visit) -> None:
        visit.lies.metadata = metadata
        with pytest.raises(ProviderFailed):
            await visit.start()

    visiting(work)


def test_a_login_ends_only_in_the_browser_that_began_it_and_in_time() -> None:
    async def work(visit: Visit) -> None:
        query, cookie = await visit.start()
        _, other = await visit.start()
        finish = visit.flow.finish
        head, kid, mac = cookie.split(".")
        for wrong_cookie, wrong_query in [
            ("", query),
            (other, query),
            (f"{head}.{kid}.{mac[:-1]}", query),
            (f"{b64(b'{}')}.{kid}.{mac}", query),
            ("x" * 10_000, query),
            (cookie, {**query, "state": ""}),
            (cookie, {**query, "state": query["state"] + "x"}),
            (cookie, {name: query[name] for name in ("code", "iss")}),
            (cookie, {**query, "iss": "https://attacker.example"}),
            (cookie, {name: query[name] for name in ("code", "state")}),
            (cookie, {**query, "code": ""}),
            (cookie, {**query, "error": "access_denied"}),
        ]:
            with pytest.raises(LoginRefused):
                await finish(wrong_cookie, wrong_query)
        visit.clock.advance(BEGUN_S_MAX * 1000)
        with pytest.raises(LoginRefused, match="too long"):
            await finish(cookie, query)

    visiting(work)


def test_userinfo_of_somebody_else_is_refused() -> None:
    async def work(visit: Visit) -> None:
        visit.lies.userinfo = {"sub": "eve", "email": "ada@example.org", "email_verified": True}
        with pytest.raises(LoginRefused, match="somebody else"):
            await visit.through()

    visiting(work)


def test_an_answer_that_is_too_large_or_no_json_is_refused() -> None:
    async def work(visit: Visit) -> None:
        visit.lies.userinfo = {"sub": "ada", "more": "x" * 2_000_000}
        with pytest.raises(ProviderFailed, match="more than"):
            await visit.through()
        visit.lies.grant = {"token_type": "mac"}
        with pytest.raises(LoginRefused, match="unknown kind"):
            await visit.through()
        visit.lies.grant = {"id_token": None}
        with pytest.raises(ProviderFailed, match="not expected"):
            await visit.through()

    visiting(work)


def test_a_public_client_sends_no_secret() -> None:
    async def work(visit: Visit) -> None:
        await visit.through()
        assert visit.lies.form["authorization"] == ""
        assert visit.lies.form["client_id"] == CLIENT and "client_secret" not in visit.lies.form

    visiting(work, client_secret="")


def test_a_secret_is_not_printed_with_its_provider() -> None:
    assert SECRET not in repr(Visit().provider)


@pytest.mark.parametrize(
    "path",
    [
        *("//attacker.example", "/\\attacker.example", "https://attacker.example", "javascript:1"),
        *("", "sessions", "/a b", "/a\nb", "/a\\b", "/\t/attacker.example", "/" + "x" * 600),
        *("///attacker.example", "\\/attacker.example", "/é", " /", "http:/x"),
    ],
)
def test_nobody_is_sent_elsewhere_after_login(path: str) -> None:
    assert safe_return(path) == "/"


@given(st.text(max_size=30))
def test_a_path_to_return_to_stays_on_this_server(path: str) -> None:
    from urllib.parse import urljoin

    joined = urlsplit(urljoin("https://tenuto.example/x", safe_return(path)))
    assert joined.netloc == "tenuto.example"


@pytest.mark.parametrize("path", ["/", "/sessions", "/sessions?status=failed#top"])
def test_a_path_of_this_server_is_returned_to(path: str) -> None:
    assert safe_return(path) == path


def person(email: str = "ada@example.org", *groups: str, verified: bool = True) -> Person:
    return Person(
        issuer="https://provider.example",
        subject="ada",
        email=email,
        email_verified=verified,
        groups=groups,
    )


def test_rules_let_in_by_domain_and_by_group_and_nobody_without_rules() -> None:
    assert admitted(person(), Rules()) is None
    domain = Rules(domains=("Example.org",))
    assert admitted(person(), domain) == ("viewer",)
    for email in ("ada@sub.example.org", "ada@example.org.attacker.example", "example.org", "@"):
        assert admitted(person(email), domain) is None
    assert admitted(person('"@example.org"@attacker.example'), domain) is None
    assert admitted(person(verified=False), domain) is None
    group = Rules(groups={"staff": ("operator",), "heads": ("admin",)}, roles=())
    assert admitted(person("", "staff"), group) == ("operator",)
    assert admitted(person("", "heads", "staff"), group) == ("operator", "admin")
    assert admitted(person("", "Staff"), group) is None
    both = Rules(domains=("example.org",), groups={"staff": ("operator",)})
    assert admitted(person("ada@example.org"), both) is None
    assert admitted(person("ada@elsewhere.example", "staff"), both) is None
    assert admitted(person("ada@example.org", "staff"), both) == ("viewer", "operator")


def test_an_address_at_a_provider_is_no_proof_of_an_account_made_here() -> None:
    async def main() -> None:
        office = Office(MemoryLedger(), HandClock(), new_keys())
        office.founded = await office.accounts.organisations.found_home()
        await office.hire("ada@example.org", "admin")
        provider = Provider(
            name="school",
            issuer="https://provider.example",
            client_id=CLIENT,
            rules=Rules(domains=("example.org",)),
        )
        directory = office.accounts.directory
        with pytest.raises(LoginRefused, match="another user"):
            await user_of(person(), provider, directory, office.clock, HERE)
        made = await user_of(person("bo@example.org"), provider, directory, office.clock, HERE)
        again = await user_of(person("new@example.org"), provider, directory, office.clock, HERE)
        assert again.id == made.id, "the subject counts, not the address"

        await office.accounts.users.remove(await office.admin(), made.id)
        anew = await user_of(person("bo@example.org"), provider, directory, office.clock, HERE)
        assert anew.id != made.id

    asyncio.run(main())


def test_providers_that_cannot_be_used_are_refused_at_the_start() -> None:
    good = {"name": "school", "issuer": "https://provider.example", "client_id": "x"}
    check_providers([Provider(**good)])  # type: ignore[arg-type]  # names of fields
    for wrong in (
        {"name": "a b"},
        {"issuer": "http://provider.example"},
        {"scopes": ("email",)},
        {"organisation": "A B"},
        {"rules": Rules(roles=("root",))},
        {"rules": Rules(groups={"staff": ("root",)})},
    ):
        with pytest.raises(Rejected):
            check_providers([Provider(**{**good, **wrong})])  # type: ignore[arg-type]  # names of fields
    with pytest.raises(Rejected, match="same name"):
        check_providers([Provider(**good), Provider(**good)])  # type: ignore[arg-type]  # names of fields
    for url in ("http://127.0.0.1:3000", "http://localhost", "https://x.example/y"):
        assert check_url(url, "issuer") == url
    for url in ("http://127.0.0.1.attacker.example", "https://", "https://x#y", "//x"):
        with pytest.raises(ProviderFailed):
            check_url(url, "issuer")
