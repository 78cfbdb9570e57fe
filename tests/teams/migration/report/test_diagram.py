"""Tables as a drawing: none is lost, none lies on another, whatever names what."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as some

from tenuto.teams.migration.report.diagram import WIDTH, Box, Field, draw

NAMES = [f"t{number}" for number in range(12)]
LINKS = some.lists(some.tuples(some.sampled_from(NAMES), some.sampled_from(NAMES)), max_size=20)
PLACE = re.compile(
    r'transform="translate\(([\d.]+) ([\d.]+)\)"><title>(\w+)</title>'
    r'<rect width="\d+" height="([\d.]+)"'
)


def boxes(links: list[tuple[str, str]], fields: int) -> tuple[Box, ...]:
    columns = tuple(Field(f"c{number}", "text", key=number == 0) for number in range(fields))
    return tuple(
        Box(name, columns, tuple(("c0", other) for mine, other in links if mine == name))
        for name in NAMES
    )


@given(LINKS, some.integers(1, 14))
def test_each_table_has_a_place_of_its_own(links: list[tuple[str, str]], fields: int) -> None:
    drawn = draw(boxes(links, fields), title="t")

    found = [
        (name, float(x), float(y), float(height)) for x, y, name, height in PLACE.findall(drawn)
    ]
    assert sorted(name for name, *_ in found) == sorted(NAMES)
    for name, x, y, height in found:
        for other, right, below, its in found:
            apart = (
                x + WIDTH <= right or right + WIDTH <= x or y + height <= below or below + its <= y
            )
            assert name == other or apart


@given(LINKS)
def test_each_key_has_a_line(links: list[tuple[str, str]]) -> None:
    drawn = draw(boxes(links, 2), title="t")

    assert drawn.count('class="link"') == len(links)
