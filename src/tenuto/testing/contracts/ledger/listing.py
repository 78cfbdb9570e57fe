"""Entries and records are found by what they are about, page by page."""

from tenuto.core.vocabulary import Json
from tenuto.ports.ledger import Change, Ledger, Record, RecordQuery
from tenuto.testing.contracts.ledger.case import (
    NOW_MS,
    LedgerCase,
    action,
    change,
    listed,
    numbers,
)


class Listing(LedgerCase):
    def test_entries_are_listed_newest_first_or_from_a_number_on_in_order(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await ledger.append([action() for _ in range(7)])

            assert await numbers(ledger) == [7, 6, 5, 4, 3, 2, 1]
            assert await numbers(ledger, limit=3) == [7, 6, 5]
            assert await numbers(ledger, before=5, limit=3) == [4, 3, 2]
            assert await numbers(ledger, before=2, limit=3) == [1]
            assert await numbers(ledger, before=1) == []
            assert await numbers(ledger, before=100, limit=1) == [7]
            assert await numbers(ledger, after=0, limit=3) == [1, 2, 3]
            assert await numbers(ledger, after=3, limit=3) == [4, 5, 6]
            assert await numbers(ledger, after=7) == []
            assert await numbers(ledger, after=2, before=5) == [3, 4]
            assert await numbers(ledger, limit=0) == []

        self.check(scenario)

    def test_entries_are_found_by_what_they_are_about(self) -> None:
        changes = (
            action("session.start"),
            action("session.cancel", actor="key:k1", at_ms=NOW_MS + 1),
            action("session.start", target="s2", at_ms=NOW_MS + 2),
            action("user.login", kind="user", target="s1", tenant="rival", at_ms=NOW_MS + 3),
            action("session.cancel", actor="system", at_ms=NOW_MS - 1),
            action("audit.checkpoint", actor="system", kind="", target=""),
        )
        expected: tuple[tuple[dict[str, Json | tuple[str, ...]], list[int]], ...] = (
            ({"tenant": "acme"}, [6, 5, 3, 2, 1]),
            ({"tenant": "rival"}, [4]),
            ({"tenant": "nobody"}, []),
            ({"actor": "system"}, [6, 5]),
            ({"tenant": "acme", "actor": "key:k1"}, [2]),
            ({"actions": ("session.start",)}, [3, 1]),
            ({"actions": ("session.start", "user.login")}, [4, 3, 1]),
            ({"tenant": "acme", "actions": ("session.start", "user.login")}, [3, 1]),
            ({"kind": "session"}, [5, 3, 2, 1]),
            ({"kind": "session", "target": "s1"}, [5, 2, 1]),
            ({"target": "s1"}, [5, 4, 2, 1]),
            ({"kind": "session", "target": "s1", "tenant": "rival"}, []),
            ({"since_ms": NOW_MS + 1}, [4, 3, 2]),
            ({"until_ms": NOW_MS}, [5]),
            ({"since_ms": NOW_MS, "until_ms": NOW_MS + 2, "after": 0}, [1, 2, 6]),
            ({"kind": "session", "before": 5, "limit": 2}, [3, 2]),
            ({"kind": "session", "after": 1, "limit": 2}, [2, 3]),
        )

        async def scenario(ledger: Ledger) -> None:
            await ledger.append(changes)

            for query, wanted in expected:
                assert await numbers(ledger, **query) == wanted, query

        self.check(scenario)

    def test_records_are_listed_by_kind_name_and_id(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await ledger.append(_records())

            assert await listed(ledger, tenant="acme") == ["t1", "b", "d", "a", "c"]
            assert await listed(ledger, tenant="acme", kind="user") == ["b", "d", "a", "c"]
            assert await listed(ledger, kind="user") == ["b", "d", "a", "a", "c"]
            assert await listed(ledger, tenant="rival") == ["a"]
            assert await listed(ledger, tenant="acme", limit=2) == ["t1", "b"]

        self.check(scenario)

    def test_records_of_a_kind_are_paged_by_name_and_id(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await ledger.append(_records())
            query = {"tenant": "acme", "kind": "user", "limit": 2}

            assert await listed(ledger, **query) == ["b", "d"]
            assert await listed(ledger, **query, after=("", "d")) == ["a", "c"]
            assert await listed(ledger, **query, after=("ann", "a")) == ["c"]
            assert await listed(ledger, **query, after=("zoe", "c")) == []

        self.check(scenario)

    def test_all_records_of_all_tenants_can_be_walked_through(self) -> None:
        async def scenario(ledger: Ledger) -> None:
            await ledger.append(_records())

            walked, beyond = list[Record](), ("", "", "")
            while page := await ledger.records(RecordQuery(beyond=beyond, limit=2)):
                walked += page
                beyond = (page[-1].tenant, page[-1].kind, page[-1].id)

            assert [(one.tenant, one.kind, one.id) for one in walked] == [
                ("acme", "team", "t1"),
                ("acme", "user", "a"),
                ("acme", "user", "b"),
                ("acme", "user", "c"),
                ("acme", "user", "d"),
                ("rival", "user", "a"),
            ]

        self.check(scenario)


def _records() -> list[Change]:
    return [
        change("c", {}, name="zoe"),
        change("a", {}, name="ann"),
        change("d", {}),
        change("b", {}),
        change("a", {}, name="ann", tenant="rival"),
        change("t1", {}, name="zulu", kind="team"),
        change("gone", {}, name="gone"),
        change("gone", None),
    ]
