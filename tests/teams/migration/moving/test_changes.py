"""What each change makes of values, and which it refuses."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.teams.migration.databases.port import Unsupported
from tenuto.teams.migration.moving.changes import CHANGES
from tenuto.teams.migration.moving.rows import through
from tenuto.teams.migration.plan import Change
from tenuto.teams.migration.schema import Kind, Scalar
from tests.teams.migration.moving.ground import column

UTC = datetime.UTC


def made(
    values: list[object], kind: Kind, *changes: Change, type: pa.DataType | None = None
) -> tuple[list[object], list[int]]:
    """Return what changes make of values for a column of a kind, and the places of bad ones."""
    array, bad = through(pa.array(values, type), column("c", kind, *changes))
    return array.to_pylist(), sorted(bad)


def change(do: str, **options: Scalar | list[Scalar]) -> Change:
    return Change(do=do, options=options)


TYPES = [
    pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string(), pa.binary(), pa.date32(),
    pa.time64("us"), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.decimal128(12, 2),
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
NEED_OPTIONS: dict[str, dict[str, Scalar | list[Scalar]]] = {
    "divide": {"by": 100},
    "null_if": {"values": ["x"]},
    "replace": {"old": "a", "new": "b"},
    "split": {"part": 0},
    "translate": {"from": ["x"], "to": ["y"]},
    "truncate": {"length": 3},
    "mask": {"how": "partial"},
}


@pytest.mark.parametrize("type", TYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_null_stays_null_and_is_never_bad(type: pa.DataType, kind: Kind) -> None:
    assert made([None, None], kind, type=type) == ([None, None], [])


@pytest.mark.parametrize("do", sorted(set(CHANGES) - {"default"}))
@pytest.mark.parametrize("type", TYPES, ids=str)
def test_no_change_makes_something_of_null(type: pa.DataType, do: str) -> None:
    changing = Change(do=do, options=NEED_OPTIONS.get(do, {}))

    assert made([None, None], "text", changing, type=type) == ([None, None], [])


def test_words_for_yes_and_no_are_truth_values() -> None:
    found, bad = made(
        ["Y", " n ", "TRUE", "0", None, "nein", "perhaps"], "boolean", change("boolean")
    )

    assert found == [True, False, True, False, None, False, None]
    assert bad == [6]


def test_words_for_yes_may_be_named() -> None:
    found, bad = made(["A", "I", "Y"], "boolean", change("boolean", true=["a"], false=["i"]))

    assert (found, bad) == ([True, False, None], [2])


def test_days_are_read_in_the_first_form_that_fits() -> None:
    forms = change("date", formats=["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%d-%b-%Y", "%Y%m%d"])
    written = ["2024-02-29", "1.3.2023", "12/31/99", "04-Jul-1976", "20200102", "2023-02-29", "x"]

    found, bad = made([*written], "date", forms)

    day = datetime.date
    assert found[:5] == [
        day(2024, 2, 29), day(2023, 3, 1), day(1999, 12, 31), day(1976, 7, 4), day(2020, 1, 2),
    ]  # fmt: skip
    assert found[5:] == [None, None] and bad == [5, 6]


def test_a_day_zero_is_bad_unless_it_stands_for_nothing() -> None:
    assert made(["0000-00-00"], "date", change("date")) == ([None], [0])
    assert made(["0000-00-00"], "date", change("date", zero_is_null=True)) == ([None], [])


def test_a_day_with_a_time_is_no_day() -> None:
    forms = change("date", formats=["%Y-%m-%d %H:%M:%S"])

    assert made(["2024-01-02 00:00:00"], "date", forms) == ([datetime.date(2024, 1, 2)], [])
    assert made(["2024-01-02 10:00:00"], "date", forms) == ([None], [0])
    assert made(["2024-01-02 10:00:00"], "date") == ([None], [0])


def test_local_times_become_moments_of_their_zone() -> None:
    forms = change("timestamp", formats=["%Y-%m-%d %I:%M %p"], zone="Europe/Berlin")

    found, bad = made(["2024-07-01 01:30 PM", "2024-03-31 02:30 AM"], "timestamptz", forms)

    assert found == [datetime.datetime(2024, 7, 1, 11, 30, tzinfo=UTC), None]
    assert bad == [1], "that hour was left out in Berlin"


def test_moments_keep_their_microseconds_and_their_zone() -> None:
    found, bad = made(["2024-01-02T03:04:05.123456+02:00", "2024-01-02 03:04:05"], "timestamptz")

    assert found == [
        datetime.datetime(2024, 1, 2, 1, 4, 5, 123456, tzinfo=UTC),
        datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    ]
    assert bad == []


def test_seconds_since_1970_become_times() -> None:
    found, bad = made([0, 86_400_000, None], "timestamp", change("epoch", unit="milliseconds"))

    assert found == [datetime.datetime(1970, 1, 1), datetime.datetime(1970, 1, 2), None]  # noqa: DTZ001  (no zone is meant)
    assert bad == []


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("$ 1,234", "1234.00"),
        ("1 234,5 €", "1234.50"),
        ("EUR 12", "12.00"),
        ("(12.30)", "-12.30"),
        ("12.30-", "-12.30"),
        ("-$5", "-5.00"),
        ("1'000'000.25", "1000000.25"),
        ("+7", "7.00"),
        ("0,5", "0.50"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, number: str) -> None:
    assert made([written], "decimal", change("decimal")) == ([Decimal(number)], [])


@pytest.mark.parametrize(
    "written", ["", "1,23,4", "12abc", "1.2.3", "--1", "0x10", "1e", "NaN", "∞"]
)
def test_what_is_no_number_is_bad(written: str) -> None:
    assert made([written], "decimal", change("decimal")) == ([None], [0])
    assert made([written], "decimal") == ([None], [0])
    assert made([written], "float") == ([None], [0])


def test_a_point_groups_thousands_where_the_comma_is_the_fractions() -> None:
    assert made(["1.234"], "decimal", change("decimal", point=",")) == ([Decimal("1234.00")], [])
    assert made(["1.23"], "decimal", change("decimal", point=".")) == ([Decimal("1.23")], [])


def test_digits_that_a_decimal_has_no_place_for_are_not_rounded_away() -> None:
    found, bad = made([0.1, 682.8, 0.125, float("nan"), float("inf"), 1e15], "decimal")

    assert found == [Decimal("0.10"), Decimal("682.80"), None, None, None, None]
    assert bad == [2, 3, 4, 5]


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_float_that_stands_for_a_decimal_becomes_it(number: Decimal) -> None:
    assert made([float(number)], "decimal") == ([number], [])


@given(st.lists(st.none() | st.integers(-(2**70), 2**70).map(str) | st.text(max_size=5)))
def test_only_whole_numbers_of_64_bits_become_integers(words: list[str | None]) -> None:
    found, bad = made([*words], "integer", type=pa.string())

    for place, (word, value) in enumerate(zip(words, found, strict=True)):
        if value is None:
            assert (word is None) == (place not in bad)
        else:
            assert word is not None and int(word) == value and -(2**63) <= value < 2**63


@given(st.lists(st.none() | st.floats()))
def test_a_float_becomes_an_integer_only_if_it_is_one(numbers: list[float | None]) -> None:
    found, bad = made([*numbers], "integer", type=pa.float64())

    for place, (number, value) in enumerate(zip(numbers, found, strict=True)):
        assert (value == number) if place not in bad else value is None


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d"]))
def test_a_day_that_was_written_in_a_form_is_read_by_it(day: datetime.date, form: str) -> None:
    year = f"{day.year:04}"
    written = day.strftime(form.replace("%Y", year))

    assert made([written], "date", change("date", formats=[form])) == ([day], [])


@given(st.lists(st.none() | st.text()), st.integers(0, 5))
def test_texts_are_cut_and_trimmed_as_python_does(words: list[str | None], length: int) -> None:
    found, bad = made([*words], "text", change("truncate", length=length), type=pa.string())

    assert found == [word and word[:length] for word in words] and bad == []


def test_named_words_are_null() -> None:
    found, _ = made(["n/a", "", "x"], "text", change("null_if", values=["n/a", ""]))
    numbers, _ = made([0, 5, 9999], "integer", change("null_if", values=[0, 9999]))

    assert found == [None, None, "x"] and numbers == [None, 5, None]


def test_bytes_that_are_no_utf8_are_read_as_latin1_where_that_is_asked_for() -> None:
    raw = [b"M\xfcller", "Müller".encode(), b"\x81"]

    assert made([*raw], "text", change("latin1")) == (["Müller", "Müller", None], [2])
    assert made([*raw], "text") == ([None, None, None], [0, 1, 2])


def test_parts_of_a_text_make_several_columns() -> None:
    names = ["Ada King Lovelace", "Plato", None]

    first, _ = made([*names], "text", change("split", part=0))
    rest, _ = made([*names], "text", change("split", part=1, limit=2))
    last, _ = made([*names], "text", change("split", part=-1))

    assert first == ["Ada", "Plato", None]
    assert rest == ["King Lovelace", None, None]
    assert last == ["Lovelace", "Plato", None]


def test_words_are_translated_and_unknown_ones_bad() -> None:
    codes = Change(do="translate", options={"from": ["1", "2"], "to": ["new", "paid"]})

    assert made([1, 2, 3, None], "text", codes) == (["new", "paid", None, None], [2])


def test_cents_become_money_without_a_float() -> None:
    assert made([1999, -5], "decimal", change("divide", by=100)) == (
        [Decimal("19.99"), Decimal("-0.05")],
        [],
    )


def test_fractions_of_seconds_since_1970_are_kept() -> None:
    found, bad = made([1.5, float("nan")], "timestamp", change("epoch"))

    assert found == [datetime.datetime(1970, 1, 1, 0, 0, 1, 500_000), None]  # noqa: DTZ001  (no zone is meant)
    assert bad == [1]


def test_json_and_uuids_are_checked() -> None:
    assert made(['{"a": 1}', "{a: 1}", "NaN"], "json") == (['{"a": 1}', None, None], [1, 2])
    one = "6BA7B8109DAD11D180B400C04FD430C8"
    assert made([one, "6ba7"], "uuid") == (["6ba7b810-9dad-11d1-80b4-00c04fd430c8", None], [1])


def test_masks_hide_and_still_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_MASK_KEY", "a secret of this test")
    mails: list[object] = ["ada@example.org", "ada@example.org", None]

    hashed, _ = made(mails, "text", change("mask", how="hash"))
    shaped, _ = made(["AB-1203", "AB-1203"], "text", change("mask", how="shape"))
    partial, _ = made(mails, "text", change("mask", how="partial"))
    gone, _ = made(mails, "text", change("mask", how="null"))
    years, _ = made(["1976-07-04"], "date", change("mask", how="year"))

    assert hashed[0] == hashed[1] != mails[0] and hashed[2] is None
    assert shaped[0] == shaped[1] != "AB-1203" and isinstance(shaped[0], str)
    assert shaped[0][2] == "-" and shaped[0][3:].isdigit()
    assert partial == ["a*a@example.org", "a*a@example.org", None]
    assert gone == [None, None, None]
    assert years == [datetime.date(1976, 1, 1)]


def test_a_mask_without_a_key_says_where_the_key_is_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENUTO_MASK_KEY", raising=False)

    with pytest.raises(Unsupported, match="TENUTO_MASK_KEY"):
        made(["x"], "text", change("mask", how="hash"))
