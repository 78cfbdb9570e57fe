"""What is different between two plans, in words."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tenuto.teams.migration.plan import ColumnPlan, Plan, TablePlan

_COLUMN: Final = ("type", "kind", "nullable", "default", "generated", "counts", "source")
_TABLE: Final = ("where", "batch_rows", "ranges", "on_error", "rollback")
_PLAN: Final = ("source", "target", "parallel", "rate_limit", "threshold")


def diff(old: Plan, new: Plan) -> str:
    """Return the differences as lines that begin with a dash; empty: there are none that matter.

    Tables and columns are told apart by what they are called in the source.
    """
    lines = [
        f"{name}: {_shown(getattr(old, name))} → {_shown(getattr(new, name))}"
        for name in _PLAN
        if getattr(old, name) != getattr(new, name)
    ]
    before = {table.source: table for table in old.tables}
    after = {table.source: table for table in new.tables}
    lines += [f"table {name!r} is no longer moved" for name in before if name not in after]
    lines += [f"table {name!r} is moved now" for name in after if name not in before]
    for name, table in after.items():
        if name in before and before[name] != table:
            lines += _table(before[name], table)
    lines += _named("view", {v.name: v for v in old.views}, {v.name: v for v in new.views})
    lines += _named("mask for", old.masks, new.masks)
    lines += _answers(old, new)
    return "".join(f"- {line}\n" for line in lines)


def _table(old: TablePlan, new: TablePlan) -> list[str]:
    where = f"table {new.source!r}"
    lines = []
    if old.name != new.name:
        lines.append(f"{where} is called {new.name!r}, no longer {old.name!r}")
    lines += [
        f"{where}, {name}: {_shown(getattr(old, name))} → {_shown(getattr(new, name))}"
        for name in _TABLE
        if getattr(old, name) != getattr(new, name)
    ]
    before, after = _columns(old), _columns(new)
    lines += [f"{where}: column {name!r} is left out" for name in before if name not in after]
    lines += [f"{where}: column {name!r} is new" for name in after if name not in before]
    for name, column in after.items():
        if name in before and before[name] != column:
            lines += [f"{where}, column {name!r}, {said}" for said in _column(before[name], column)]
    if old.key != new.key:
        lines.append(f"{where}, key: {_shown(old.key)} → {_shown(new.key)}")
    lines += _named(f"{where}: index", *({i.name: i for i in t.indexes} for t in (old, new)))
    keys = ({k.name: k for k in t.foreign_keys} for t in (old, new))
    lines += _named(f"{where}: foreign key", *keys)
    lines += _named(f"{where}: check", old.checks, new.checks)
    return lines


def _columns(table: TablePlan) -> dict[str, ColumnPlan]:
    return {
        column.source or "+".join(column.sources) or column.name: column for column in table.columns
    }


def _column(old: ColumnPlan, new: ColumnPlan) -> list[str]:
    lines = []
    if old.name != new.name:
        lines.append(f"name: {old.name!r} → {new.name!r}")
    lines += [
        f"{name}: {_shown(getattr(old, name))} → {_shown(getattr(new, name))}"
        for name in _COLUMN
        if getattr(old, name) != getattr(new, name)
    ]
    if old.changes != new.changes:
        lines.append(f"changes: {_shown(old.changes)} → {_shown(new.changes)}")
    if old.decided_by != new.decided_by and lines:
        lines.append(f"decided by: {old.decided_by or 'nobody'} → {new.decided_by or 'nobody'}")
    return lines


def _named(what: str, old: Any, new: Any) -> list[str]:
    lines = [f"{what} {name!r} is left out" for name in old if name not in new]
    lines += [f"{what} {name!r} is new: {_shown(new[name])}" for name in new if name not in old]
    lines += [
        f"{what} {name!r}: {_shown(old[name])} → {_shown(new[name])}"
        for name in new
        if name in old and old[name] != new[name]
    ]
    return lines


def _answers(old: Plan, new: Plan) -> list[str]:
    before = {question.id: question.answer for question in old.questions}
    return [
        f"question {question.id!r} is answered: {question.answer}"
        for question in new.questions
        if question.answer is not None and before.get(question.id) != question.answer
    ]


def _shown(value: Any) -> str:
    if value is None or value == () or value == []:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return msgspec.json.encode(value).decode()
