"""Access tokens, refresh tokens, and what ends them."""

import time
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.server.accounts.logins import IDLE_MS, LIFE_MS, REPEAT_MS
from tenuto.server.accounts.refusals import NotAuthenticated
from tenuto.server.accounts.signing import SigningKey, SigningKeys, new_keys
from tenuto.server.accounts.tokens import SECONDS, Access, Tokens, decoded
from tests.server.accounts.bad_tokens import Forge, families
from tests.server.accounts.offices import HERE, PASSWORD, HandClock, Office, at_office

Family = Callable[[Forge], Iterator[tuple[str, str]]]


def tokens_and_forge() -> tuple[Tokens, Forge]:
    clock, keys = HandClock(), new_keys()
    tokens = Tokens(keys, clock)
    token, _ = tokens.make(user="u1", organisation="acme", login="s1", jti="j1")
    claims = msgspec.to_builtins(tokens.verify(token))
    return Tokens(keys, clock), Forge(keys.first, claims)


@pytest.mark.parametrize("family", families(), ids=lambda family: str(family.__name__))
def test_a_token_that_is_wrong_in_one_thing_is_refused(family: Family) -> None:
    tokens, forge = tokens_and_forge()
    taken, count = [], 0

    for reason, token in family(forge):
        count += 1
        for _ in range(2):  # the second time it could come from the cache
            try:
                tokens.verify(token)
            except NotAuthenticated:
                continue
            taken.append(reason)

    assert taken == []
    assert count > 4


def test_the_tokens_of_the_forge_are_good_but_for_what_it_changes() -> None:
    tokens, forge = tokens_and_forge()

    for token in (forge.good(), forge.with_header(), forge.with_claims(jti="another")):
        assert tokens.verify(token).sub == "u1"


def test_there_are_hundreds_of_bad_tokens() -> None:
    _, forge = tokens_and_forge()

    assert sum(1 for family in families() for _ in family(forge)) > 300


@given(st.text(alphabet="AQgw-_=+/ .\n", max_size=12))
def test_bytes_have_one_spelling(text: str) -> None:
    try:
        raw = decoded(text)
    except ValueError:
        return
    assert Forge(SigningKey("k", b""), {}).sign("", "")
    import base64

    assert base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text


@given(st.integers(0, 2000), st.integers(1, 255))
def test_no_byte_of_a_token_can_be_changed(place: int, change: int) -> None:
    tokens, forge = tokens_and_forge()
    good = forge.good().encode()
    at = place % len(good)
    changed = good[:at] + bytes([good[at] ^ change]) + good[at + 1 :]

    with pytest.raises(NotAuthenticated):
        tokens.verify(changed.decode("latin-1"))


def test_a_token_ends_at_its_time_though_it_was_verified_before() -> None:
    clock = HandClock()
    tokens = Tokens(new_keys(), clock)
    token, ends_ms = tokens.make(user="u1", organisation="acme", login="s1", jti="j1")

    assert tokens.verify(token) == tokens.verify(token)
    clock.ms = ends_ms - 1
    tokens.verify(token)
    clock.ms = ends_ms
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            tokens.verify(token)


def test_a_token_signed_by_an_earlier_key_counts_until_that_key_goes() -> None:
    clock, old, new = HandClock(), new_keys().first, new_keys().first
    token, _ = Tokens(SigningKeys((old,)), clock).make(
        user="u1", organisation="acme", login="s1", jti="j1"
    )

    assert isinstance(Tokens(SigningKeys((new, old)), clock).verify(token), Access)
    with pytest.raises(NotAuthenticated):
        Tokens(SigningKeys((new,)), clock).verify(token)
    with pytest.raises(NotAuthenticated):
        Tokens(SigningKeys((SigningKey(old.kid, new.secret),)), clock).verify(token)


def test_a_token_of_another_issuer_with_the_same_key_is_refused() -> None:
    clock, keys = HandClock(), new_keys()
    token, _ = Tokens(keys, clock, issuer="https://a.example").make(
        user="u1", organisation="acme", login="s1", jti="j1"
    )

    with pytest.raises(NotAuthenticated):
        Tokens(keys, clock, issuer="https://b.example").verify(token)


def test_who_has_a_token_for_one_organisation_is_nobody_in_another() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        await office.accounts.organisations.add(await office.admin(), "acme")
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        forged, _ = office.accounts.tokens.make(
            user=ada.principal.user, organisation="acme", login=begun.login, jti="j"
        )

        with pytest.raises(NotAuthenticated):
            await office.asking(forged)

    at_office(work)


def test_a_token_of_a_login_is_not_one_of_another_user() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        assert office.founded is not None
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        forged, _ = office.accounts.tokens.make(
            user=office.founded.admin, organisation="local", login=begun.login, jti="j"
        )

        with pytest.raises(NotAuthenticated):
            await office.asking(forged)

    at_office(work)


def test_a_refresh_token_gives_new_tokens_once() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        first = await office.accounts.log_in("ada", PASSWORD, HERE)
        office.clock.advance(SECONDS * 1000)
        with pytest.raises(NotAuthenticated):
            await office.asking(first.access)

        second = await office.accounts.logins.refresh(first.refresh, HERE)
        assert second.refresh != first.refresh
        assert (await office.asking(second.access)).principal.name == "ada"
        again = await office.accounts.logins.refresh(first.refresh, HERE)
        assert again.refresh == second.refresh, "an answer that was lost is given again"

    at_office(work)


def test_a_used_refresh_token_that_comes_back_ends_the_login() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        first = await office.accounts.log_in("ada", PASSWORD, HERE)
        second = await office.accounts.logins.refresh(first.refresh, HERE)
        office.clock.advance(REPEAT_MS)

        with pytest.raises(NotAuthenticated):
            await office.accounts.logins.refresh(first.refresh, HERE)
        with pytest.raises(NotAuthenticated):
            await office.accounts.logins.refresh(second.refresh, HERE)
        with pytest.raises(NotAuthenticated):
            await office.asking(second.access)
        assert (await office.actions())[-1] == "login.reuse"

    at_office(work)


def test_a_forged_refresh_token_is_refused_and_ends_nothing() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        head, _, mac = begun.refresh.rpartition("_")
        other = "A" if mac[0] != "A" else "B"
        for text in (
            head + "_" + other + mac[1:],
            begun.refresh.replace("_1_", "_2_"),
            begun.refresh.replace("tnr_local", "tnr_acme"),
            begun.refresh + "\n",
            begun.access,
            "tnr_" + "a" * 100_000,
            "",
        ):
            with pytest.raises(NotAuthenticated):
                await office.accounts.logins.refresh(text, HERE)
        with pytest.raises(NotAuthenticated):
            await office.asking(begun.refresh)

        await office.accounts.logins.refresh(begun.refresh, HERE)

    at_office(work)


def test_a_login_ends_unused_after_a_week_and_used_after_a_month() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        unused = await office.accounts.log_in("ada", PASSWORD, HERE)
        used = await office.accounts.log_in("ada", PASSWORD, HERE)
        began_ms = office.clock.now_ms()
        while office.clock.now_ms() + IDLE_MS // 2 < began_ms + LIFE_MS:
            office.clock.advance(IDLE_MS // 2)
            used = await office.accounts.logins.refresh(used.refresh, HERE)
        assert used.refresh_ends_ms == began_ms + LIFE_MS

        office.clock.ms = began_ms + LIFE_MS
        for text in (unused.refresh, used.refresh):
            with pytest.raises(NotAuthenticated):
                await office.accounts.logins.refresh(text, HERE)

    at_office(work)


def test_logging_out_ends_the_tokens_of_that_login_at_once_and_no_others() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        one = await office.accounts.log_in("ada", PASSWORD, HERE)
        two = await office.accounts.log_in("ada", PASSWORD, HERE)

        await office.accounts.logins.end(await office.asking(one.access), one.login)
        with pytest.raises(NotAuthenticated):
            await office.asking(one.access)
        await office.accounts.logins.end_by_refresh(one.refresh, HERE)
        asking = await office.asking(two.access)

        await office.accounts.users.log_out(asking, asking.principal.user)
        with pytest.raises(NotAuthenticated):
            await office.asking(two.access)
        with pytest.raises(NotAuthenticated):
            await office.accounts.logins.refresh(two.refresh, HERE)

    at_office(work)


def test_what_another_process_ends_is_ended_here_within_half_a_second() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        other = office.beside()
        asking = await other.asking(begun.access)

        await office.accounts.logins.end(asking, begun.login)
        office.clock.advance(500)
        with pytest.raises(NotAuthenticated):
            await other.asking(begun.access)

    at_office(work)


def test_a_clock_that_is_put_back_does_not_keep_old_answers_alive() -> None:
    async def work(office: Office) -> None:
        made = await office.accounts.keys.add(await office.admin())
        other = office.beside()
        await other.asking(made.text)

        await office.accounts.keys.revoke(await office.admin(), made.record.id)
        office.clock.advance(-3_600_000)
        with pytest.raises(NotAuthenticated):
            await other.asking(made.text)

    at_office(work)


def test_the_text_against_forged_requests_belongs_to_one_login() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        one = await office.accounts.log_in("ada", PASSWORD, HERE)
        two = await office.accounts.log_in("ada", PASSWORD, HERE)

        logins = office.accounts.logins
        assert logins.is_csrf_of(one.login, one.csrf)
        for text in (two.csrf, "", one.csrf[:-1], "ä"):
            assert not logins.is_csrf_of(one.login, text)

    at_office(work)


@pytest.mark.slow
def test_who_was_seen_before_is_known_in_microseconds() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        made = await office.accounts.keys.add(await office.admin())
        for credential in (begun.access, made.text):
            rounds = []
            for _ in range(7):
                start = time.perf_counter()
                for _ in range(500):
                    await office.accounts.authenticate(credential, HERE)
                rounds.append((time.perf_counter() - start) / 500)
            assert min(rounds) < 20e-6

    at_office(work)
