"""What agents propose counts only within the limits that people and data set."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tenuto import Context
from tenuto.teams.migration import architect, conducting, rounds
from tenuto.teams.migration.directing import Standing
from tenuto.teams.migration.learning.library import Library
from tenuto.teams.migration.learning.patterns import Pattern
from tenuto.teams.migration.wire import from_json, to_json
from tests.teams.migration.moving.ground import column, plan_of

PLAN = msgspec.structs.replace(
    plan_of(column("id", "integer"), batch_rows=10_000, rows=50_000, bytes=50_000_000), parallel=4
)


@pytest.fixture
def context() -> Context:
    return Context("ses_x", "eff_x", task=1, node="x", attempt=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "to", "is_allowed"),
    [
        ("batch_rows", 20_000, True),
        ("batch_rows", 40_000, False),
        ("batch_rows", 1, False),
        ("ranges", 8, True),
        ("ranges", 60, False),
        ("ranges", 0, False),
    ],
)
def test_the_architect_amends_a_plan_as_far_as_its_data_allow(
    what: str, to: int, is_allowed: bool
) -> None:
    one = {"table": "t", "what": what, "to": to, "reason": "It is better."}

    changed, refused = architect.amended(PLAN, [one])

    assert (getattr(changed.table("t"), what) == to) is is_allowed
    assert refused == ([] if is_allowed else [one])


def test_an_amendment_of_a_table_that_is_not_there_changes_nothing() -> None:
    one = {"table": "other", "what": "ranges", "to": 2, "reason": ""}

    assert architect.amended(PLAN, [one]) == (PLAN, [one])


@pytest.mark.parametrize(
    ("what", "to", "lanes", "batch_rows"),
    [
        ("workers", 3, 3, {}),
        ("workers", 5, 2, {}),
        ("workers", 0, 2, {}),
        ("batch_rows", 500, 2, {"t": 500}),
        ("batch_rows", 20_000, 2, {}),
        ("batch_rows", 5, 2, {}),
    ],
)
def test_the_monitor_changes_what_the_plan_leaves_open(
    what: str, to: int, lanes: int, batch_rows: dict[str, int], context: Context
) -> None:
    answers = [{"what": what, "table": "t", "to": to, "reason": "It is slow."}]

    given: Any = rounds.answer(context, to_json(PLAN), to_json(Standing(lanes=2)), answers)

    stands = from_json(given["standing"], Standing)
    assert (stands.lanes, stands.batch_rows) == (lanes, batch_rows)
    was_taken = (lanes, batch_rows) != (2, {})
    assert [note.kind for note in context.notes] == [
        "answer_to_load" if was_taken else "answer_refused"
    ]
    assert bool(stands.told) is was_taken


def test_learning_keeps_some_of_what_was_found_and_invents_nothing(context: Context) -> None:
    found = [to_json(Pattern(sort="type", of=of, was="bigint")) for of in ("int", "integer")]
    invented = {"sort": "meaning", "of": "ada", "was": "name"}

    taught = conducting.learn(context, found, [found[0], invented], "local")

    assert taught == {"patterns": ["type int → bigint"]}
    assert Library().left("local") > 0
