"""Moments, lengths of time and payloads as people read them."""

import pytest

from tenuto.views.excerpts import call_text, excerpt
from tenuto.views.moments import duration_text, moment_text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (-5, "0ms"),
        (0, "0ms"),
        (999, "999ms"),
        (1_000, "1.0s"),
        (2_149, "2.1s"),
        (59_999, "59.9s"),
        (60_000, "1m00s"),
        (3_599_999, "59m59s"),
        (3_600_000, "1h00m"),
        (86_399_999, "23h59m"),
        (86_400_000, "1d00h"),
        (900_000_000, "10d10h"),
    ],
)
def test_a_length_of_time_is_short_and_never_rounded_up(ms: int, text: str) -> None:
    assert duration_text(ms) == text
    assert len(text) <= 7


def test_a_moment_is_rfc_3339_with_milliseconds() -> None:
    assert moment_text(1_700_000_000_007) == "2023-11-14T22:13:20.007Z"


def test_an_excerpt_is_one_line_of_at_most_its_length() -> None:
    assert excerpt("two\n  lines\tand blanks") == "two lines and blanks"
    assert excerpt({"a": [1, None]}) == '{"a":[1,null]}'
    assert excerpt("x" * 80) == "x" * 80
    assert excerpt("x" * 81) == "x" * 79 + "…"
    assert excerpt("x " * 1_000_000, 10) == "x x x x x…"
    assert excerpt(" " * 400 + "end", 80) == "…"
    assert len(excerpt(list(range(1_000)))) == 80


def test_a_call_is_shown_as_code() -> None:
    assert call_text("search", {"query": "fog", "limit": 5}) == 'search(query="fog", limit=5)'
    assert call_text("search", {"query": "x" * 50}, 20) == 'search(query="xxxx…)'
