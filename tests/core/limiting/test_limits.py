"""Limits are written in a few characters, and what cannot be read is refused with the form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.errors import Rejected
from tenuto.core.limiting.limits import USUAL, Limits, read_limits, rule_text
from tenuto.core.limiting.rules import Bucket, Rule, Window


def test_a_limit_replaces_the_rules_of_whom_it_names() -> None:
    limits = read_limits(["user=600/m", "login=5/30s,20/h", "agent=off", "organisation=20/s+100"])

    assert limits == Limits(
        user=(Window(600, 60),),
        login=(Window(5, 30), Window(20, 3600)),
        agent=(),
        organisation=(Bucket(20.0, 100),),
        address=USUAL.address,
    )


@pytest.mark.parametrize(
    "text", ["", "user", "nobody=1/s", "user=", "user=0/s", "user=1/0s", "user=1/s+0", "user=1/s,x"]
)
def test_what_is_no_limit_is_refused_with_what_one_is(text: str) -> None:
    with pytest.raises(Rejected, match=r"600/m"):
        read_limits([text])


RULES = st.one_of(
    st.builds(Window, st.integers(1, 9_999_999), st.integers(1, 99_999)),
    st.builds(
        lambda count, seconds, burst: Bucket(count / seconds, burst),
        st.integers(1, 9_999),
        st.integers(1, 86_400),
        st.integers(1, 9_999_999),
    ),
)


@given(RULES)
def test_a_rule_is_told_as_it_can_be_written(rule: Rule) -> None:
    assert read_limits([f"user={rule_text(rule)}"]).user == (rule,)
