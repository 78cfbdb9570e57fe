"""API keys: shown once, kept as a digest, scoped, expiring, rotated, revoked at once."""

import msgspec
import pytest

from tenuto.ports.ledger import EntryQuery, RecordQuery
from tenuto.server.accounts.keys import BadKey
from tenuto.server.accounts.refusals import NoSuchAccount, NotAuthenticated, NotPermitted
from tenuto.server.accounts.texts import key_place
from tests.server.accounts.offices import HERE, Office, at_office


def test_the_first_start_founds_an_organisation_and_the_second_does_not() -> None:
    async def work(office: Office) -> None:
        assert office.founded is not None
        admin = (await office.admin()).principal
        assert (admin.organisation, admin.name, admin.roles) == ("local", "admin", ("admin",))
        assert await office.accounts.organisations.found_home() is None
        assert await office.beside().accounts.organisations.found_home() is None
        assert office.founded.key_text not in repr(office.founded)

    at_office(work)


def test_a_key_is_in_no_record_and_no_entry() -> None:
    async def work(office: Office) -> None:
        made = await office.accounts.keys.add(await office.admin(), label="CI")
        await office.accounts.keys.rotate(await office.admin(), made.record.id)

        secret = made.text.rpartition("_")[2]
        kept = [
            *await office.ledger.entries(EntryQuery(after=0)),
            *await office.ledger.records(RecordQuery()),
        ]
        assert secret not in "".join(map(repr, kept)) + repr(made)

    at_office(work)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text.replace("tnt_local-", "tnt_other-"),
        lambda text: text.replace("tnt_", "tnt_\u200b"),
        lambda text: text.upper(),
        lambda text: " " + text,
        lambda text: text + "\n",
        lambda text: "tnt_",
        lambda text: "tnt_local-000000000000_" + "0" * 43,
        lambda text: "tnt_" + "a" * 100_000,
        lambda text: "",
        lambda text: "\ud800",
    ],
)
def test_a_text_that_is_nearly_a_key_is_refused(damage: object) -> None:
    async def work(office: Office) -> None:
        assert office.founded is not None and callable(damage)
        with pytest.raises(NotAuthenticated) as refused:
            await office.asking(damage(office.founded.key_text))
        assert "local" not in str(refused.value)

    at_office(work)


def test_a_key_says_where_its_record_is() -> None:
    async def work(office: Office) -> None:
        assert office.founded is not None
        found = await office.accounts.organisations.add(await office.admin(), "acme-2")

        assert key_place(found.key_text) is not None
        asking = await office.asking(found.key_text)
        assert (asking.principal.organisation, asking.principal.roles) == ("acme-2", ("admin",))

    at_office(work)


def test_a_key_has_its_scopes_and_no_more_than_its_user_at_that_time() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "operator")
        made = await office.accounts.keys.add(ada, scopes=("sessions:*", "audit:read"))

        key = (await office.asking(made.text)).principal
        assert key.may("sessions:start")
        assert not key.may("agents:read"), "out of scope"
        assert not key.may("audit:read"), "its user may not"

        await office.accounts.users.change(
            await office.admin(), ada.principal.user, roles=("viewer",)
        )
        assert not (await office.asking(made.text)).principal.may("sessions:start")

    at_office(work)


def test_a_key_makes_no_key_that_can_more() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "operator")
        narrow = await office.accounts.keys.add(ada, scopes=("keys:own", "sessions:read"))
        wide = await office.accounts.keys.add(ada)
        asking = await office.asking(narrow.text)

        for scopes in (None, ("sessions:*",), ("*:*",)):
            with pytest.raises(NotPermitted):
                await office.accounts.keys.add(asking, scopes=scopes)
        with pytest.raises(NotPermitted):
            await office.accounts.keys.rotate(asking, wide.record.id)
        less = await office.accounts.keys.add(asking, scopes=("sessions:read:workflow=a*",))
        key = (await office.asking(less.text)).principal
        assert key.may("sessions:read", {"workflow": "ab"}) and not key.may("sessions:read")

    at_office(work)


def test_a_key_expires() -> None:
    async def work(office: Office) -> None:
        ends_ms = office.clock.now_ms() + 1000
        made = await office.accounts.keys.add(await office.admin(), expires_ms=ends_ms)

        assert (await office.asking(made.text)).principal.expires_ms == ends_ms
        office.clock.advance(1000)
        with pytest.raises(NotAuthenticated):
            await office.asking(made.text)
        with pytest.raises(BadKey, match="expired already"):
            await office.accounts.keys.add(await office.admin(), expires_ms=ends_ms)

    at_office(work)


def test_a_rotated_key_works_for_a_while_and_then_only_the_new_one_does() -> None:
    async def work(office: Office) -> None:
        old = await office.accounts.keys.add(await office.admin())
        new = await office.accounts.keys.rotate(
            await office.admin(), old.record.id, grace_ms=60_000
        )

        assert new.record.id == old.record.id and new.text != old.text
        assert (await office.asking(old.text)).principal.key == old.record.id
        office.clock.advance(60_000)
        with pytest.raises(NotAuthenticated):
            await office.asking(old.text)
        await office.asking(new.text)

        newest = await office.accounts.keys.rotate(await office.admin(), old.record.id, grace_ms=0)
        with pytest.raises(NotAuthenticated):
            await office.asking(new.text)
        await office.asking(newest.text)

    at_office(work)


def test_a_revoked_key_ends_at_once_and_in_other_processes_within_half_a_second() -> None:
    async def work(office: Office) -> None:
        made = await office.accounts.keys.add(await office.admin())
        other = office.beside()
        await office.asking(made.text)
        await other.asking(made.text)

        await office.accounts.keys.revoke(await office.admin(), made.record.id)
        with pytest.raises(NotAuthenticated):
            await office.asking(made.text)
        office.clock.advance(500)
        with pytest.raises(NotAuthenticated):
            await other.asking(made.text)

    at_office(work)


def test_the_use_of_a_key_is_entered_once_a_day() -> None:
    async def work(office: Office) -> None:
        made = await office.accounts.keys.add(await office.admin())
        assert await office.accounts.last_used_ms(made.record) is None
        for _ in range(50):
            office.clock.advance(1000)
            await office.asking(made.text)
        assert await office.accounts.last_used_ms(made.record) == office.clock.now_ms()
        office.clock.advance(86_400_000)
        await office.asking(made.text)

        uses = [
            entry
            for entry in await office.ledger.entries(EntryQuery(after=0, actions=("key.use",)))
            if entry.target == made.record.id
        ]
        assert len(uses) == 2
        assert uses[0].source == HERE
        assert await office.beside().accounts.last_used_ms(made.record) == uses[1].at_ms

    at_office(work)


def test_users_see_their_own_keys_and_admins_all_of_their_organisation() -> None:
    async def work(office: Office) -> None:
        ada, bob = await office.hire("ada", "viewer"), await office.hire("bob", "viewer")
        adas = await office.accounts.keys.add(ada, label="ada's")
        other = await office.accounts.organisations.add(await office.admin(), "acme")
        stranger = await office.asking(other.key_text)

        assert [one.id for one in await office.accounts.keys.own(ada)] == [adas.record.id]
        assert await office.accounts.keys.own(bob) == []
        for asking in (bob, stranger):
            for act in (office.accounts.keys.get, office.accounts.keys.rotate):
                with pytest.raises(NoSuchAccount):
                    await act(asking, adas.record.id)
            with pytest.raises(NoSuchAccount):
                await office.accounts.keys.revoke(asking, adas.record.id)
        with pytest.raises(NotPermitted):
            await office.accounts.keys.page(bob)
        with pytest.raises(NotPermitted):
            await office.accounts.keys.add(bob, user=ada.principal.user)
        seen = await office.accounts.keys.page(await office.admin())
        assert adas.record.id in [one.id for one in seen] and len(seen) == 2
        assert all(one.tenant == "acme" for one in await office.accounts.keys.page(stranger))

    at_office(work)


def test_an_entry_says_who_made_a_key_for_whom_and_from_where() -> None:
    async def work(office: Office) -> None:
        ada = await office.hire("ada", "viewer")
        admin = await office.admin()
        await office.accounts.keys.add(admin, user=ada.principal.user, label="for ada")

        entry = (await office.ledger.entries(EntryQuery(actions=("key.add",))))[0]
        assert entry.actor == f"key:{admin.principal.key}"
        assert entry.source == HERE and entry.before is None
        assert entry.after is not None and entry.after["user"] == ada.principal.user
        assert msgspec.json.encode(entry)

    at_office(work)
