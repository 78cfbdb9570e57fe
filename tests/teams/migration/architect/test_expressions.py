"""Conditions and defaults in the words of another system, or refused."""

import pytest

from tenuto.teams.migration.architect.expressions import (
    Names,
    Untranslatable,
    condition,
    default,
)
from tenuto.teams.migration.schema import Kind, System

OF = Names(
    names={"Price": "price", "Name": "name", "Paid": "paid", "Born": "born"},
    kinds={"Price": "decimal", "Name": "text", "Paid": "boolean", "Born": "date"},
    changed=frozenset({"Born"}),
)


@pytest.mark.parametrize(
    ("source", "target", "sql", "said"),
    [
        ("sqlite", "postgresql", "PRICE > 0 AND Price IN (1, 2)", '"price" > 0'),
        ("sqlite", "postgresql", "length(Name) < 5", 'LENGTH("name") < 5'),
        ("sqlite", "mariadb", "length(Name) < 5", "CHAR_LENGTH(`name`) < 5"),
        ("sqlite", "postgresql", "Paid IN (0, 1)", '"paid" IN (FALSE, TRUE)'),
        ("postgresql", "sqlite", "((\"Name\")::text <> 'x'::text)", "\"name\" <> 'x'"),
        ("postgresql", "sqlite", "\"Name\" = ANY (ARRAY['a'::text, 'b'::text])", "IN ('a', 'b')"),
        ("postgresql", "mariadb", '("Price" >= (0)::numeric)', "`price` >= 0"),
        ("mariadb", "postgresql", "`Price` >= 0 or `Name` = 'x'", "OR \"name\" = 'x'"),
        ("mariadb", "postgresql", "char_length(`Name`) < 5", 'LENGTH("name") < 5'),
    ],
)
def test_a_condition_is_said_in_the_words_of_the_target(
    source: System, target: System, sql: str, said: str
) -> None:
    assert said in condition(sql, source, target, of=OF)


@pytest.mark.parametrize(
    ("source", "target", "sql", "why"),
    [
        ("sqlite", "postgresql", "Name GLOB 'a*'", "GLOB may mean something else"),
        ("sqlite", "postgresql", "Name LIKE 'a%'", "LIKE may mean something else"),
        ("sqlite", "postgresql", "Born > '2020-01-01'", "The values of 'Born' become others"),
        ("sqlite", "postgresql", "Price = 'x'", "It compares 'price', of decimal, with 'x'"),
        ("sqlite", "postgresql", "Name + 1 > 2", "which is no number"),
        ("sqlite", "postgresql", "Other > 2", "'Other', which is no column"),
        ("sqlite", "postgresql", "Price > (", "It cannot be read"),
        ("mariadb", "postgresql", "length(`Name`) < 5", "counts bytes"),
        ("sqlite", "mariadb", "Name || 'x' = 'ax'", "|| is OR in MariaDB"),
        ("postgresql", "sqlite", "\"Name\" ~ '^a'", "may mean something else"),
    ],
)
def test_what_may_mean_something_else_is_refused(
    source: System, target: System, sql: str, why: str
) -> None:
    with pytest.raises(Untranslatable) as refused:
        condition(sql, source, target, of=OF)

    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("source", "target", "sql", "kind", "said"),
    [
        ("sqlite", "postgresql", "'it''s'", "text", "'it''s'"),
        ("sqlite", "postgresql", '"quoted"', "text", "'quoted'"),
        ("sqlite", "postgresql", "1", "boolean", "TRUE"),
        ("sqlite", "sqlite", "'N'", "boolean", "0"),
        ("sqlite", "postgresql", "-1.50", "decimal", "-1.50"),
        ("sqlite", "postgresql", "NULL", "text", None),
        ("sqlite", "postgresql", "CURRENT_TIMESTAMP", "timestamp", "(now() AT TIME ZONE 'UTC')"),
        ("postgresql", "sqlite", "'a'::character varying", "text", "'a'"),
        ("postgresql", "mariadb", "now()", "timestamp", "(utc_timestamp(6))"),
        ("mariadb", "postgresql", "current_timestamp()", "timestamptz", "now()"),
        ("mariadb", "postgresql", "'a\\\\b'", "text", "'a\\b'"),
    ],
)
def test_a_default_is_said_in_the_words_of_the_target(
    source: System, target: System, sql: str, kind: Kind, said: str | None
) -> None:
    assert default(sql, source, target, kind) == said


@pytest.mark.parametrize(
    ("sql", "kind"),
    [("random()", "integer"), ("'x'", "integer"), ("'2021-13-01'", "date"), ("'maybe'", "boolean")],
)
def test_a_default_that_the_kind_does_not_have_is_refused(sql: str, kind: Kind) -> None:
    with pytest.raises(Untranslatable):
        default(sql, "sqlite", "postgresql", kind)
