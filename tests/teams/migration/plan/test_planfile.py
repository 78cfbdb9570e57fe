"""Plans as people see and edit them."""

from contextlib import closing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.teams.migration import planfile, yaml_text
from tenuto.teams.migration.architect import make_plan
from tenuto.teams.migration.plan import Change, Plan, Question, ViewPlan
from tenuto.teams.migration.planfile import PlanError
from tenuto.teams.migration.scout import survey
from tests.teams.migration.asked import Asked
from tests.teams.migration.ugly import ugly


@pytest.fixture(scope="module")
def plan() -> Plan:
    with closing(ugly()) as connection:
        made = make_plan(
            survey(Asked(connection)), target_system="postgresql", source="a", target="b"
        )
    return msgspec.structs.replace(
        made,
        views=(ViewPlan(name="v", query="SELECT *\n  FROM t", source_query="SELECT * FROM t"),),
        questions=(Question(id="a.b", text="Which?", choices=("yes", "no: never")),),
    )


def test_a_plan_survives_the_way_to_yaml_and_back(plan: Plan) -> None:
    assert planfile.load(planfile.dump(plan)) == plan


def test_what_may_be_edited_stands_at_the_top(plan: Plan) -> None:
    text = planfile.dump(plan)

    assert text.startswith("# What will be done with each table and column.")
    assert "\n# Give one of the `choices` as `answer`.\nquestions:\n" in text


def test_a_change_stands_on_one_line(plan: Plan) -> None:
    assert '          - {do: decimal, options: {decimal: ","}}\n' in planfile.dump(plan)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: bigint", "typ: bigint", "Nothing here is called `typ`. Did you mean `type`?"),
        ("kind: integer", "kind: integr", "`kind` is 'integr'"),
        ("key: [id]", "key: [ID]", "The table 'customer' has no column 'ID'. Did you mean 'id'?"),
        ("name: orders", "name: customer", "Two tables are called 'customer'."),
        ("name: email", "name: name", "Two columns of 'customer' are called 'name'."),
        ("table: customer", "table: custumer", "There is no table 'custumer' in the plan."),
        ("format: 1", "format: 9", "The format 9 is not known."),
        ("source: a", "source: [", "This is no YAML"),
        ("kind: integer", "kind: integer\n        kind: text", "Key 'kind' stands twice"),
        ("source_system: sqlite", "source_system: *x", "This is no YAML"),
        ("text: Which?", "answer: perhaps\n    text: Which?", "The answer 'perhaps' is none of"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(plan: Plan, old: str, new: str, said: str) -> None:
    text = planfile.dump(plan)
    assert old in text

    with pytest.raises(PlanError) as found:
        planfile.load(text.replace(old, new, 1))

    assert said in str(found.value)
    assert found.value.line >= 1
    assert str(found.value).startswith(f"line {found.value.line}, column ")


def test_the_line_is_that_of_the_word(plan: Plan) -> None:
    text = planfile.dump(plan).replace("kind: uuid", "kind: uid", 1)
    line = text.splitlines().index("        kind: uid") + 1

    with pytest.raises(PlanError) as found:
        planfile.load(text)

    assert (found.value.line, found.value.column) == (line, 9)
    assert "uuid." in str(found.value)


def test_words_that_look_like_other_things_stay_texts() -> None:
    data, _ = yaml_text.read("a: yes\nb: 2026-01-31\nc: 1_000\nd: 12:30\ne: ~\nf: 0x10")

    assert data == {"a": "yes", "b": "2026-01-31", "c": "1_000", "d": "12:30", "e": None,
                    "f": "0x10"}  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(data=st.dictionaries(st.text(), JSON, max_size=4))
def test_any_data_survives_the_way_to_yaml_and_back(data: dict[str, object]) -> None:
    if not data:
        return

    assert yaml_text.read(yaml_text.write(data, {}))[0] == data


def test_the_differences_of_two_plans_are_told_in_words(plan: Plan) -> None:
    (customer, orders) = plan.tables
    columns = list(customer.columns)
    columns[1] = msgspec.structs.replace(
        columns[1], type="varchar(80)", name="full_name", changes=(Change(do="trim"),)
    )
    del columns[2]
    edited = msgspec.structs.replace(
        plan,
        parallel=4,
        tables=(
            msgspec.structs.replace(customer, columns=tuple(columns), where="id > 3"),
            msgspec.structs.replace(orders, foreign_keys=()),
        ),
        questions=(msgspec.structs.replace(plan.questions[0], answer="yes"),),
    )

    said = planfile.diff(plan, edited)

    assert said.splitlines() == [
        "- parallel: 2 → 4",
        "- table 'customer', where: none → id > 3",
        "- table 'customer': column 'email' is left out",
        "- table 'customer', column 'name', name: 'name' → 'full_name'",
        "- table 'customer', column 'name', type: text → varchar(80)",
        "- table 'customer', column 'name', changes: none → [{\"do\":\"trim\"}]",
        "- table 'orders': foreign key 'orders_customer_id_fkey' is left out",
        "- question 'a.b' is answered: yes",
    ]


def test_a_plan_does_not_differ_from_itself(plan: Plan) -> None:
    assert planfile.diff(plan, plan) == ""
