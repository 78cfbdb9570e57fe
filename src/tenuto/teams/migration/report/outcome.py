"""How a migration ended, in words: what is proven, what is not, and what a person has to decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tenuto.teams.migration.report.facts import Facts, facts_from

NAMED: Final = 3
"""Places that a sentence names."""


class Outcome(msgspec.Struct, frozen=True):
    """What is known in the end. Sentences."""

    proven: tuple[str, ...]
    not_proven: tuple[str, ...]
    to_decide: tuple[str, ...]


def account(given: Facts | Mapping[str, Any]) -> str:
    """Return how it ended, in one paragraph."""
    facts = facts_from(given)
    found = outcome(facts)
    if facts.verified:
        first = "The target is proven to behave as the source."
    elif facts.verification is None:
        first = "Nothing was verified."
    else:
        number = facts.verification.counts.get("defect", 0)
        first = f"The target does not behave as the source: {plural(number, 'defect')}."
    return " ".join((first, *found.not_proven[:NAMED], *found.to_decide[:NAMED]))


def outcome(facts: Facts) -> Outcome:
    """Return what is proven, what is not, and what is to be decided."""
    return Outcome(tuple(_proven(facts)), tuple(_not_proven(facts)), tuple(_to_decide(facts)))


def _proven(facts: Facts) -> list[str]:
    if facts.verification is None:
        return []
    told: list[str] = []
    fine = [check for check in facts.verification.checks if not check.defects]
    rows = [check for check in fine if check.name == "rows"]
    if rows:
        count = sum(check.compared for check in rows)
        told.append(
            f"{plural(count, 'row')} of {plural(len(rows), 'table')} hold in the target, value by "
            "value, what the plan makes of the source."
        )
    for name, text in CHECKED.items():
        of_name = [check for check in fine if check.name == name]
        count = sum(check.compared for check in of_name)
        if of_name and count:
            told.append(text.format(count=count, tables=plural(len(of_name), "table")))
    queries = facts.verification.queries
    same = sum(query.answer == "same" for query in queries)
    if same:
        asked = sum(query.answer != "skipped" for query in queries)
        told.append(f"{same:,} of {plural(asked, 'query', 'queries')} give the same on both sides.")
    return told


CHECKED: Final = {
    "schema": "{tables} declare all {count:,} columns, keys, indexes and constraints of the plan.",
    "constraints": "What the source refuses, the target refuses too: {count:,} probes.",
    "defaults": "{count:,} columns that are left out get the same defaults.",
    "sequences": "{count:,} columns that number themselves go on behind all rows that are there.",
    "views": "Views give the same {count:,} rows.",
}


def _not_proven(facts: Facts) -> list[str]:
    if facts.verification is None:
        return ["The target was not verified."]
    told = []
    for check in facts.verification.checks:
        if check.defects:
            places = dict.fromkeys(
                one.place for one in check.differences if one.verdict == "defect"
            )
            named = ", ".join(list(places)[:NAMED])
            more = f" and {check.defects - NAMED:,} more" if check.defects > NAMED else ""
            told.append(f"{WHAT.get(check.name, check.name)}: {named}{more}.")
    for fault in facts.built.unbuilt:
        told.append(f"The {fault.what} {fault.name} of {fault.table} could not be built.")
    for name, why in facts.plan.left_out.items():
        told.append(f"{name} was left out. {why}")
    for view in facts.plan.views:
        if view.query is None:
            told.append(f"The view {view.name} is not there. {view.note}")
    skipped = sum(query.answer == "skipped" for query in facts.verification.queries)
    if skipped:
        told.append(f"{plural(skipped, 'query was', 'queries were')} not asked; the list says why.")
    told += [f"{check.table}: {check.note}" for check in facts.verification.checks if check.note]
    return told


WHAT: Final = {
    "rows": "Rows differ",
    "schema": "Declarations differ",
    "constraints": "What is refused differs",
    "defaults": "Defaults differ",
    "sequences": "Numbering differs",
    "views": "Views differ",
    "workload": "Answers to queries differ",
}


def _to_decide(facts: Facts) -> list[str]:
    told = []
    if facts.quarantined:
        told.append(
            f"{plural(facts.quarantined, 'row')} in the table tenuto_quarantine: mend and replay "
            "them, or let them go."
        )
    told += [f"{one.id}: {one.text}" for one in facts.plan.questions if one.answer is None]
    if facts.verification is not None:
        dialect = [
            query
            for query in facts.verification.queries
            if query.answer == "dialect" and query.origin == "given"
        ]
        if dialect:
            told.append(
                f"{plural(len(dialect), 'query has', 'queries have')} to be worded otherwise on "
                "the target; the report has the words."
            )
        if facts.verification.counts.get("defect") and not facts.accepted:
            told.append("Mend the defects and verify again, or take the target as it is.")
    return told


def plural(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
