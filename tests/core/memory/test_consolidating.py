"""Consolidation merges, supersedes, drops and evicts, and loses nothing that matters."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.core.memory.consolidating import (
    Budget,
    Changes,
    Placed,
    consolidate,
    tokens_of,
    worth,
)
from tenuto.core.memory.items import MemoryItem, Scope

DAY_MS = 24 * 60 * 60 * 1000
NOW_MS = 400 * DAY_MS
ANN, BOB = Scope(tenant="t", user="ann"), Scope(tenant="t", user="bob")
UNBOUNDED = Budget()
EMBEDDER = HashingEmbedder()


def placed(id: str, text: str, **changes: object) -> Placed:
    item = MemoryItem(id=id, scope=ANN, kind="semantic", text=text, created_ms=NOW_MS - DAY_MS)
    return Placed(structs.replace(item, **changes), tuple(EMBEDDER.embed([text])[0]))


def changes(*items: Placed, budget: Budget = UNBOUNDED) -> Changes:
    return consolidate(items, now_ms=NOW_MS, budget=budget)


def applied(items: list[Placed], done: Changes) -> list[Placed]:
    """Return the memory after the changes, as a runtime would leave it."""
    merged = {item.id: item for item in done.merged}
    left = []
    for one in items:
        item = merged.get(one.item.id, one.item)
        if item.id in done.supersede:
            item = structs.replace(item, superseded_by=done.supersede[item.id])
        if item.id not in done.drop:
            left.append(Placed(item, one.vector))
    return left


def test_duplicates_merge_into_the_newest() -> None:
    old = placed(
        *("old", "The user likes tea."),
        importance=0.9,
        accesses=3,
        accessed_ms=NOW_MS,
        labels=("untrusted",),
        created_ms=1,
    )
    new = placed("new", "the user LIKES tea!", accesses=2, labels=("web",))

    done = changes(old, new)

    assert done.drop == ("old",)
    assert done.merged == (
        structs.replace(
            new.item, importance=0.9, accesses=5, accessed_ms=NOW_MS, labels=("web", "untrusted")
        ),
    )
    assert done.supersede == {}


def test_a_newer_fact_supersedes_what_it_denies() -> None:
    old = placed("old", "The user lives in Rome.", created_ms=1)
    new = placed("new", "The user lives in Bonn.", created_ms=2)

    assert changes(new, old) == Changes(supersede={"old": "new"})
    assert changes(old, new) == Changes(supersede={"old": "new"})


def test_what_is_superseded_points_at_the_item_that_is_left() -> None:
    items = [
        placed("first", "The fee is 50 euros.", created_ms=1),
        placed("second", "The fee is 60 euros.", created_ms=2),
        placed("third", "the fee is 60 euros", created_ms=3),
    ]

    assert changes(*items).supersede == {"first": "third"}
    assert changes(*items).drop == ("second",)


def test_events_are_never_superseded_and_merge_only_word_for_word() -> None:
    items = [
        placed("a", "The fee was 50 euros.", kind="episodic", created_ms=1),
        placed("b", "The fee was 60 euros.", kind="episodic", created_ms=2),
        placed("c", "the fee was 60 EUROS", kind="episodic", created_ms=3),
        placed("d", "The fee was 60 euros.", kind="episodic", created_ms=4),
    ]

    assert changes(*items).drop == ("b",)
    assert changes(*items).supersede == {}


def test_items_with_keys_and_procedures_are_left_to_their_keys() -> None:
    items = [
        placed("a", "The user lives in Rome.", key="home"),
        placed("b", "The user lives in Rome.", key="office"),
        placed("c", "search, then ask", kind="procedural", key="x"),
        placed("d", "search, then ask", kind="procedural"),
        placed("e", "search, then ask", kind="procedural"),
    ]

    assert changes(*items) == Changes()


def test_junk_and_what_has_expired_are_dropped() -> None:
    items = [
        placed("junk", "Thanks a lot!"),
        placed("wanted", "Thanks a lot!", importance=0.8),
        placed("keyed", "Yes.", key="agreed"),
        placed("expired", "The code is 1234.", expires_ms=NOW_MS),
        placed("valid", "The door code is 9876.", expires_ms=NOW_MS + 1),
    ]

    assert changes(*items) == Changes(drop=("junk", "expired"))


def test_over_the_budget_the_superseded_and_then_the_least_worth_go_first() -> None:
    items = [
        placed("superseded", "Ann had a boat.", superseded_by="x", importance=1.0),
        placed("weak", "Ann has a red kite.", importance=0.2),
        placed("old", "Carl plays the cello.", created_ms=NOW_MS - 200 * DAY_MS),
        placed("used", "Dora keeps bees.", created_ms=NOW_MS - 60 * DAY_MS, accesses=9),
        placed("unused", "Emil keeps hens.", created_ms=NOW_MS - 60 * DAY_MS),
        placed("strong", "Fay is allergic to nuts.", importance=0.9),
    ]
    order = ["superseded", "old", "unused", "used", "weak", "strong"]

    for limit in range(1, len(items) + 1):
        dropped = changes(*items, budget=Budget(items=limit)).drop
        assert sorted(dropped) == sorted(order[: len(items) - limit])


def test_a_budget_of_tokens_bounds_the_texts() -> None:
    items = [placed(f"i{n}", f"Person {n} has {n} boats " + "x" * n * 9) for n in range(1, 9)]

    done = changes(*items, budget=Budget(tokens=60))

    left = [one for one in items if one.item.id not in done.drop]
    assert 0 < sum(tokens_of(one.item.text) for one in left) <= 60


def test_a_budget_holds_for_each_scope() -> None:
    items = [
        placed(f"{scope.user}{n}", f"Person {n} has {n} boats", scope=scope)
        for scope in (ANN, BOB)
        for n in range(5)
    ]

    left = applied(items, changes(*items, budget=Budget(items=3)))

    assert [sum(one.item.scope == scope for one in left) for scope in (ANN, BOB)] == [3, 3]


subjects = st.sampled_from(["Ann", "Bob", "The user", "The server", "Order 17", "Order 18"])
verbs = st.sampled_from(["likes", "does not like", "lives in", "runs on", "costs", "is"])
values = st.sampled_from(["tea", "green tea", "Rome", "Bonn", "50 euros", "60 euros", "late"])
junk = st.sampled_from(["Thanks!", "OK", "What time is it?", "https://example.com"])
texts = st.one_of(st.tuples(subjects, verbs, values).map(" ".join), junk)


@st.composite
def memories(draw: st.DrawFn) -> list[Placed]:
    drawn = draw(st.lists(st.tuples(texts, st.integers(0, 300), st.integers(0, 4)), max_size=25))
    return [
        placed(
            f"i{number}",
            text,
            scope=draw(st.sampled_from([ANN, BOB])),
            kind=draw(st.sampled_from(["semantic", "episodic", "procedural"])),
            key=draw(st.sampled_from(["", "", "", f"k{number}"])),
            importance=draw(st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0])),
            labels=draw(st.sampled_from([(), ("untrusted",), ("web",)])),
            created_ms=NOW_MS - days * DAY_MS,
            expires_ms=draw(st.sampled_from([0, 0, 0, NOW_MS - 1, NOW_MS + 1])),
            accesses=accesses,
        )
        for number, (text, days, accesses) in enumerate(drawn)
    ]


budgets = st.builds(Budget, items=st.integers(0, 12), tokens=st.integers(0, 90))


@settings(deadline=None)
@given(memories(), budgets)
def test_consolidating_twice_changes_nothing_more(items: list[Placed], budget: Budget) -> None:
    once = applied(items, changes(*items, budget=budget))

    assert changes(*once, budget=budget) == Changes()


@settings(deadline=None)
@given(memories(), budgets)
def test_scopes_and_kinds_are_never_mixed(items: list[Placed], budget: Budget) -> None:
    together = changes(*items, budget=budget)
    apart = [
        changes(*[one for one in items if one.item.scope == scope], budget=budget)
        for scope in (ANN, BOB)
    ]

    assert {*together.drop} == {id for part in apart for id in part.drop}
    assert together.supersede == apart[0].supersede | apart[1].supersede
    assert {item.id: item for item in together.merged} == {
        item.id: item for part in apart for item in part.merged
    }
    by_id = {one.item.id: one.item for one in items}
    for old, new in together.supersede.items():
        assert (by_id[old].scope, by_id[old].kind) == (by_id[new].scope, by_id[new].kind)
        assert by_id[old].created_ms <= by_id[new].created_ms


@settings(deadline=None)
@given(memories(), st.integers(0, 25))
def test_under_a_budget_nothing_goes_that_is_worth_more_than_what_stays(
    items: list[Placed], limit: int
) -> None:
    unbounded = applied(items, changes(*items))
    left = applied(unbounded, changes(*unbounded, budget=Budget(items=limit)))

    for scope in (ANN, BOB):
        mine = [one.item for one in unbounded if one.item.scope == scope]
        stays = [one.item for one in left if one.item.scope == scope]
        assert len(stays) == (min(limit, len(mine)) if limit else len(mine))
        gone = [item for item in mine if item not in stays and not item.superseded_by]
        least = min((worth(item, NOW_MS) for item in stays), default=math.inf)
        assert all(worth(item, NOW_MS) <= least for item in gone)


@given(st.floats(0.8, 1), st.integers(0, DAY_MS), st.floats(0, 0.5), st.integers(0, 10**6))
def test_what_is_important_and_recent_is_worth_more_than_anything_usual(
    importance: float, age_ms: int, usual: float, accesses: int
) -> None:
    new = placed("a", "x", importance=importance, created_ms=NOW_MS - age_ms).item
    other = placed("b", "x", importance=usual, created_ms=NOW_MS, accesses=accesses).item

    assert worth(new, NOW_MS) > worth(other, NOW_MS)


@settings(deadline=None)
@given(memories())
def test_labels_and_importance_of_what_is_merged_are_not_lost(items: list[Placed]) -> None:
    left = applied(items, changes(*items))

    for text in {one.item.text for one in left}:
        for scope in (ANN, BOB):
            before = [one.item for one in items if _is_alike(one.item, text, scope)]
            after = [one.item for one in left if _is_alike(one.item, text, scope)]
            assert len(after) <= 1
            if after and not after[0].superseded_by:
                assert {*after[0].labels} >= {label for item in before for label in item.labels}
                assert after[0].importance >= max(item.importance for item in before)


def _is_alike(item: MemoryItem, text: str, scope: Scope) -> bool:
    alive = not (item.expires_ms and item.expires_ms <= NOW_MS)
    return (
        alive
        and item.kind == "semantic"
        and not item.key
        and item.text == text
        and item.scope == scope
    )
