"""Keys, indexes and checks of tables, in the words of the target."""

from __future__ import annotations

from tenuto.teams.migration.architect import expressions
from tenuto.teams.migration.architect.draft import Draft
from tenuto.teams.migration.architect.names import Names, cased
from tenuto.teams.migration.architect.ordering import Order
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.plan import IndexPlan, KeyPlan
from tenuto.teams.migration.schema import Index, Table


def foreign_keys(draft: Draft, table: Table, ordered: Order) -> list[KeyPlan]:
    """Return the foreign keys of a table; those that cannot be are left out with the reason."""
    columns = draft.columns[table.name]
    found = []
    for key in table.foreign_keys:
        named = draft.columns.get(key.table, {})
        if not set(key.named) <= set(named) or not key.named:
            draft.left_out[f"{table.name}.{key.name}"] = (
                f"It names {key.table!r}, which is not moved."
                if key.table not in draft.columns
                else f"It names columns that {key.table!r} does not have."
            )
            continue
        if not _is_unique(draft.tables[key.table], key.named):
            draft.left_out[f"{table.name}.{key.name}"] = (
                f"The columns that it names in {key.table!r} are not unique there."
            )
            continue
        found.append(
            KeyPlan(
                name=draft.space.give(cased(key.name, draft.options.names), of=table.name),
                columns=tuple(columns[name].name for name in key.columns),
                table=draft.names[key.table],
                named=tuple(named[name].name for name in key.named),
                on_delete=key.on_delete,
                on_update=key.on_update,
                deferred=(table.name, key.name) in ordered.deferred,
            )
        )
    return found


def _is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    wanted = set(columns)
    return wanted == set(table.key) or any(
        index.unique and index.where is None and set(index.parts) == wanted
        for index in table.indexes
    )


def indexes(draft: Draft, table: Table) -> list[IndexPlan]:
    """Return the indexes of a table; those that cannot be are left out with the reason."""
    found = []
    for index in table.indexes:
        try:
            parts = _parts(draft, table, index)
            where = _where(draft, table, index)
        except expressions.Untranslatable as error:
            draft.left_out[f"{table.name}.{index.name}"] = f"The index is left out. {error}"
            continue
        found.append(
            IndexPlan(
                name=draft.space.give(index.name, of=table.name),
                parts=parts,
                unique=index.unique,
                where=where,
            )
        )
    return found


def _where(draft: Draft, table: Table, index: Index) -> str | None:
    if index.where is None:
        return None
    if draft.target == "mariadb":
        if index.unique:
            raise expressions.Untranslatable("MariaDB has no index of some rows alone.")
        # An index of all rows finds those few as well.
        return None
    return draft.condition(table, index.where)


def _parts(draft: Draft, table: Table, index: Index) -> tuple[str, ...]:
    own = draft.columns[table.name]
    found = []
    for place, part in enumerate(index.parts):
        collation = index.collations[place].upper() if index.collations else ""
        if part not in own and draft.target == "mariadb":
            raise expressions.Untranslatable("MariaDB has no index of an expression.")
        if part not in own:
            found.append(f"({draft.condition(table, part)})")
        elif collation == "NOCASE" and own[part].kind == "text":
            found.append(_without_case(draft, own[part].name, part))
        else:
            found.append(own[part].name)
    return tuple(found)


def _without_case(draft: Draft, name: str, part: str) -> str:
    """Return what an index sorts by where capitals and small letters are to be the same."""
    if draft.target == "postgresql":
        return f"(lower({quoted(draft.target, name)}))"
    if draft.target == "sqlite":
        return f"({quoted(draft.target, name)} COLLATE NOCASE)"
    raise expressions.Untranslatable(
        f"Capitals and small letters of {part!r} are the same in it, which no index of "
        f"{draft.target} can do for a column that tells them apart."
    )


def checks(draft: Draft, table: Table) -> dict[str, str]:
    """Return the checks of a table; those that cannot be are left out with the reason."""
    found: dict[str, str] = {}
    names = Names(draft.target)
    for check in table.checks:
        try:
            found[names.give(check.name)] = draft.condition(table, check.condition)
        except expressions.Untranslatable as error:
            draft.left_out[f"{table.name}.{check.name}"] = (
                f"The check {check.condition} is left out. {error}"
            )
    return found | _enumerations(draft, table, names)


def _enumerations(draft: Draft, table: Table, names: Names) -> dict[str, str]:
    """Return the checks that stand for enumerations where the target has none."""
    found = {}
    for column in table.columns:
        made = draft.columns[table.name][column.name]
        if column.type.values and made.kind == "text" and draft.target != "mariadb":
            values = ", ".join(literal(draft.target, value) for value in column.type.values)
            name = names.give(f"{draft.names[table.name]}_{made.name}_values")
            found[name] = f"{quoted(draft.target, made.name)} IN ({values})"
    return found
