"""The survey for people: a page of Markdown, and a diagram of the tables."""

from __future__ import annotations

import re

from tenuto.teams.migration.schema import Annotated, ColumnNotes, Schema, Table


def markdown(annotated: Annotated) -> str:
    """Return the survey as a page: what there is, each table with its columns, what stands out."""
    schema = annotated.schema
    lines = [
        f"# What the source holds ({schema.system} {schema.version})",
        "",
        f"{_counts(schema)}; {sum(table.rows or 0 for table in schema.tables):,} rows in all.",
        "",
        "```mermaid",
        diagram(schema).rstrip(),
        "```",
    ]
    for table in schema.tables:
        lines += ["", *_table(table, annotated)]
    if schema.left_out:
        lines += ["", "## Not told here", ""]
        lines += [f"- {_cell(name)}: {_cell(why)}" for name, why in schema.left_out.items()]
    return "\n".join(lines) + "\n"


def _counts(schema: Schema) -> str:
    counts = (len(schema.tables), len(schema.views), len(schema.triggers))
    return "{} tables, {} views, {} triggers".format(*counts)


def _table(table: Table, annotated: Annotated) -> list[str]:
    count = f"{table.rows:,} rows" if table.rows is not None else "rows not counted"
    lines = [
        f"## {_cell(table.name)}",
        "",
        f"{count}; key: {', '.join(table.key) or 'none'}.",
        "",
        "| column | declared | means | sure | empty | values | stands out |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for column in table.columns:
        notes = annotated.columns.get(f"{table.name}.{column.name}")
        cells = [column.name, column.type.declared or "(no type)"]
        cells += _told(notes) if notes else ["", "", "", "", ""]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _told(notes: ColumnNotes) -> list[str]:
    profile, meaning = notes.profile, notes.meaning
    rows = max(profile.rows, 1)
    distinct = "many" if profile.distinct is None else str(profile.distinct)
    odd = []
    if meaning.personal:
        odd.append("personal")
    if meaning.kind:
        odd.append(f"in truth {meaning.kind}")
    if profile.orphans:
        odd.append(f"{profile.orphans} name no row")
    for name in ("not_utf8", "nul", "control", "mojibake", "zero_date", "padded", "not_finite"):
        if profile.patterns.get(name):
            odd.append(f"{profile.patterns[name]} {name.replace('_', ' ')}")
    classes = {name for name in profile.stored if name != "null"}
    if len(classes) > 1:
        odd.append("stored as " + ", ".join(sorted(classes)))
    return [
        meaning.semantic,
        f"{meaning.confidence:.0%}",
        f"{profile.nulls / rows:.0%}",
        distinct,
        "; ".join(odd),
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def diagram(schema: Schema) -> str:
    """Return a diagram of tables and foreign keys for Mermaid (erDiagram)."""
    lines = ["erDiagram"]
    for table in schema.tables:
        lines.append(f'  {_node(table.name)}["{_label(table.name)}"] {{')
        foreign = {name for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            marks = [
                mark
                for mark, there in (
                    ("PK", column.name in table.key),
                    ("FK", column.name in foreign),
                )
                if there
            ]
            said = f"{column.type.kind} {_node(column.name)} {', '.join(marks)}".rstrip()
            lines.append(f"    {said}")
        lines.append("  }")
    known = {table.name for table in schema.tables}
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.table in known:
                needed = not any(table.column(name).nullable for name in key.columns)
                one = "||" if needed else "|o"
                alone = set(key.columns) == set(table.key)
                many = "o|" if alone else "o{"
                label = _label(", ".join(key.columns))
                lines.append(f'  {_node(key.table)} {one}--{many} {_node(table.name)} : "{label}"')
    return "\n".join(lines) + "\n"


def _node(name: str) -> str:
    """Return a name of letters, digits and lines alone, as Mermaid wants it."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
    return plain if not plain[0].isdigit() else f"_{plain}"


def _label(text: str) -> str:
    return text.replace('"', "'").replace("\n", " ")
