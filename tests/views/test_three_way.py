"""What two people made of one thing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tenuto.views.three_way import Conflict, three_way

BASE: dict[str, Any] = {
    "name": "shop",
    "nodes": [{"id": "ask", "title": "Pay?"}, {"id": "pay", "ref": "shop:pay"}],
    "entry": ["ask"],
}

values = st.recursive(
    st.none() | st.booleans() | st.text("ab", max_size=2),
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.lists(st.fixed_dictionaries({"id": st.sampled_from("xyz"), "v": inner}), max_size=2)
        | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


def changed(**fields: Any) -> dict[str, Any]:
    return {**BASE, **fields}


def test_what_one_side_changed_is_no_conflict() -> None:
    mine = changed(nodes=[{"id": "ask", "title": "Pay it?"}, BASE["nodes"][1]])
    theirs = changed(entry=["ask", "pay"], nodes=[*BASE["nodes"], {"id": "end"}])

    found = three_way(BASE, mine, theirs)

    assert found.mine == ("nodes.ask.title",)
    assert found.theirs == ("nodes.end", "entry")
    assert found.conflicts == ()


def test_what_both_changed_differently_is_told_with_all_three() -> None:
    found = three_way(BASE, changed(name="mine"), changed(name="theirs"))

    assert found.conflicts == (Conflict(path="name", base="shop", mine="mine", theirs="theirs"),)


def test_what_one_took_out_and_the_other_changed_is_a_conflict_without_mine() -> None:
    mine = changed(nodes=BASE["nodes"][:1])
    theirs = changed(nodes=[BASE["nodes"][0], {"id": "pay", "ref": "shop:refund"}])

    (found,) = three_way(BASE, mine, theirs).conflicts

    assert found == Conflict(path="nodes.pay", base=BASE["nodes"][1], theirs=theirs["nodes"][1])


def test_what_both_added_under_one_name_meets_where_it_differs() -> None:
    mine = changed(nodes=[*BASE["nodes"], {"id": "end", "title": "Done", "x": 1}])
    theirs = changed(nodes=[*BASE["nodes"], {"id": "end", "title": "Over", "x": 1}])

    (found,) = three_way(BASE, mine, theirs).conflicts

    assert (found.path, found.mine, found.theirs) == ("nodes.end.title", "Done", "Over")


def test_what_both_changed_alike_is_nothing() -> None:
    found = three_way(BASE, changed(name="new"), changed(name="new"))

    assert (found.mine, found.theirs, found.conflicts) == ((), (), ())


@given(base=objects, mine=objects, theirs=objects)
def test_sides_are_told_apart_and_swapped_tell_the_same(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    one, other = three_way(base, mine, theirs), three_way(base, theirs, mine)

    assert set(one.mine) == set(other.theirs) and set(one.theirs) == set(other.mine)
    assert {found.path for found in one.conflicts} == {found.path for found in other.conflicts}
    assert three_way(base, base, theirs).conflicts == ()
    assert three_way(base, mine, mine).conflicts == ()
    assert bool(one.mine or one.theirs or one.conflicts) or _alike(mine, theirs)


def _alike(one: Any, other: Any) -> bool:
    """Return whether they are the same but for the order of items with names."""
    return three_way({}, one, other).conflicts == () and set(one) == set(other)
