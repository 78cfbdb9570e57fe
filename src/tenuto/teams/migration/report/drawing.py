"""Which tables and columns the diagrams show."""

from __future__ import annotations

from tenuto.teams.migration.report.diagram import Box, Field, draw
from tenuto.teams.migration.report.facts import Facts
from tenuto.teams.migration.report.marking import Markup


def source_drawing(facts: Facts) -> Markup:
    """Return the schema of the source as a drawing."""
    boxes = []
    for table in facts.annotated.schema.tables:
        foreign = {column for key in table.foreign_keys for column in key.columns}
        fields = tuple(
            Field(
                name=column.name,
                type=column.type.declared,
                key=column.name in table.key,
                foreign=column.name in foreign,
            )
            for column in table.columns
        )
        names = tuple((key.columns[0], key.table) for key in table.foreign_keys if key.columns)
        boxes.append(Box(table.name, fields, names))
    return draw(tuple(boxes), title="The source: its tables and what they name")


def target_drawing(facts: Facts) -> Markup:
    """Return the schema of the target as a drawing, as it is planned."""
    boxes = []
    for table in facts.plan.tables:
        foreign = {column for key in table.foreign_keys for column in key.columns}
        fields = tuple(
            Field(
                name=column.name,
                type=column.type,
                key=column.name in table.key,
                foreign=column.name in foreign,
            )
            for column in table.columns
        )
        names = tuple((key.columns[0], key.table) for key in table.foreign_keys if key.columns)
        boxes.append(Box(table.name, fields, names))
    boxes.sort(key=lambda box: box.name)
    return draw(tuple(boxes), title="The target: its tables and what they name")
