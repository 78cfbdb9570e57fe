"""A record is what its last entry says."""

import hashlib

import msgspec

from tenuto.ports.ledger import EntryQuery, Ledger, NameTaken, Outdated
from tenuto.testing.contracts.ledger.case import (
    NOW_MS,
    LedgerCase,
    action,
    change,
    enter,
    listed,
    refused,
    user,
)


class Changing(LedgerCase):
    def test_a_record_is_what_its_last_entry_says(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            first = change("a", {"role": "admin"}, name="ann", private=b"\x00hash")
            second = change("a", {"role": "viewer"}, name="ada", at_ms=NOW_MS + 5)

            made = await enter(ledger, first, second)

            record = await user(ledger, "a")
            assert (record.tenant, record.kind, record.id) == ("acme", "user", "a")
            assert (record.name, record.version) == ("ada", 2)
            assert (record.value, record.private) == ({"role": "viewer"}, b"")
            assert (record.created_ms, record.updated_ms) == (NOW_MS, NOW_MS + 5)
            assert (made[0].version, made[0].before, made[0].after) == (
                1,
                None,
                {"role": "admin"},
            )
            assert (made[1].version, made[1].before, made[1].after) == (
                2,
                {"role": "admin"},
                {"role": "viewer"},
            )
            assert [entry.name for entry in made] == ["ann", "ada"]

        self.check(scenario)

    def test_an_action_that_writes_nothing_leaves_the_record_as_it_is(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {"n": 1}))
            before = await user(ledger, "a")

            (entry,) = await enter(ledger, action("user.login", kind="user", target="a"))

            assert (entry.version, entry.before, entry.after) == (0, None, None)
            assert await user(ledger, "a") == before

        self.check(scenario)

    def test_a_deleted_record_is_gone_and_its_name_free(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {"n": 1}, name="ann"))

            (entry,) = await enter(ledger, change("a", None, name="ann", private=b"x"))

            assert await ledger.record("acme", "user", id="a") is None
            assert await ledger.record("acme", "user", name="ann") is None
            assert await listed(ledger) == []
            assert (entry.version, entry.before, entry.after) == (2, {"n": 1}, None)
            assert (entry.name, entry.private_digest) == ("", "")
            await enter(ledger, change("b", {}, name="ann"))

        self.check(scenario)

    def test_a_record_that_is_made_again_goes_on_counting(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {"n": 1}), change("a", {"n": 2}), change("a", None))
            await enter(ledger, action("user.seen", kind="user", target="a"))

            later = change("a", {"n": 1}, expected=0, at_ms=NOW_MS + 9)
            (entry,) = await enter(ledger, later)

            record = await user(ledger, "a")
            assert (entry.version, entry.before, record.version) == (4, None, 4)
            assert (record.created_ms, record.updated_ms) == (NOW_MS + 9, NOW_MS + 9)
            (entry,) = await enter(ledger, change("a", {"n": 2}, expected=4))
            assert entry.version == 5

        self.check(scenario)

    def test_a_change_for_another_version_is_refused_and_told_which_there_is(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {"n": 1}, expected=0), change("a", {"n": 2}))

            for expected in (0, 1, 3):
                error = await refused(ledger, [change("a", {"n": 3}, expected=expected)], Outdated)
                assert isinstance(error, Outdated)
                assert (error.kind, error.target) == ("user", "a")
                assert (error.expected, error.found) == (expected, 2)
            error = await refused(ledger, [change("b", None, expected=1)], Outdated)
            assert isinstance(error, Outdated)
            assert error.found == 0
            await enter(ledger, change("a", {"n": 3}, expected=2))
            assert (await user(ledger, "a")).value == {"n": 3}

        self.check(scenario)

    def test_within_one_append_a_change_sees_those_before_it(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            made = await ledger.append(
                [
                    change("a", {"n": 1}, name="ann", expected=0),
                    change("a", {"n": 2}, name="ada", expected=1),
                    change("b", {"n": 1}, name="ann", expected=0),
                    change("a", None, expected=2),
                    change("c", {"n": 1}, name="ada"),
                    change("a", {"n": 3}, expected=0),
                ]
            )

            assert [entry.version for entry in made] == [1, 2, 1, 3, 1, 4]
            assert made[1].before == {"n": 1}
            assert sorted(await listed(ledger)) == ["a", "b", "c"]

        self.check(scenario)

    def test_a_name_belongs_to_one_record_of_its_tenant_and_kind(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {}, name="ann"), change("b", {}, name="bob"))

            error = await refused(ledger, [change("c", {}, name="ann")], NameTaken)
            await refused(ledger, [change("b", {}, name="ann")], NameTaken)

            assert isinstance(error, NameTaken)
            assert (error.kind, error.name) == ("user", "ann")
            await enter(
                ledger,
                change("a", {"n": 1}, name="ann"),
                change("c", {}, name="ann", kind="team"),
                change("a", {}, name="ann", tenant="rival"),
                change("d", {}),
                change("e", {}),
            )
            found = await ledger.record("acme", "team", name="ann")
            assert found is not None
            assert found.id == "c"

        self.check(scenario)

    def test_no_name_is_nobody_s(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {}))

            assert await ledger.record("acme", "user", name="") is None
            assert await ledger.record("acme", "user") is None

        self.check(scenario)

    def test_what_is_private_is_in_the_record_and_in_no_entry(self) -> None:
        secret = b"correct horse battery staple"

        async def scenario(ledger: Ledger) -> None:
            made = await enter(
                ledger,
                change("a", {"n": 1}, private=secret),
                change("a", {"n": 2}, private=secret + b"!"),
                change("a", {"n": 3}, private=secret),
            )

            assert (await user(ledger, "a")).private == secret
            told = msgspec.json.encode((made, await ledger.entries(EntryQuery())))
            assert b"staple" not in told
            assert made[0].private_digest == hashlib.sha256(secret).hexdigest()
            assert made[0].private_digest == made[2].private_digest != made[1].private_digest

        self.check(scenario)

    def test_records_of_tenants_are_apart(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(
                ledger,
                change("a", {"n": 1}, name="ann"),
                change("a", {"n": 2}, name="ann", tenant="rival", expected=0),
            )
            await enter(ledger, change("a", None, tenant="rival"))

            assert (await user(ledger, "a")).value == {"n": 1}
            assert await ledger.record("rival", "user", id="a") is None
            assert await ledger.record("rival", "user", name="ann") is None

        self.check(scenario)
