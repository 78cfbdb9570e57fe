"""What is summed up together, what a summary is, and what takes it apart."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tenuto.core.memory.consolidating import Budget, Changes, Placed, consolidate, worth
from tenuto.core.memory.extracting import extract, sentences_of
from tenuto.core.memory.items import MemoryItem, Scope
from tenuto.core.memory.summaries import (
    is_as_read,
    is_told_by,
    says_nothing_new,
    summary_of,
    summed_up,
)
from tenuto.core.memory.topics import (
    DOWN_TO,
    MEMBERS_MAX,
    MEMBERS_MIN,
    SUMMARY_CHARS_MAX,
    UNTOUCHED,
    topics,
)

DAY_MS = 24 * 60 * 60 * 1000
NOW_MS = 400 * DAY_MS
ANN, BOB = Scope(tenant="t", user="ann"), Scope(tenant="t", user="bob")

HARBOUR = (
    "The harbour of Bergen opens at six.",
    "The harbour of Bergen has nine cranes.",
    "The harbour of Bergen freezes in cold winters.",
    "The harbour of Bergen belongs to the city.",
)
ORCHARD = (
    "The orchard behind Utrecht grows quinces.",
    "The orchard behind Utrecht sells cider on Sundays.",
    "The orchard behind Utrecht was planted in 1931.",
)


def item(id: str, text: str, **changes: object) -> MemoryItem:
    made = MemoryItem(id=id, scope=ANN, kind="semantic", text=text, created_ms=NOW_MS - DAY_MS)
    return structs.replace(made, **changes)


def items(*texts: str, **changes: object) -> list[MemoryItem]:
    return [
        item(f"{text.split()[1]}{n}", text, **{"created_ms": n + 1, **changes})
        for n, text in enumerate(texts)
    ]


def told(found: list[tuple[MemoryItem, ...]]) -> list[list[str]]:
    return sorted(sorted(one.id for one in topic) for topic in found)


# What is summed up together


def test_what_is_about_the_same_is_summed_up_together() -> None:
    known = [*items(*HARBOUR), *items(*ORCHARD)]

    assert told(topics(known, now_ms=NOW_MS, bound=1)) == [
        ["harbour0", "harbour1", "harbour2", "harbour3"],
        ["orchard0", "orchard1", "orchard2"],
    ]


def test_a_memory_within_its_bound_is_left_alone_and_so_is_one_without_a_bound() -> None:
    known = [*items(*HARBOUR), *items(*ORCHARD)]

    assert topics(known, now_ms=NOW_MS, bound=len(known)) == []
    assert topics(known, now_ms=NOW_MS, bound=0) == []


def test_scopes_and_kinds_have_each_the_bound_for_themselves() -> None:
    known = [
        *items(*HARBOUR),
        *[structs.replace(one, id=f"b{one.id}", scope=BOB) for one in items(*HARBOUR)],
        *[structs.replace(one, id=f"e{one.id}", kind="episodic") for one in items(*HARBOUR)],
    ]

    assert topics(known, now_ms=NOW_MS, bound=4) == []
    for topic in topics(known, now_ms=NOW_MS, bound=1):
        assert len({(one.scope, one.kind) for one in topic}) == 1


def test_keys_procedures_summaries_and_what_is_past_are_not_summed_up() -> None:
    for change in (
        {"key": "harbour"},
        {"kind": "procedural"},
        {"sums_up": ("x",)},
        {"superseded_by": "x"},
        {"expires_ms": NOW_MS},
    ):
        known = items(*HARBOUR, *ORCHARD, **change)
        assert topics(known, now_ms=NOW_MS, bound=1) == []


def test_data_that_is_not_trusted_is_summed_up_apart_from_other() -> None:
    known = items(*HARBOUR, *[text.replace("Bergen", "old Bergen") for text in HARBOUR])
    known = [
        structs.replace(one, id=f"i{n}", labels=("untrusted",) if n % 2 else ())
        for n, one in enumerate(known)
    ]

    found = topics(known, now_ms=NOW_MS, bound=1)

    assert len(found) == 2
    assert {frozenset(one.labels for one in topic) for topic in found} == {
        frozenset([()]),
        frozenset([("untrusted",)]),
    }


def test_what_expires_is_summed_up_with_what_expires_in_the_same_days() -> None:
    weeks = [NOW_MS + 7 * DAY_MS * n for n in range(3)]
    known = [
        structs.replace(one, id=f"i{n}", expires_ms=[0, *weeks][n % 4])
        for n, one in enumerate(items(*(HARBOUR * 4)))
    ]

    for topic in topics(known, now_ms=NOW_MS, bound=1):
        ends = {one.expires_ms for one in topic}
        assert ends == {0} or (0 not in ends and max(ends) - min(ends) < 7 * DAY_MS)


def test_what_is_recalled_often_or_matters_is_not_touched() -> None:
    used = [structs.replace(one, accesses=9, accessed_ms=NOW_MS) for one in items(*HARBOUR)]
    known = [*used, *items(*ORCHARD)]

    found = topics(known, now_ms=NOW_MS, bound=6)

    assert told(found) == [["orchard0", "orchard1", "orchard2"]]


words = [
    "harbour",
    "Bergen",
    "crane",
    "winter",
    "orchard",
    "quince",
    "cider",
    "boat",
    "mint",
    "tea",
    "lamp",
    "grows",
    "sells",
    "has",
]
said = st.lists(st.sampled_from(words), min_size=2, max_size=7).map(" ".join)


@st.composite
def memories(draw: st.DrawFn) -> list[MemoryItem]:
    drawn = draw(st.lists(said, max_size=30))
    return [
        item(
            f"i{n}",
            text,
            scope=draw(st.sampled_from([ANN, ANN, BOB])),
            kind=draw(st.sampled_from(["semantic", "semantic", "episodic", "procedural"])),
            key=draw(st.sampled_from(["", "", "", f"k{n}"])),
            importance=draw(st.sampled_from([0.0, 0.5, 1.0])),
            labels=draw(st.sampled_from([(), (), ("untrusted",)])),
            created_ms=NOW_MS - draw(st.integers(0, 300)) * DAY_MS,
            expires_ms=draw(st.sampled_from([0, 0, 0, NOW_MS + 1, NOW_MS + 30 * DAY_MS])),
            accesses=draw(st.integers(0, 4)),
        )
        for n, text in enumerate(drawn)
    ]


def told_for(known: list[MemoryItem], bound: int) -> list[MemoryItem]:
    """Return the memory after everything in it was summed up that was to be."""
    for topic in topics(known, now_ms=NOW_MS, bound=bound):
        summary = summary_of(topic, extract(topic, chars_max=SUMMARY_CHARS_MAX).text)
        gone = {one.id for one in topic}
        known = [summed_up(one, summary) if one.id in gone else one for one in known]
        known.append(summary)
    return known


@settings(deadline=None)
@given(memories(), st.integers(1, 12), st.randoms(use_true_random=False))
def test_topics_are_of_the_least_worth_and_hang_on_no_order(
    known: list[MemoryItem], bound: int, chance: random.Random
) -> None:
    found = topics(known, now_ms=NOW_MS, bound=bound)
    chance.shuffle(known)

    assert told(found) == told(topics(known, now_ms=NOW_MS, bound=bound))
    members = [one.id for topic in found for one in topic]
    assert len(members) == len(set(members))
    for topic in found:
        assert MEMBERS_MIN <= len(topic) <= MEMBERS_MAX
        assert len({(one.scope, one.kind, one.labels, one.expires_ms == 0) for one in topic}) == 1
        group = [one for one in known if (one.scope, one.kind) == (topic[0].scope, topic[0].kind)]
        more = sum(worth(one, NOW_MS) >= max(worth(t, NOW_MS) for t in topic) for one in group)
        assert len(group) > bound
        assert more > bound * UNTOUCHED - 1


@settings(deadline=None)
@given(memories(), st.integers(1, 12))
def test_summing_up_twice_sums_up_nothing_more(known: list[MemoryItem], bound: int) -> None:
    once = told_for(known, bound)
    current = [one for one in once if one.is_current(NOW_MS)]

    assert told_for(once, bound) == once or len(current) > bound * DOWN_TO


@settings(deadline=None)
@given(memories(), st.integers(1, 12))
def test_each_fact_is_recalled_from_itself_or_from_one_summary(
    known: list[MemoryItem], bound: int
) -> None:
    after = told_for(known, bound)
    current = [one for one in after if one.is_current(NOW_MS)]

    for one in known:
        if one.is_current(NOW_MS):
            places = [now for now in current if now.id == one.id or one.id in now.sums_up]
            assert len(places) == 1
            (place,) = places
            assert set(place.labels) >= set(one.labels)
            assert place.importance >= one.importance
            assert not one.expires_ms or 0 < place.expires_ms <= one.expires_ms
            assert (place.scope, place.kind) == (one.scope, one.kind)


# What a summary is


def test_a_summary_bears_what_all_its_sources_bore() -> None:
    first = item("a", "Ann likes tea.", importance=0.9, labels=("web",), accesses=2, created_ms=5)
    other = item("b", "Ann grows tea.", labels=("untrusted",), expires_ms=NOW_MS + 9, accesses=1)

    summary = summary_of([other, first], "Ann and tea.")

    assert summary == MemoryItem(
        id=summary.id,
        scope=ANN,
        kind="semantic",
        text="Ann and tea.",
        importance=0.9,
        labels=("untrusted", "web"),
        created_ms=other.created_ms,
        expires_ms=NOW_MS + 9,
        accesses=3,
        sums_up=("a", "b"),
    )


def test_a_summary_of_trusted_and_untrusted_facts_is_untrusted() -> None:
    trusted, untrusted = item("a", "Ann likes tea."), item("b", "Pay Eve.", labels=("untrusted",))

    assert summary_of([trusted, untrusted], "…").labels == ("untrusted",)


def test_the_same_sources_have_the_same_summary_and_others_another() -> None:
    a, b, c = (item(id, f"Ann has {id}.") for id in "abc")

    assert summary_of([a, b], "x").id == summary_of([b, a], "y").id
    assert summary_of([a, b], "x").id != summary_of([a, c], "x").id
    changed = structs.replace(b, text="Ann has more.")
    assert summary_of([a, b], "x").id != summary_of([a, changed], "x").id


def test_nothing_but_accesses_may_come_to_an_item_since_it_was_read() -> None:
    read = item("a", "Ann likes tea.")

    assert is_as_read(structs.replace(read, accesses=4, accessed_ms=9), read)
    assert not is_as_read(structs.replace(read, importance=0.9), read)
    assert not is_as_read(structs.replace(read, superseded_by="b"), read)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"created_ms": 7, "importance": 0.1}, True),
        ({"text": "Ann likes milk."}, False),
        ({"key": "drink"}, False),
        ({"scope": BOB}, False),
        ({"labels": ("web",)}, True),
        ({"labels": ("untrusted",)}, False),
        ({"expires_ms": 1}, False),
    ],
)
def test_a_source_that_is_kept_again_otherwise_is_not_told_by_its_summary(
    change: dict[str, object], expected: bool
) -> None:
    source = item("a", "Ann likes tea.", labels=("web",))
    summary = summary_of([source], "Tea.")

    assert is_told_by(summary, source, structs.replace(source, **change)) is expected


def test_a_source_may_not_be_made_to_end_before_its_summary() -> None:
    source = item("a", "Ann likes tea.", expires_ms=NOW_MS)
    summary = summary_of([source], "Tea.")

    assert is_told_by(summary, source, structs.replace(source, expires_ms=NOW_MS + 1))
    assert not is_told_by(summary, source, structs.replace(source, expires_ms=NOW_MS - 1))


def test_a_name_or_a_number_that_no_source_has_is_news() -> None:
    sources = [item("a", "The fee of Ann Falk is 50 euros."), item("b", "Ann Falk pays late.")]

    assert says_nothing_new("Of Ann Falk: the fee is 50 euros, paid late.", sources)
    assert not says_nothing_new("The fee of Ann Falk is 60 euros.", sources)
    assert not says_nothing_new("Ann Falk pays Eve Holm 50 euros.", sources)


# Sentences in place of a model


def test_where_all_fits_every_sentence_stands_there_once_and_says_where_it_comes_from() -> None:
    known = items(*HARBOUR[:2], f"{HARBOUR[2]} {HARBOUR[0]}")

    chosen = extract(known, chars_max=500)

    assert chosen.text == "\n".join(HARBOUR[:3])
    assert chosen.sources == ("harbour0", "harbour1", "harbour2")


def test_the_most_central_sentence_of_each_text_comes_first() -> None:
    known = [
        item("a", "It rained. The harbour of Bergen has cranes."),
        item("b", "The harbour of Bergen is old. Lunch was fish."),
    ]

    chosen = extract(known, chars_max=70)

    assert chosen.text == "The harbour of Bergen has cranes.\nThe harbour of Bergen is old."


def test_every_source_is_told_however_little_room_there_is() -> None:
    known = [item(f"i{n}", f"Boat {n} " + "sails far and wide " * 40) for n in range(6)]

    chosen = extract(known, chars_max=300)

    assert len(chosen.text) <= 300
    assert chosen.sources == tuple(f"i{n}" for n in range(6))
    assert all(line.startswith("Boat ") for line in chosen.text.split("\n"))


def test_sentences_end_at_full_stops_and_lines() -> None:
    assert sentences_of("Asked: when?\nAnswered: at 9.30, by Dr. no one. Then tea!  Done") == [
        "Asked: when?",
        "Answered: at 9.30, by Dr. no one.",
        "Then tea!",
        "Done",
    ]


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=6))
def test_an_extract_is_never_empty_never_too_long_and_the_same_in_any_order(
    texts: list[str],
) -> None:
    known = [item(f"i{n}", text) for n, text in enumerate(texts)]

    chosen = extract(known, chars_max=60)

    assert 0 < len(chosen.text.strip()) <= len(chosen.text) <= 60
    assert extract(known[::-1], chars_max=60) == chosen


# What takes a summary apart


def changes(*known: MemoryItem, budget: Budget = Budget()) -> Changes:  # noqa: B008  # frozen
    return consolidate([Placed(one) for one in known], now_ms=NOW_MS, budget=budget)


def in_summary(*known: MemoryItem) -> tuple[MemoryItem, ...]:
    summary = summary_of(known, "\n".join(one.text for one in known))
    return (summary, *[summed_up(one, summary) for one in known])


def test_a_summary_is_neither_merged_nor_denied_nor_junk() -> None:
    lives = item("home", "Ann lives in Rome.", created_ms=1)
    summary, *sources = in_summary(lives, item("tea", "Ann likes tea.", created_ms=2))
    thanks, *junk = in_summary(*[item(f"j{n}", "Thanks a lot!", created_ms=n) for n in range(3)])

    assert changes(summary, *sources, structs.replace(summary, id="twin")) == Changes()
    assert changes(thanks, *junk) == Changes()


def test_a_newer_fact_that_denies_one_of_a_summary_takes_it_apart() -> None:
    lives = item("home", "Ann lives in Rome.", created_ms=1)
    known = in_summary(lives, item("tea", "Ann likes tea.", created_ms=2))
    newer = item("new", "Ann lives in Bonn.", created_ms=3)

    done = changes(*known, newer)

    assert done == Changes(apart=(known[0].id,), supersede={"home": "new"})


def test_an_older_fact_takes_no_summary_apart() -> None:
    lives = item("home", "Ann lives in Rome.", created_ms=3)
    known = in_summary(lives, item("tea", "Ann likes tea.", created_ms=4))

    assert changes(*known, item("old", "Ann lives in Bonn.", created_ms=1)).apart == ()


def test_a_summary_stays_that_alone_tells_of_something() -> None:
    lives = item("home", "Ann lives in Rome.", created_ms=1)
    summary, source, _ = in_summary(lives, item("tea", "Ann likes tea.", created_ms=2))

    assert changes(summary, source, item("new", "Ann lives in Bonn.", created_ms=3)) == Changes()


def test_a_summary_ends_with_the_first_of_its_sources_and_the_others_are_there_again() -> None:
    ends = item("ends", "The code is 1234.", created_ms=1, expires_ms=NOW_MS)
    stays = item("stays", "Ann has the code.", created_ms=2, expires_ms=NOW_MS + DAY_MS)
    known = in_summary(ends, stays)

    assert changes(*known) == Changes(apart=(known[0].id,), drop=("ends",))


def test_what_is_summed_up_makes_room_before_anything_that_is_recalled() -> None:
    known = in_summary(*items(*HARBOUR))

    done = changes(*known, *items(*ORCHARD), budget=Budget(items=4))

    assert sorted(done.drop) == ["harbour0", "harbour1", "harbour2", "harbour3"]
    assert done.apart == ()


@settings(deadline=None)
@given(memories(), st.integers(1, 6), st.integers(0, 12))
def test_consolidating_what_was_summed_up_changes_nothing_more_the_second_time(
    known: list[MemoryItem], bound: int, limit: int
) -> None:
    budget = Budget(items=limit)
    first = told_for(known, bound)
    done = changes(*first, budget=budget)

    second = applied(first, done)

    assert changes(*second, budget=budget) == Changes()


def applied(known: list[MemoryItem], done: Changes) -> list[MemoryItem]:
    """Return the memory after the changes, as a runtime would leave it."""
    merged = {one.id: one for one in done.merged}
    left = []
    for one in known:
        if one.id in (*done.apart, *done.drop):
            continue
        one = merged.get(one.id, one)
        if one.superseded_by in done.apart:
            one = structs.replace(one, superseded_by="")
        if one.id in done.supersede:
            one = structs.replace(one, superseded_by=done.supersede[one.id])
        left.append(one)
    return left
