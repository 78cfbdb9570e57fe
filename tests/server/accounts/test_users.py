"""Users: what may be made of them, by whom, and how they log in."""

import asyncio

import pytest
from argon2 import PasswordHasher

from tenuto.core.accounts.names import BadName
from tenuto.core.accounts.permissions import BadPermission
from tenuto.core.errors import Rejected
from tenuto.ports.ledger import EntryQuery, NameTaken, Outdated, RecordQuery
from tenuto.server.accounts.accounts import Accounts
from tenuto.server.accounts.failures import ADDRESS, USER_AT_ADDRESS, Failures
from tenuto.server.accounts.logins import LOGINS_MAX
from tenuto.server.accounts.organisations import system
from tenuto.server.accounts.passwords import WAITING_MAX, Passwords
from tenuto.server.accounts.records import Asking, secrets_of
from tenuto.server.accounts.refusals import (
    LastAdmin,
    NoSuchAccount,
    NotAuthenticated,
    NotPermitted,
    TooBusy,
    TooManyAttempts,
)
from tests.server.accounts.offices import HERE, PASSWORD, QUICK, HandClock, Office, at_office


def test_a_user_logs_in_and_what_they_hold_says_who_they_are() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada@example.org", "operator")
        begun = await office.accounts.log_in(" Ada@example.org", PASSWORD, HERE)

        principal = (await office.asking(begun.access)).principal
        assert (principal.name, principal.roles) == ("ada@example.org", ("operator",))
        assert principal.login == begun.login and principal.expires_ms == begun.access_ends_ms
        assert begun.access not in repr(begun) and begun.refresh not in repr(begun)

    at_office(work)


def test_what_is_wrong_with_a_login_is_not_told() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        gone = await office.hire("bob", "viewer")
        await office.accounts.users.change(await office.admin(), gone.principal.user, disabled=True)
        told = set()
        for name, password, organisation in [
            ("ada", "wrong", "local"),
            ("nobody", PASSWORD, "local"),
            ("bob", PASSWORD, "local"),
            ("admin", "", "local"),
            ("ada", PASSWORD, "acme"),
            ("", "", ""),
        ]:
            with pytest.raises(NotAuthenticated) as refused:
                await office.accounts.log_in(name, password, HERE, organisation=organisation)
            told.add(str(refused.value))
            office.clock.advance(3_600_000)
        assert len(told) == 1

    at_office(work)


def test_a_failed_login_of_a_user_is_entered_and_an_unknown_name_is_not() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        for name in ("ada", "my-password-by-mistake"):
            with pytest.raises(NotAuthenticated):
                await office.accounts.log_in(name, "wrong password", HERE)
        await office.accounts.close()

        failed = await office.ledger.entries(EntryQuery(actions=("login.fail",)))
        assert [(one.target, one.source) for one in failed] == [(ada.principal.user, HERE)]
        kept = repr(await office.ledger.entries(EntryQuery(after=0)))
        assert "by-mistake" not in kept and "wrong password" not in kept

    at_office(work)


def test_passwords_are_in_no_entry_and_are_kept_as_hashes() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")

        entries = repr(await office.ledger.entries(EntryQuery(after=0)))
        records = repr(await office.ledger.records(RecordQuery()))
        assert PASSWORD not in entries + records
        assert "argon2id" not in entries and "argon2id" in records

    at_office(work)


def test_a_hash_with_old_parameters_is_made_anew_at_login() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
        later = Accounts(office.ledger, office.clock, office.signing, passwords=stronger)

        begun = await later.log_in("ada", PASSWORD, HERE)
        record = await later.users.get(await office.admin(), ada.principal.user)
        assert "m=16,t=2" in secrets_of(record).password
        assert (await later.authenticate(begun.access, HERE)).name == "ada"
        await later.log_in("ada", PASSWORD, HERE)
        assert (await office.actions()).count("user.rehash") == 1

    at_office(work)


def test_guessing_becomes_slow_and_ends_with_the_right_password() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        for _ in range(USER_AT_ADDRESS.free):
            with pytest.raises(NotAuthenticated):
                await office.accounts.log_in("ada", "wrong", HERE)
        with pytest.raises(TooManyAttempts) as refused:
            await office.accounts.log_in("ada", PASSWORD, HERE)
        assert refused.value.retry_after_s == 1

        office.clock.advance(1000)
        await office.accounts.log_in("ada", PASSWORD, HERE)
        await office.accounts.log_in("ada", PASSWORD, HERE)

    at_office(work)


def test_many_guesses_at_once_gain_nothing() -> None:
    async def work(office: Office) -> None:
        await office.hire("ada", "viewer")
        guesses = [office.accounts.log_in("ada", f"guess {n}", HERE) for n in range(20)]

        ends = [type(one) for one in await asyncio.gather(*guesses, return_exceptions=True)]
        assert ends.count(NotAuthenticated) == USER_AT_ADDRESS.free
        assert ends.count(TooManyAttempts) == 20 - USER_AT_ADDRESS.free

    at_office(work)


def test_the_wait_doubles_up_to_its_bound_and_is_forgotten_after_a_while() -> None:
    clock = HandClock()
    failures = Failures(clock)
    waits = []
    for _ in range(USER_AT_ADDRESS.free + 12):
        try:
            failures.begin(user="ada", address="a")
        except TooManyAttempts as refused:
            waits.append(refused.retry_after_s)
            clock.advance(refused.retry_after_s * 1000)
            failures.begin(user="ada", address="a")

    assert waits[:5] == [1, 2, 4, 8, 16]
    assert max(waits) == USER_AT_ADDRESS.wait_ms_max // 1000
    clock.advance(15 * 60_000)
    failures.begin(user="ada", address="a")


def test_others_are_not_locked_out_for_long_by_who_guesses_from_many_addresses() -> None:
    clock = HandClock()
    failures = Failures(clock)
    for number in range(200):
        try:
            failures.begin(user="ada", address=f"10.0.0.{number}")
        except TooManyAttempts as refused:
            assert refused.retry_after_s <= 30
            clock.advance(refused.retry_after_s * 1000)


def test_an_address_that_tries_many_names_is_slowed_though_one_of_them_is_its_own() -> None:
    clock = HandClock()
    failures = Failures(clock)
    for number in range(ADDRESS.free):
        failures.begin(user=f"user{number}", address="a")
        failures.begin(user="mine", address="a") if number % 10 == 0 and number < 50 else None
        failures.succeeded(user="mine", address="a") if number % 10 == 0 and number < 50 else None

    with pytest.raises(TooManyAttempts):
        failures.begin(user="another", address="a")
    failures.begin(user="another", address="b")


def test_too_many_passwords_at_once_are_refused() -> None:
    async def main() -> None:
        passwords = Passwords(QUICK, at_once=1)
        kept = await passwords.hash(PASSWORD)
        checks = [passwords.verify(kept, PASSWORD) for _ in range(WAITING_MAX + 10)]

        ends = await asyncio.gather(*checks, return_exceptions=True)
        assert ends.count(True) > 0
        assert sum(isinstance(one, TooBusy) for one in ends) > 0
        assert await passwords.verify(kept, PASSWORD)

    asyncio.run(main())


def test_a_user_without_password_cannot_log_in_by_one() -> None:
    async def main() -> None:
        passwords = Passwords(QUICK)
        for kept in ("", "no hash", "$argon2id$v=19$m=8,t=1,p=1$"):
            assert not await passwords.verify(kept, "")
            assert not await passwords.verify(kept, PASSWORD)

    asyncio.run(main())


def test_disabling_a_user_ends_their_tokens_and_keys_at_once() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "operator")
        key = await office.accounts.keys.add(ada)
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        await office.asking(begun.access)

        await office.accounts.users.change(await office.admin(), ada.principal.user, disabled=True)
        for credential in (begun.access, key.text):
            with pytest.raises(NotAuthenticated):
                await office.asking(credential)
        with pytest.raises(NotAuthenticated):
            await office.accounts.logins.refresh(begun.refresh, HERE)

        await office.accounts.users.change(await office.admin(), ada.principal.user, disabled=False)
        await office.asking(key.text)
        with pytest.raises(NotAuthenticated):
            await office.asking(begun.access)

    at_office(work)


def test_disabling_an_organisation_shuts_all_of_it_out_and_loses_nothing() -> None:
    async def work(office: Office) -> None:
        founded = await office.accounts.organisations.add(await office.admin(), "acme")
        change = office.accounts.organisations.change

        await change(await office.admin(), "acme", disabled=True)
        with pytest.raises(NotAuthenticated):
            await office.asking(founded.key_text)
        await change(await office.admin(), "acme", disabled=False)
        await office.asking(founded.key_text)
        with pytest.raises(Rejected, match="stays enabled"):
            await change(await office.admin(), "local", disabled=True)

    at_office(work)


def test_only_the_home_organisation_manages_organisations() -> None:
    async def work(office: Office) -> None:
        organisations = office.accounts.organisations
        founded = await organisations.add(await office.admin(), "acme")
        acme = await office.asking(founded.key_text)

        assert [one.id for one in await organisations.page(acme)] == ["acme"]
        assert len(await organisations.page(await office.admin())) == 2
        with pytest.raises(NoSuchAccount):
            await organisations.get(acme, "local")
        with pytest.raises(NotPermitted):
            await organisations.add(acme, "other")
        with pytest.raises(NotPermitted):
            await organisations.change(acme, "acme", disabled=True)
        assert (await organisations.change(acme, "acme", label="Acme Ltd")).value == {
            "label": "Acme Ltd",
            "disabled": False,
        }
        with pytest.raises(Rejected, match="another name"):
            await organisations.add(await office.admin(), "acme")
        viewer = await office.hire("ada", "viewer")
        assert [one.id for one in await organisations.page(viewer)] == ["local"]
        with pytest.raises(NotPermitted):
            await organisations.add(viewer, "third")

    at_office(work)


def test_a_new_password_ends_all_logins_and_needs_the_old_one_from_the_user() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)
        asking = await office.asking(begun.access)

        with pytest.raises(NotAuthenticated):
            await office.accounts.change_own_password(asking, "wrong", "another password")
        with pytest.raises(BadName):
            await office.accounts.change_own_password(asking, PASSWORD, "short")
        await office.accounts.change_own_password(asking, PASSWORD, "another password")
        with pytest.raises(NotAuthenticated):
            await office.asking(begun.access)
        await office.accounts.log_in("ada", "another password", HERE)

        await office.accounts.users.change(
            await office.admin(), ada.principal.user, password="a third password"
        )
        await office.accounts.log_in("ada", "a third password", HERE)
        with pytest.raises(NotPermitted):
            await office.accounts.change_own_password(await office.admin(), "", "fourth password")

    at_office(work)


def test_nobody_gives_more_than_they_have_nor_takes_over_who_has_more() -> None:
    async def work(office: Office) -> None:
        admin = await office.admin()
        scopes = ("accounts:*", "sessions:*", "keys:own")
        clerk = await office.asking((await office.accounts.keys.add(admin, scopes=scopes)).text)
        assert office.founded is not None

        for wish in ({"roles": ("admin",)}, {"roles": ("viewer",)}, {"grants": ("*:*",)}):
            with pytest.raises(NotPermitted):
                await office.accounts.users.add(clerk, "mallory", **wish)  # type: ignore[arg-type]  # by name
        await office.accounts.users.add(clerk, "bot", roles=(), grants=("sessions:start",))
        for change in ({"password": "takeover takeover"}, {"disabled": True}):
            with pytest.raises(NotPermitted):
                await office.accounts.users.change(clerk, office.founded.admin, **change)
        with pytest.raises(NotPermitted):
            await office.accounts.users.remove(clerk, office.founded.admin)

    at_office(work)


def test_an_organisation_keeps_an_admin() -> None:
    async def work(office: Office) -> None:
        assert office.founded is not None
        users, first = office.accounts.users, office.founded.admin
        for wish in ({"disabled": True}, {"roles": ("viewer",)}):
            with pytest.raises(LastAdmin):
                await users.change(await office.admin(), first, **wish)
        with pytest.raises(LastAdmin):
            await users.remove(await office.admin(), first)

        await office.hire("ada", "admin")
        await users.change(await office.admin(), first, roles=("viewer",))

    at_office(work)


def test_names_are_unique_in_an_organisation_and_changes_are_for_a_version() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        with pytest.raises(NameTaken):
            await office.hire("ADA", "viewer")
        changed = await office.accounts.users.change(
            await office.admin(), ada.principal.user, label="Ada", expected=1
        )
        assert changed.version == 2
        with pytest.raises(Outdated):
            await office.accounts.users.change(
                await office.admin(), ada.principal.user, label="A.", expected=1
            )
        with pytest.raises(BadPermission):
            await office.accounts.users.change(
                await office.admin(), ada.principal.user, grants=("sessions:fly",)
            )

    at_office(work)


def test_a_removed_user_is_gone_with_keys_and_logins() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        key = await office.accounts.keys.add(ada)
        begun = await office.accounts.log_in("ada", PASSWORD, HERE)

        await office.accounts.users.remove(await office.admin(), ada.principal.user)
        for credential in (key.text, begun.access):
            with pytest.raises(NotAuthenticated):
                await office.asking(credential)
        again = await office.hire("ada", "viewer")
        assert again.principal.user != ada.principal.user
        assert await office.accounts.keys.own(again) == []
        assert (await office.actions()).count("key.revoke") == 1

    at_office(work)


def test_users_of_another_organisation_are_not_there() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        founded = await office.accounts.organisations.add(await office.admin(), "acme")
        acme = await office.asking(founded.key_text)
        users = office.accounts.users

        assert [one.name for one in await users.page(acme)] == ["admin"]
        for attempt in (
            users.get(acme, ada.principal.user),
            users.named(acme, "ada"),
            users.change(acme, ada.principal.user, label="x"),
            users.remove(acme, ada.principal.user),
            users.log_out(acme, ada.principal.user),
            office.accounts.keys.add(acme, user=ada.principal.user),
        ):
            with pytest.raises(NoSuchAccount):
                await attempt

    at_office(work)


def test_a_viewer_sees_themselves_and_no_other_account() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        assert office.founded is not None

        assert (await office.accounts.users.get(ada, ada.principal.user)).name == "ada"
        for attempt in (
            office.accounts.users.get(ada, office.founded.admin),
            office.accounts.users.named(ada, "admin"),
            office.accounts.users.page(ada),
            office.accounts.users.add(ada, "eve"),
            office.accounts.users.change(ada, ada.principal.user, roles=("admin",)),
            office.accounts.users.remove(ada, ada.principal.user),
            office.accounts.users.log_out(ada, office.founded.admin),
        ):
            with pytest.raises(NotPermitted):
                await attempt

    at_office(work)


def test_a_user_has_so_many_logins_at_most() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        first = await office.accounts.log_in("ada", PASSWORD, HERE)
        for _ in range(LOGINS_MAX):
            office.clock.advance(1000)
            last = await office.accounts.log_in("ada", PASSWORD, HERE)

        held = await office.accounts.logins.of_user("local", ada.principal.user)
        assert len(held) == LOGINS_MAX
        with pytest.raises(NotAuthenticated):
            await office.asking(first.access)
        await office.asking(last.access)

    at_office(work)


def test_this_machines_own_program_is_an_admin_that_the_ledger_calls_system() -> None:
    async def work(office: Office) -> None:
        await office.accounts.users.add(Asking(principal=system("local")), "ada")

        entry = (await office.ledger.entries(EntryQuery(actions=("user.add",))))[0]
        assert (entry.actor, entry.source.address) == ("system", "")

    at_office(work)
