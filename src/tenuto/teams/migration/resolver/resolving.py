"""The doubts of a plan, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tenuto.teams.migration.architect.refining import with_choice
from tenuto.teams.migration.plan import Alternative, Change, ColumnPlan, Plan, Question, TablePlan
from tenuto.teams.migration.resolver import mapping
from tenuto.teams.migration.resolver.asking import BadAnswer, consequence, told
from tenuto.teams.migration.resolver.previewing import preview
from tenuto.teams.migration.schema import Annotated, ColumnNotes

AHEAD: Final = 0.2
"""By so much the best of several ways must be surer than the next to be picked by rules."""
LEAST: Final = 0.6
"""Nothing less sure is picked by rules."""


def resolve(
    plan: Plan, annotated: Annotated, *, answers: Mapping[str, str], by: str = "person"
) -> Plan:
    """Return the plan with what is in doubt settled where rules can, else asked about.

    A column is in doubt when its mapping is less sure than the plan's threshold and nobody has
    decided it. Doing it again changes nothing.

    Args:
        answers: id of a question (`table.column`, as the source calls them) to one of its choices.
        by: who gave them: goes into `decided_by`.

    Raises:
        BadAnswer: see there.
    """
    if plan.onto:
        plan = mapping.asked(plan, annotated)
        return mapping.answered(plan, answers, by) if answers else plan
    questions = {question.id: question for question in plan.questions}
    tables = []
    for table in plan.tables:
        columns = []
        for column in table.columns:
            id = f"{table.source}.{column.source or column.name}"
            columns.append(_settled(plan, table, column, annotated.columns.get(id), questions))
        tables.append(msgspec.structs.replace(table, columns=tuple(columns)))
    plan = msgspec.structs.replace(plan, tables=tuple(tables), questions=tuple(questions.values()))
    return _answered(plan, answers, by) if answers else plan


def _settled(
    plan: Plan,
    table: TablePlan,
    column: ColumnPlan,
    notes: ColumnNotes | None,
    questions: dict[str, Question],
) -> ColumnPlan:
    id = f"{table.source}.{column.source or column.name}"
    if column.confidence >= plan.threshold or column.decided_by not in ("", "rules", "model"):
        return column
    if id in questions:
        return column
    ways = ranked(column)
    best = ways[0]
    ahead = best.confidence - ways[1].confidence if len(ways) > 1 else best.confidence
    if best.confidence >= max(LEAST, plan.threshold) or (
        best.confidence >= LEAST and ahead >= AHEAD
    ):
        reason = "Of what could be made of it, it is the surest by far."
        chosen = with_choice(column, best, tuple(ways[1:]))
        return msgspec.structs.replace(
            chosen,
            confidence=max(best.confidence, plan.threshold),
            reasons=(*chosen.reasons, reason),
        )
    questions[id] = _question(id, table, column, ways, notes)
    return column


def ranked(column: ColumnPlan) -> list[Alternative]:
    """Return the ways to map a column, the surest first; that of the plan is one of them."""
    planned = Alternative(
        kind=column.kind,
        type=column.type,
        precision=column.precision,
        scale=column.scale,
        changes=column.changes,
        confidence=column.confidence,
        reasons=column.reasons,
        consequences="It is what the plan says.",
    )
    ways = [planned]
    for way in (*column.alternatives, *_safe(column)):
        if all((way.type, way.changes) != (one.type, one.changes) for one in ways):
            ways.append(way)
    return sorted(ways, key=lambda way: -way.confidence)


def _safe(column: ColumnPlan) -> list[Alternative]:
    """Return the way that loses nothing: as text."""
    if column.kind in ("text", "bytes"):
        return []
    text = "TEXT" if column.type.isupper() else "longtext" if "(6)" in column.type else "text"
    return [
        Alternative(
            kind="text",
            type=text,
            changes=(Change(do="text"),),
            confidence=0.4,
            reasons=("A text holds whatever stands there.",),
            consequences="Nothing is refused, and nothing can be computed with it.",
        )
    ]


def _question(
    id: str,
    table: TablePlan,
    column: ColumnPlan,
    ways: list[Alternative],
    notes: ColumnNotes | None,
) -> Question:
    choices = _labels(ways)
    values = notes.profile.examples if notes is not None else ()
    preview_rows = tuple((value, *(preview(value, way) for way in ways)) for value in values)
    why = " ".join(column.reasons) or "Nothing tells for sure."
    return Question(
        id=id,
        text=f"What is {column.source or column.name!r} of {table.source!r} to be? {why}",
        choices=choices,
        preview=preview_rows,
        consequences=tuple(
            consequence(way, [row[place + 1] for row in preview_rows])
            for place, way in enumerate(ways)
        ),
    )


def _labels(ways: list[Alternative]) -> tuple[str, ...]:
    """Return a short text for each way, none twice."""
    labels: list[str] = []
    for way in ways:
        label = f"{way.type} ({'; '.join(map(told, way.changes)) or 'as it is'})"
        while label in labels:
            label += "'"
        labels.append(label)
    return tuple(labels)


def _answered(plan: Plan, answers: Mapping[str, str], by: str) -> Plan:
    questions = {question.id: question for question in plan.questions}
    for id, answer in answers.items():
        if id not in questions:
            known = ", ".join(map(repr, questions)) or "there are no questions"
            raise BadAnswer(f"Nobody asked {id!r}. Questions: {known}.")
        choices = questions[id].choices
        if answer not in choices:
            raise BadAnswer(
                f"The answer {answer!r} to {id!r} is none of the choices: "
                f"{', '.join(map(repr, choices))}."
            )
        questions[id] = msgspec.structs.replace(questions[id], answer=answer)
    tables = []
    for table in plan.tables:
        columns = tuple(_as_answered(table, column, answers, by) for column in table.columns)
        tables.append(msgspec.structs.replace(table, columns=columns))
    return msgspec.structs.replace(plan, tables=tuple(tables), questions=tuple(questions.values()))


def _as_answered(
    table: TablePlan,
    column: ColumnPlan,
    answers: Mapping[str, str],
    by: str,
) -> ColumnPlan:
    id = f"{table.source}.{column.source or column.name}"
    if id not in answers:
        return column
    ways = ranked(column)
    labels = _labels(ways)
    if answers[id] not in labels:
        raise BadAnswer(
            f"The answer {answers[id]!r} to {id!r} fits no way that is known for the column any "
            f"more: {', '.join(map(repr, labels))}. It was edited since; answer anew."
        )
    place = labels.index(answers[id])
    chosen = with_choice(column, ways[place], tuple(way for way in ways if way is not ways[place]))
    return msgspec.structs.replace(
        chosen,
        confidence=1.0,
        decided_by=by,
        reasons=(*chosen.reasons, f"Chosen by {'a person' if by == 'person' else 'a ' + by}."),
    )
