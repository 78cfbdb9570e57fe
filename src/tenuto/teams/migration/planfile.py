"""Plans as YAML that people read and edit, and what has changed between two of them."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tenuto.teams.migration import yaml_text
from tenuto.teams.migration.plan import FORMAT, ColumnPlan, OnError, Plan, TablePlan
from tenuto.teams.migration.plan_diff import diff
from tenuto.teams.migration.schema import Kind, System
from tenuto.teams.migration.yaml_text import NotYaml, Path, Places

__all__ = ["PlanError", "diff", "dump", "load"]

_HEAD: Final = """\
What will be done with each table and column. Read it, edit it, and give it back.

You may change: of columns `name`, `type`, `kind`, `nullable`, `default`, `changes`; of tables
`name`, `where`, `batch_rows`, `ranges`, `on_error`, `indexes`, `checks`, `foreign_keys`; remove
columns, indexes, checks, foreign keys and whole tables; `answer` the questions; `masks`,
`parallel`, `rate_limit`. Give `decided_by: person` to a column that you have decided.
Leave `source` of tables and columns: it is what the source calls them."""

_COMMENTS: Final = {
    "": _HEAD,
    "tables": "Tables, in the order in which they are loaded. A column's `changes` are done one\n"
    "after the other to each value; `alternatives` are what else could be made of it.",
    "views": "`query` is in the SQL of the target; a view without one is not made: see `note`.",
    "left_out": "What is not moved, and why.",
    "questions": "Give one of the `choices` as `answer`.",
}


_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "kind": typing.get_args(Kind),
    "on_error": typing.get_args(OnError),
    "source_system": typing.get_args(System),
    "target_system": typing.get_args(System),
}


class PlanError(ValueError):
    """A text is no plan; says where, what was found, and what to do."""

    def __init__(self, message: str, *, line: int, column: int, hint: str = "") -> None:
        self.line, self.column, self.hint = line, column, hint
        super().__init__(f"line {line}, column {column}: {message}{f' {hint}' if hint else ''}")


def dump(plan: Plan) -> str:
    """Return a plan as YAML; `load` gives the same plan back."""
    data = msgspec.json.decode(msgspec.json.encode(plan))
    return yaml_text.write({"format": plan.format, **data}, _COMMENTS)


def load(text: str) -> Plan:
    """Return the plan of a text.

    Raises:
        PlanError: it is none.
    """
    try:
        data, places = yaml_text.read(text)
    except NotYaml as error:
        raise PlanError(str(error), line=error.line, column=error.column) from None
    if not isinstance(data, dict):
        raise PlanError("A plan is an object, with `tables` and more.", line=1, column=1)
    if data.get("format", FORMAT) != FORMAT:
        raise _error(
            places, ("format",), f"The format {data['format']!r} is not known.",
            f"This program reads format {FORMAT}.",
        )  # fmt: skip
    _check_keys(Plan, data, (), places)
    try:
        plan = msgspec.convert(data, Plan)
    except msgspec.ValidationError as error:
        raise _converted(str(error), data, places) from None
    _check_names(plan, places)
    return plan


def _error(places: Places, path: Path, message: str, hint: str = "") -> PlanError:
    while path not in places:
        path = path[:-1]
    line, column = places[path]
    return PlanError(message, line=line, column=column, hint=hint)


def _converted(said: str, data: Any, places: Places) -> PlanError:
    """Return the error of a value that has the wrong form, at its place."""
    message, _, where = said.partition(" - at `$")
    path: list[str | int] = []
    for name, index in re.findall(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]", where):
        if index == "...":
            break
        path.append(name or int(index))
    value = data
    for step in path:
        value = value[step]
    named = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "This"
    found = repr(value)
    found = found if len(found) <= 60 else found[:57] + "…"
    plain = message.replace("`", "").replace("Expected", "expected").replace("object", "an object")
    words = _WORDS.get(str(path[-1]) if path else "", ())
    if "enum" in message and words:
        plain = f"expected one of {', '.join(words)}"
    if "missing required field" in message:
        missing = message.rpartition("`")[0].rpartition("`")[2]
        return _error(places, tuple(path), f"`{missing}` is missing here.")
    return _error(places, tuple(path), f"{named} is {found}: {plain.rstrip('.')}.")


def _check_keys(kind: Any, data: Any, path: Path, places: Places) -> None:
    """Refuse keys that no part of a plan has: a word that is misspelt would be lost else."""
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(data, dict):
        hints = typing.get_type_hints(kind)
        for key, value in data.items():
            if key not in hints:
                near = _near(key, hints)
                hint = f"Did you mean `{near}`?" if near else f"Known: {', '.join(hints)}."
                raise _error(places, (*path, key), f"Nothing here is called `{key}`.", hint)
            _check_keys(hints[key], value, (*path, key), places)
    elif origin is tuple and isinstance(data, list):
        for at, value in enumerate(data):
            _check_keys(arguments[0], value, (*path, at), places)
    elif origin in (typing.Union, types.UnionType):
        for some in arguments:
            _check_keys(some, data, path, places)


def _check_names(plan: Plan, places: Places) -> None:
    """Refuse what names a column or a table that is not there, and names that stand twice."""
    tables = {table.name: table for table in plan.tables}
    seen: set[str] = set()
    for at, table in enumerate(plan.tables):
        path: Path = ("tables", at)
        if table.name in seen:
            raise _error(places, (*path, "name"), f"Two tables are called {table.name!r}.")
        seen.add(table.name)
        _check_table(table, None if plan.onto else tables, path, places)
    for at, question in enumerate(plan.questions):
        if question.answer is not None and question.answer not in question.choices:
            raise _error(
                places, ("questions", at, "answer"),
                f"The answer {question.answer!r} is none of the choices.",
                f"Choose one of: {', '.join(map(repr, question.choices))}.",
            )  # fmt: skip


def _check_table(
    table: TablePlan, tables: dict[str, TablePlan] | None, path: Path, places: Places
) -> None:
    """Check one table. `tables` are those that keys may name; None: the target has them, and more
    than the plan fills."""
    names = [column.name for column in table.columns]
    for at, column in enumerate(table.columns):
        if names.index(column.name) != at:
            raise _error(
                places, (*path, "columns", at, "name"),
                f"Two columns of {table.name!r} are called {column.name!r}.",
            )  # fmt: skip
        _check_sources(column, (*path, "columns", at), places)
    for at, name in enumerate(table.key):
        if name not in names:
            raise _missing(places, (*path, "key", at), table, name)
    for number, key in enumerate(table.foreign_keys):
        here: Path = (*path, "foreign_keys", number)
        for at, name in enumerate(key.columns):
            if name not in names:
                raise _missing(places, (*here, "columns", at), table, name)
        if tables is None:
            continue
        if key.table not in tables:
            raise _error(
                places, (*here, "table"), f"There is no table {key.table!r} in the plan.",
                "Remove the foreign key, or name a table that is there.",
            )  # fmt: skip
        for at, name in enumerate(key.named):
            if name not in {column.name for column in tables[key.table].columns}:
                raise _missing(places, (*here, "named", at), tables[key.table], name)
    for number, index in enumerate(table.indexes):
        for at, part in enumerate(index.parts):
            if part not in names and not part.startswith("("):
                raise _missing(places, (*path, "indexes", number, "parts", at), table, part)


def _check_sources(column: ColumnPlan, path: Path, places: Places) -> None:
    if column.source is not None and column.sources:
        raise _error(
            places, path, f"The column {column.name!r} has both `source` and `sources`.",
            "Keep `source` for one column, `sources` for several.",
        )  # fmt: skip


def _near(name: str, known: Iterable[str]) -> str | None:
    by_small = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), by_small, 1)
    return by_small[found[0]] if found else None


def _missing(places: Places, path: Path, table: TablePlan, name: str) -> PlanError:
    near = _near(name, [column.name for column in table.columns])
    return _error(
        places,
        path,
        f"The table {table.name!r} has no column {name!r}.",
        f"Did you mean {near!r}?" if near else "",
    )
