"""What is done about the doubts of a plan."""

import sqlite3
from contextlib import closing

import msgspec
import pytest

from tenuto.teams.migration.architect import make_plan
from tenuto.teams.migration.plan import Alternative, Change, ColumnPlan, Plan
from tenuto.teams.migration.resolver import BadAnswer, resolve
from tenuto.teams.migration.resolver.previewing import preview
from tenuto.teams.migration.schema import Annotated, Kind, Scalar
from tenuto.teams.migration.scout import survey
from tests.teams.migration.asked import Asked

SHOP = """
CREATE TABLE t (id INTEGER PRIMARY KEY, made DATE, size INTEGER, name TEXT);
"""


def doubtful() -> tuple[Plan, Annotated]:
    """Return a plan with two doubts: a date both ways, and words among numbers."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SHOP)
        connection.executemany(
            "INSERT INTO t (made, size, name) VALUES (?, ?, ?)",
            [
                (f"0{n % 9 + 1}/0{n % 8 + 1}/2021", n if n % 2 else "large", f"x{n}")
                for n in range(40)
            ],
        )
        annotated = survey(Asked(connection))
    plan = make_plan(annotated, target_system="postgresql", source="a", target="b")
    return plan, annotated


def column(plan: Plan, name: str) -> ColumnPlan:
    return {one.name: one for one in plan.tables[0].columns}[name]


def test_what_is_in_doubt_is_asked_about_with_choices_and_a_preview() -> None:
    plan, annotated = doubtful()

    asked = {question.id: question for question in resolve(plan, annotated, answers={}).questions}

    assert sorted(asked) == ["t.made", "t.size"]
    made = asked["t.made"]
    assert made.choices[:2] == ("date (date %d/%m/%Y)", "date (date %m/%d/%Y)")
    assert len(made.consequences) == len(made.choices)
    value, day_first, month_first, *_ = made.preview[0]
    day, month, year = str(value).split("/")
    assert (day_first, month_first) == (f"{year}-{month}-{day}", f"{year}-{day}-{month}")


def test_asking_again_changes_nothing() -> None:
    plan, annotated = doubtful()
    once = resolve(plan, annotated, answers={})

    assert resolve(once, annotated, answers={}) == once


def test_an_answer_is_carried_out_and_remembered() -> None:
    plan, annotated = doubtful()
    asked = resolve(plan, annotated, answers={})

    answered = resolve(asked, annotated, answers={"t.made": "date (date %m/%d/%Y)"})

    made = column(answered, "made")
    assert made.changes == (Change(do="date", options={"formats": ["%m/%d/%Y"]}),)
    assert (made.confidence, made.decided_by) == (1.0, "person")
    assert [question.id for question in answered.questions if question.answer is None] == ["t.size"]
    assert resolve(answered, annotated, answers={}) == answered


def test_an_answer_may_be_changed() -> None:
    plan, annotated = doubtful()
    asked = resolve(plan, annotated, answers={})
    first, second = asked.questions[0].choices[:2]

    one = resolve(asked, annotated, answers={"t.made": second}, by="model")
    other = resolve(one, annotated, answers={"t.made": first})

    assert column(one, "made").decided_by == "model"
    assert column(other, "made").changes == column(plan, "made").changes
    assert column(other, "made").decided_by == "person"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"t.made": "a date"}, "none of the choices"),
        ({"t.nothing": "text"}, "Nobody asked 't.nothing'"),
    ],
)
def test_an_answer_that_fits_no_question_is_refused(answers: dict[str, str], said: str) -> None:
    plan, annotated = doubtful()
    asked = resolve(plan, annotated, answers={})

    with pytest.raises(BadAnswer, match=said):
        resolve(asked, annotated, answers=answers)


def test_what_a_person_has_decided_is_not_asked_about() -> None:
    plan, annotated = doubtful()
    (table,) = plan.tables
    decided = tuple(msgspec.structs.replace(one, decided_by="person") for one in table.columns)
    edited = msgspec.structs.replace(
        plan, tables=(msgspec.structs.replace(table, columns=decided),)
    )

    assert resolve(edited, annotated, answers={}) == edited


def test_the_surest_way_by_far_is_picked_without_asking() -> None:
    plan, annotated = doubtful()
    (table,) = plan.tables
    better = Alternative(kind="text", type="text", confidence=0.75, reasons=("It looks so.",))
    columns = tuple(
        msgspec.structs.replace(one, alternatives=(better,)) if one.name == "size" else one
        for one in table.columns
    )
    open_plan = msgspec.structs.replace(
        plan, tables=(msgspec.structs.replace(table, columns=columns),)
    )

    settled = resolve(open_plan, annotated, answers={})

    assert column(settled, "size").type == "text"
    assert column(settled, "size").decided_by == "rules"
    assert [question.id for question in settled.questions] == ["t.made"]


@pytest.mark.parametrize(
    ("value", "kind", "changes", "shown"),
    [
        (" 7 ", "integer", [], 7),
        ("x", "integer", [], "(put aside)"),
        ("1.234,50", "decimal", [Change(do="decimal", options={"decimal": ","})], "1234.50"),
        ("$1,234.50", "decimal", [Change(do="decimal")], "1234.50"),
        ("0000-00-00", "date", [Change(do="null_if", options={"values": ["0000-00-00"]})], None),
        (
            "31.12.1999",
            "date",
            [Change(do="date", options={"formats": ["%d.%m.%Y"]})],
            "1999-12-31",
        ),
        ("Ja", "boolean", [Change(do="boolean")], True),
        (1, "boolean", [], True),
        (0, "timestamptz", [Change(do="epoch")], "1970-01-01 00:00:00+00:00"),
        ("4111", "text", [Change(do="mask", options={"how": "null"})], None),
    ],
)
def test_a_preview_shows_what_becomes_of_a_value(
    value: Scalar, kind: Kind, changes: list[Change], shown: Scalar
) -> None:
    way = Alternative(kind=kind, type="", changes=tuple(changes), confidence=1, reasons=())

    assert preview(value, way) == shown
