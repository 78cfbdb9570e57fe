"""Doubts about a target that is there already: which column of the source a column is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tenuto.teams.migration.matching.onto import NEEDED, is_needed
from tenuto.teams.migration.plan import Alternative, Change, ColumnPlan, Plan, Question, TablePlan
from tenuto.teams.migration.resolver.asking import BadAnswer, consequence, told
from tenuto.teams.migration.resolver.previewing import preview
from tenuto.teams.migration.schema import Annotated, Kind, Scalar

LEAVE_OUT: Final = "leave out"
LEAVE_TABLE_OUT: Final = "leave the table out"
CONSTANTS: Final[dict[Kind, Scalar]] = {
    "text": "",
    "integer": 0,
    "decimal": 0,
    "float": 0,
    "boolean": "false",
}
EXAMPLES: Final = 5


def asked(plan: Plan, annotated: Annotated) -> Plan:
    """Return the plan with a question for each mapping in doubt, and for each column that has to
    have a value and gets none. Doing it again changes nothing."""
    questions = {question.id: question for question in plan.questions}
    for table in plan.tables:
        for column in table.columns:
            id = f"{table.name}.{column.name}"
            if id not in questions and _in_doubt(plan, table, column):
                questions[id] = _question(id, plan, table, column, annotated)
    return msgspec.structs.replace(plan, questions=tuple(questions.values()))


def answered(plan: Plan, answers: Mapping[str, str], by: str) -> Plan:
    """Return the plan with answers put into it.

    Raises:
        BadAnswer: one is none of the choices, or to a question that nobody asked.
    """
    questions = {question.id: question for question in plan.questions}
    for id, answer in answers.items():
        if id not in questions:
            known = ", ".join(map(repr, questions)) or "there are no questions"
            raise BadAnswer(f"Nobody asked {id!r}. Questions: {known}.")
        if answer not in questions[id].choices:
            raise BadAnswer(
                f"The answer {answer!r} to {id!r} is none of the choices: "
                f"{', '.join(map(repr, questions[id].choices))}."
            )
        questions[id] = msgspec.structs.replace(questions[id], answer=answer)
    left_out, tables = dict(plan.left_out), []
    for table in plan.tables:
        own = {
            name: answers[f"{table.name}.{name}"]
            for name in (column.name for column in table.columns)
            if f"{table.name}.{name}" in answers
        }
        if LEAVE_TABLE_OUT in own.values():
            left_out[table.name] = "It was left out, as somebody said: it stays as it is."
            continue
        columns = tuple(
            _with_answer(table, column, own[column.name], by) if column.name in own else column
            for column in table.columns
        )
        for column in columns:
            id = f"{table.name}.{column.name}"
            if own.get(column.name) == LEAVE_OUT:
                left_out[id] = "It was left out, as somebody said."
            elif column.name in own:
                left_out.pop(id, None)
                # What it is made of goes somewhere now.
                left_out.pop(f"{table.source}.{column.source}", None)
        tables.append(msgspec.structs.replace(table, columns=columns))
    return msgspec.structs.replace(
        plan, tables=tuple(tables), left_out=left_out, questions=tuple(questions.values())
    )


def _in_doubt(plan: Plan, table: TablePlan, column: ColumnPlan) -> bool:
    if column.decided_by not in ("", "rules", "model"):
        return False
    gets = bool(column.source or column.sources or column.generated)
    if not gets and column.name in table.key:
        return True
    return is_needed(column) or (gets and column.confidence < plan.threshold)


def _ways(table: TablePlan, column: ColumnPlan) -> dict[str, Alternative]:
    """Return what can be made of a column, by what a person calls it; the best comes first."""
    ways: dict[str, Alternative] = {}
    if column.source or column.sources:
        now = _way(column, column.changes, column.confidence, column.reasons)
        now = msgspec.structs.replace(now, source=column.source, sources=column.sources)
        ways[_label(table, now)] = now
    for way in column.alternatives:
        ways.setdefault(_label(table, way), way)
    if not column.nullable and column.default is None and not column.counts:
        constant = CONSTANTS.get(column.kind)
        if constant is not None:
            change = Change(do="default", options={"value": constant})
            way = _way(column, (change,), 0.1, ())
            ways[f"always {constant!r}"] = msgspec.structs.replace(
                way, consequences="Every row gets this value."
            )
        way = _way(column, (), 0.0, ())
        ways[LEAVE_TABLE_OUT] = msgspec.structs.replace(
            way, consequences="Nothing is loaded into the table; rows that name its rows are put "
            "aside."
        )  # fmt: skip
    else:
        gets = f"its default, {column.default}" if column.default is not None else "no value"
        gets = "a number of its own" if column.counts else gets
        ways[LEAVE_OUT] = msgspec.structs.replace(
            _way(column, (), 0.0, ()), consequences=f"Every row gets {gets}."
        )
    return ways


def _way(
    column: ColumnPlan, changes: tuple[Change, ...], confidence: float, reasons: tuple[str, ...]
) -> Alternative:
    return Alternative(
        kind=column.kind,
        type=column.type,
        precision=column.precision,
        scale=column.scale,
        changes=changes,
        confidence=confidence,
        reasons=reasons,
    )


def _label(table: TablePlan, way: Alternative) -> str:
    made = " + ".join(way.sources or (str(way.source),))
    changes = "; ".join(map(told, way.changes))
    return f"{table.source}.{made}{f' ({changes})' if changes else ''}"


def _question(
    id: str, plan: Plan, table: TablePlan, column: ColumnPlan, annotated: Annotated
) -> Question:
    ways = _ways(table, column)
    shown = {label: _examples(table, way, annotated) for label, way in ways.items()}
    first = next(iter(ways.values()))
    raw = [*_values(table, first, annotated)]
    depth = max((len(values) for values in shown.values()), default=0)
    rows = tuple(
        (_at(raw, row), *(_at(values, row) for values in shown.values())) for row in range(depth)
    )
    why = " ".join(column.reasons) or "Nothing tells for sure."
    text = f"What is {column.name!r} of {table.name!r} in the target made of? {why}"
    if is_needed(column) and NEEDED not in text:
        text = f"{text} {NEEDED}"
    consequences = tuple(consequence(way, shown[label]) for label, way in ways.items())
    return Question(id=id, text=text, choices=tuple(ways), preview=rows, consequences=consequences)


def _examples(table: TablePlan, way: Alternative, annotated: Annotated) -> list[Scalar]:
    """Return what some values of the source become."""
    if way.source is None:
        constant = [change.options.get("value") for change in way.changes if change.do == "default"]
        return [value for value in constant if not isinstance(value, list)]
    return [preview(value, way) for value in _values(table, way, annotated)]


def _values(table: TablePlan, way: Alternative, annotated: Annotated) -> tuple[Scalar, ...]:
    notes = annotated.columns.get(f"{table.source}.{way.source}")
    return notes.profile.examples[:EXAMPLES] if notes is not None else ()


def _at(values: Sequence[Scalar], row: int) -> Scalar:
    return values[row] if row < len(values) else None


def _with_answer(table: TablePlan, column: ColumnPlan, answer: str, by: str) -> ColumnPlan:
    ways = _ways(table, column)
    if answer not in ways:
        raise BadAnswer(
            f"The answer {answer!r} to '{table.name}.{column.name}' fits nothing that is known for "
            f"the column any more: {', '.join(map(repr, ways))}. It was edited since; answer anew."
        )
    way = ways[answer]
    said = f"Chosen by {'a person' if by == 'person' else 'a ' + by}."
    return msgspec.structs.replace(
        column,
        source=way.source,
        sources=way.sources,
        changes=way.changes,
        confidence=1.0,
        decided_by=by,
        reasons=(*way.reasons, said),
        alternatives=tuple(
            other for label, other in ways.items() if other.source and label != answer
        ),
    )
