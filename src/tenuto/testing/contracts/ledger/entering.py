"""Entries are numbered without gap, chained, and made all or not at all."""

import asyncio
import math

from msgspec import structs

from tenuto.core.audit.chain import START, digest_of
from tenuto.core.errors import Rejected
from tenuto.ports.ledger import EntryQuery, Ledger, Outdated, Source
from tenuto.testing.contracts.ledger.case import (
    NOW_MS,
    LedgerCase,
    action,
    change,
    enter,
    numbers,
    refused,
)

SOURCE = Source(address="10.0.0.1", client="curl/8", request="r-1")


class Entering(LedgerCase):
    def test_an_empty_ledger_has_no_entries_and_begins_at_zeros(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            assert await ledger.entries(EntryQuery()) == ()
            assert await ledger.entries(EntryQuery(after=0)) == ()
            assert await ledger.digest() == (0, START)
            assert await ledger.append([]) == ()
            assert await ledger.digest() == (0, START)

        self.check(scenario)

    def test_an_entry_says_what_the_change_said(self) -> None:
        detail = {"reason": "π", "parts": [1, 2.5, None, True, {"a": -(2**63)}]}

        async def scenario(ledger: Ledger) -> None:
            (entry,) = await ledger.append([action(source=SOURCE, detail=detail)])

            assert (entry.number, entry.at_ms, entry.tenant) == (1, NOW_MS, "acme")
            assert (entry.actor, entry.action) == ("user:ann", "session.cancel")
            assert (entry.kind, entry.target) == ("session", "s1")
            assert (entry.source, entry.detail) == (SOURCE, detail)
            assert (entry.version, entry.before, entry.after) == (0, None, None)
            assert await ledger.entries(EntryQuery()) == (entry,)

        self.check(scenario)

    def test_entries_count_from_one_without_gap_over_all_tenants(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, action(), action(tenant="rival"))
            await ledger.append([action(), action(tenant="rival"), action()])

            assert await numbers(ledger, after=0) == [1, 2, 3, 4, 5]

        self.check(scenario)

    def test_each_digest_covers_the_entry_and_the_digest_before_it(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, action(), change("a", {"n": 1}), change("a", None), action())

            digest = START
            for entry in await ledger.entries(EntryQuery(after=0)):
                assert entry.digest == digest_of(entry, digest)
                digest = entry.digest
            assert await ledger.digest() == (4, digest)

        self.check(scenario)

    def test_the_canonical_form_never_changes(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            made = await enter(
                ledger,
                action(source=SOURCE, detail={"b": 1.5, "a": ["π", 10**18]}),
                change("a", {"role": "admin"}, name="Ann", private=b"$argon2$"),
                change("a", None),
            )

            assert [entry.digest for entry in made] == DIGESTS

        self.check(scenario)

    def test_appends_at_once_are_entered_in_the_order_in_which_they_were_asked_for(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            appends = [ledger.append([action(f"a.{n}"), action(f"b.{n}")]) for n in range(50)]

            made = [entry for pair in await asyncio.gather(*appends) for entry in pair]

            assert [entry.number for entry in made] == list(range(1, 101))
            assert [entry.action for entry in made[:4]] == ["a.0", "b.0", "a.1", "b.1"]
            assert list(await ledger.entries(EntryQuery(after=0))) == made

        self.check(scenario)

    def test_of_changes_appended_together_all_are_made_or_none(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await enter(ledger, change("a", {"n": 1}, name="ann"))
            together = [
                change("a", {"n": 2}, name="ada"),
                change("b", {"n": 1}, name="ann"),
                action(),
                change("c", {"n": 1}, expected=7),
            ]

            await refused(ledger, together, Outdated)

            found = await ledger.record("acme", "user", name="ann")
            assert found is not None
            assert (found.id, found.version, found.value) == ("a", 1, {"n": 1})
            assert await ledger.record("acme", "user", name="ada") is None
            assert await ledger.record("acme", "user", id="b") is None
            (entry,) = await enter(ledger, change("b", {}))
            assert (entry.number, entry.version) == (2, 1)

        self.check(scenario)

    def test_one_that_is_refused_does_not_hinder_those_asked_for_at_the_same_time(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            first = ledger.append([change("a", {"n": 1})])
            wrong = ledger.append([change("a", {"n": 2}, expected=0)])
            third = ledger.append([change("a", {"n": 3}, expected=1)])

            answers = await asyncio.gather(first, wrong, third, return_exceptions=True)

            assert isinstance(answers[1], Outdated)
            assert await numbers(ledger, after=0) == [1, 2]

        self.check(scenario)

    def test_what_is_no_json_is_refused(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            for bad in ({"a": math.nan}, {"a": [math.inf]}, {"a": "\ud800"}, {"a": object()}):
                await refused(ledger, [action(detail=bad)], Rejected)
                await refused(ledger, [change("a", {"v": 1}, value=bad)], Rejected)
            await refused(ledger, [action(tenant="\ud800")], Rejected)
            await refused(ledger, [action(at_ms=2**63)], Rejected)

        self.check(scenario)

    def test_a_change_that_contradicts_itself_is_refused(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            for bad in (
                action(value={"a": 1}),
                action(private=b"x"),
                action(name="x"),
                action(expected=1),
                action(""),
                change("", {}),
                change("a", {}, kind=""),
            ):
                await refused(ledger, [bad], Rejected)

        self.check(scenario)

    def test_equal_histories_have_equal_digests_and_others_have_not(self) -> None:
        changes = (action(), change("a", {"n": 1}, name="ann", private=b"p"), action(detail={}))
        others = (
            structs.replace(changes[1], at_ms=NOW_MS + 1),
            structs.replace(changes[1], tenant="rival"),
            structs.replace(changes[1], actor="system"),
            structs.replace(changes[1], action="user.add"),
            structs.replace(changes[1], target="b"),
            structs.replace(changes[1], source=SOURCE),
            structs.replace(changes[1], detail={"a": 1}),
            structs.replace(changes[1], value={"n": 1.0}),
            structs.replace(changes[1], name="ada"),
            structs.replace(changes[1], private=b"q"),
        )

        async def digest(*history: object) -> str:
            async with self.open_ledger() as ledger:
                await enter(ledger, *history)  # type: ignore[arg-type]  # changes
                return (await ledger.digest())[1]

        async def main() -> None:
            known = await digest(*changes)
            assert await digest(*changes) == known
            for other in others:
                assert await digest(changes[0], other, changes[2]) != known

        asyncio.run(main())


DIGESTS = [
    "344d21406f5ac391be4a9a74c934c93f12c0f7ffc266c25c883f17d95d0c4241",
    "f4df3ea62df13697b820581682807c1b7e0a6c62de55ddb4c292726a025279fa",
    "0fb1ca718b271234dd42af81c77ead4ab96f7eddacc4f952e14dc6925bcc76ff",
]
"""Frozen: whoever changes what a digest covers invalidates every ledger there is."""
