"""What a pool may be, and by what its calls are told apart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.errors import Rejected
from tenuto.core.pools import KEY_CHARS_MAX, Pool, duty_of, fault_of_name, key_of, served_by
from tenuto.core.vocabulary import Json

FACTS = {"tenant": "acme", "user": "ann", "session": "ses_1"}


@pytest.mark.parametrize(
    ("pool", "told"),
    [
        (Pool("two words"), "has no name that a pool can have"),
        (Pool(""), "has no name that a pool can have"),
        (Pool("gpu", concurrency=-1), "has concurrency=-1; give a number, or 0 for no limit."),
        (Pool("gpu", rate=1.5), "has rate=1.5"),  # type: ignore[arg-type]
        (Pool("gpu", key_rate=True), "has key_rate=True"),
        (Pool("gpu", rate=5, per=0), "has per=0; give seconds, 0.001 to a year."),
        (Pool("gpu", key="customer", key_rate=1), "as arguments.customer"),
        (Pool("gpu", key="arguments", key_rate=1), "has key='arguments'"),
        (Pool("gpu", key="tenant"), "a key without a limit, or a limit without a key"),
        (Pool("gpu", key_concurrency=1), "a key without a limit, or a limit without a key"),
    ],
)
def test_a_pool_that_cannot_be_is_refused_with_what_to_give(pool: Pool, told: str) -> None:
    with pytest.raises(Rejected) as refused:
        pool.check()

    assert told in str(refused.value)


@pytest.mark.parametrize(
    "pool",
    [
        Pool("gpu"),
        Pool("big-machines.eu_1", concurrency=5, worker_concurrency=1, rate=100, per=0.5),
        Pool("mail", key="arguments.to.domain", key_concurrency=1, key_rate=5),
    ],
)
def test_a_pool_that_can_be_is_not_refused(pool: Pool) -> None:
    pool.check()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("tenant", "acme"),
        ("user", "ann"),
        ("session", "ses_1"),
        ("arguments.customer", "c-17"),
        ("arguments.to.domain", "example.org"),
        ("arguments.count", "3"),
        ("arguments.list", '[1,{"a":2,"b":1}]'),
        ("arguments.none", ""),
        ("arguments.nowhere", ""),
        ("arguments.customer.name", ""),
    ],
)
def test_a_key_is_a_fact_of_the_call_or_one_of_its_arguments(key: str, expected: str) -> None:
    arguments: dict[str, Json] = {
        "customer": "c-17",
        "to": {"domain": "example.org"},
        "count": 3,
        "list": [1, {"b": 1, "a": 2}],
        "none": None,
    }
    assert key_of(Pool("p", key=key, key_rate=1), arguments, FACTS) == expected


@given(st.text() | st.lists(st.integers()), st.text() | st.lists(st.integers()))
def test_keys_are_short_and_tell_apart_what_differs(one: Any, other: Any) -> None:
    pool = Pool("p", key="arguments.a", key_rate=1)
    found = [key_of(pool, {"a": value}, FACTS) for value in (one, other)]
    assert all(0 < len(key) <= KEY_CHARS_MAX and key.isprintable() for key in found)
    if isinstance(one, type(other)):
        assert (found[0] == found[1]) == (one == other)


def test_a_member_says_which_pools_it_serves_by_its_duties() -> None:
    duties = ("read models", duty_of("gpu"), duty_of("pool"))
    assert served_by(duties) == ("gpu", "pool")


def test_without_a_key_all_calls_are_one() -> None:
    assert key_of(Pool("p"), {"a": 1}, FACTS) == ""


@pytest.mark.parametrize("name", [None, 5, "", "a b", "x" * 65, "a/b"])
def test_what_cannot_be_a_name_is_said_to_be_none(name: object) -> None:
    assert "1 to 64 letters" in fault_of_name(name)
