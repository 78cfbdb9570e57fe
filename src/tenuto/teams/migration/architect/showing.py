"""The views of a plan."""

from __future__ import annotations

import msgspec

from tenuto.teams.migration.architect import expressions, views
from tenuto.teams.migration.architect.draft import Draft
from tenuto.teams.migration.plan import ViewPlan
from tenuto.teams.migration.schema import Table


def view_plans(draft: Draft) -> list[ViewPlan]:
    relations = {
        name: views.Relation(
            name=draft.names[name],
            source=name,
            columns={column: plan.name for column, plan in columns.items()},
            plans=columns,
            kinds={column.name: column.type.kind for column in draft.tables[name].columns},
            lengths=lengths(draft, draft.tables[name]),
        )
        for name, columns in draft.columns.items()
    }
    names = {view.name: draft.space.give(view.name, of="view") for view in draft.schema.views}
    for view in draft.schema.views:
        relations[view.name] = views.Relation(
            name=names[view.name], columns={column: column for column in view.columns}
        )
    queries, notes = translated(draft, relations)
    # What shows in a view shows in the views of it.
    for _ in queries:
        again = {
            name: msgspec.structs.replace(relations[name], changed=query.changed)
            for name, query in queries.items()
        }
        if all(relations[name].changed == one.changed for name, one in again.items()):
            break
        relations |= again
        queries, notes = translated(draft, relations)
    without_lost(queries, notes)
    by_name = {view.name: view for view in draft.schema.views}
    return [
        ViewPlan(
            name=names[name],
            query=queries[name].sql if name in queries else None,
            source_query=by_name[name].query,
            changed=dict(queries[name].changed) if name in queries else {},
            note=notes.get(name, ""),
        )
        for name in (*views.in_order(queries), *sorted(notes))
    ]


def translated(
    draft: Draft, relations: dict[str, views.Relation]
) -> tuple[dict[str, views.Query], dict[str, str]]:
    queries: dict[str, views.Query] = {}
    notes: dict[str, str] = {}
    for view in draft.schema.views:
        if draft.wanted(view.name):
            try:
                queries[view.name] = views.translated(view, draft.source, draft.target, relations)
            except expressions.Untranslatable as error:
                notes[view.name] = str(error)
    return queries, notes


def lengths(draft: Draft, table: Table) -> dict[str, int]:
    """Return with how many characters the dates of columns are written; 0: with several."""
    found = {}
    for column in table.columns:
        notes = draft.notes(table, column.name)
        if notes is None or column.type.kind not in ("date", "timestamp"):
            continue
        ends = (notes.profile.least, notes.profile.greatest)
        if all(isinstance(end, str) for end in ends):
            texts = [str(value) for value in (*ends, *notes.profile.examples)]
            lengths = {len(text) for text in texts}
            alike = len(lengths) == 1 and not any("T" in text for text in texts)
            found[column.name] = lengths.pop() if alike else 0
    return found


def without_lost(queries: dict[str, views.Query], notes: dict[str, str]) -> None:
    """Leave out what names a view that is left out."""
    while True:
        lost = {name: gone for name, query in queries.items() for gone in query.names & set(notes)}
        for name, gone in lost.items():
            notes[name] = f"It names the view {gone!r}, which is left out."
            del queries[name]
        if not lost:
            return
