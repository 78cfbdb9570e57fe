"""One form for the values of every system, and digests that are equal only for equal values."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenuto.teams.migration.kora.canonical import canonical, digest, same, texts
from tenuto.teams.migration.schema import Kind

NOON = datetime.datetime(2024, 5, 6, 12, 0, 0, 250)  # noqa: DTZ001  (a local time)

EQUAL: list[tuple[Kind, pa.Array, pa.Array]] = [
    ("boolean", pa.array([True, False, None]), pa.array([1, 0, None])),
    ("integer", pa.array([1, -2], pa.int16()), pa.array([1, -2], pa.int64())),
    ("integer", pa.array([7], pa.int32()), pa.array(["7"])),
    ("decimal", pa.array(["1.50", "-0"]), pa.array([Decimal("1.5"), Decimal(0)])),
    ("decimal", pa.array([0.1, 1e-7]), pa.array(["0.1", "0.0000001"])),
    ("decimal", pa.array(["nan", "1.0"]), pa.array(["NaN", "1"])),
    ("float", pa.array([0.0, -0.0]), pa.array([-0.0, 0.0])),
    ("float", pa.array([float("nan")]), pa.array([-float("nan")])),
    ("float", pa.array([0.5], pa.float32()), pa.array([0.5])),
    ("text", pa.array(["a ", ""]), pa.array(["a ", ""], pa.large_string())),
    ("text", pa.array(["a", "b"]).dictionary_encode(), pa.array(["a", "b"])),
    ("bytes", pa.array([b"\0\xff"]), pa.array([b"\0\xff"], pa.large_binary())),
    ("date", pa.array([NOON.date()]), pa.array(["2024-05-06"])),
    ("date", pa.array(["2024-05-06 00:00:00"]), pa.array(["2024-05-06"])),
    ("time", pa.array([NOON.time()]), pa.array(["12:00:00.000250"])),
    ("timestamp", pa.array([NOON]), pa.array(["2024-05-06 12:00:00.000250"])),
    ("timestamp", pa.array([NOON], pa.timestamp("us")), pa.array([NOON], pa.timestamp("ns"))),
    (
        "timestamptz",
        pa.array([NOON], pa.timestamp("us", "UTC")),
        pa.array(["2024-05-06 14:00:00.000250+02:00"]),
    ),
    ("json", pa.array(['{"a": 1, "b": [1.10]}']), pa.array(['{"b":[1.1],"a":1.0}'])),
    (
        "uuid",
        pa.array([uuid.UUID(int=10).bytes, None], pa.binary(16)),
        pa.array(["00000000-0000-0000-0000-00000000000A", None]),
    ),
]

UNEQUAL: list[tuple[Kind, pa.Array, pa.Array]] = [
    ("boolean", pa.array([True]), pa.array([2])),
    ("boolean", pa.array([True]), pa.array([None], pa.bool_())),
    ("integer", pa.array([1]), pa.array(["one"])),
    ("decimal", pa.array(["1.50"]), pa.array(["1.51"])),
    ("decimal", pa.array(["1.00000000000000000001"]), pa.array(["1"])),
    ("float", pa.array([0.1]), pa.array([0.1], pa.float32())),
    ("float", pa.array([float("nan")]), pa.array([None], pa.float64())),
    ("text", pa.array(["a "]), pa.array(["a"])),
    ("text", pa.array(["a"]), pa.array(["A"])),
    ("text", pa.array(["\u00e9"]), pa.array(["e\u0301"])),
    ("text", pa.array([""]), pa.array([None], pa.string())),
    ("bytes", pa.array([b"ab"]), pa.array([b"a"])),
    ("date", pa.array(["2024-05-06 00:00:01"]), pa.array(["2024-05-06"])),
    ("timestamp", pa.array([NOON]), pa.array([NOON.replace(microsecond=0)])),
    ("json", pa.array(['{"a": 1}']), pa.array(['{"a": "1"}'])),
    ("json", pa.array(["[1, 2]"]), pa.array(["[2, 1]"])),
]


@pytest.mark.parametrize(("kind", "left", "right"), EQUAL)
def test_what_counts_as_the_same(kind: Kind, left: pa.Array, right: pa.Array) -> None:
    assert all(same(canonical(left, kind), canonical(right, kind), kind).to_pylist())


@pytest.mark.parametrize(("kind", "left", "right"), UNEQUAL)
def test_what_does_not(kind: Kind, left: pa.Array, right: pa.Array) -> None:
    mine, its = canonical(left, kind), canonical(right, kind)

    assert same(mine, its, kind).to_pylist() == [False]
    assert mine.type != its.type or digest(mine) != digest(its)


VALUES = {
    "boolean": some.booleans(),
    "integer": some.integers(-(2**63), 2**63 - 1),
    "decimal": some.decimals(allow_nan=False, allow_infinity=False, places=6).filter(
        lambda number: abs(number) < 10**15
    ),
    "float": some.floats(),
    "text": some.text(some.characters(exclude_categories=["Cs"])),
    "bytes": some.binary(),
    "date": some.dates(),
    "time": some.times(),
    "timestamp": some.datetimes(),
    "timestamptz": some.datetimes(timezones=some.just(datetime.UTC)),
    "uuid": some.uuids().map(str),
}

KINDS = some.sampled_from(sorted(VALUES))


def typed(kind: Kind, values: list[object]) -> pa.Array:
    return pa.array(values, pa.timestamp("us", "UTC") if kind == "timestamptz" else None)


@given(some.data(), KINDS, some.integers(0, 3))
def test_neither_slices_nor_values_below_nulls_change_a_digest(
    data: some.DataObject, kind: Kind, start: int
) -> None:
    values = data.draw(some.lists(some.none() | VALUES[kind], max_size=9))
    filler = data.draw(some.lists(VALUES[kind], min_size=start, max_size=start))

    alone = canonical(typed(kind, values), kind)
    sliced = canonical(typed(kind, [*filler, *values, *filler]), kind)

    assert digest(alone) == digest(sliced.slice(start, len(values)).cast(alone.type))


@given(some.data(), KINDS)
def test_digests_are_equal_only_for_equal_values(data: some.DataObject, kind: Kind) -> None:
    values = some.lists(some.none() | VALUES[kind], min_size=2, max_size=2)
    left, right = (canonical(typed(kind, data.draw(values)), kind) for _ in range(2))
    if left.type != right.type:
        return

    assert (digest(left) == digest(right)) == all(same(left, right, kind).to_pylist())


@given(some.data(), KINDS)
def test_the_text_of_a_value_is_the_same_whatever_form_it_is_in(
    data: some.DataObject, kind: Kind
) -> None:
    array = typed(kind, data.draw(some.lists(VALUES[kind], min_size=1, max_size=4)))

    assert texts(array, kind).equals(texts(canonical(array, kind), kind))


@given(some.decimals(allow_nan=False, allow_infinity=False, places=20))
def test_no_digit_of_a_decimal_is_lost(number: Decimal) -> None:
    array = canonical(pa.array([format(number, "f")]), "decimal")

    assert Decimal(str(array[0].as_py())) == number
