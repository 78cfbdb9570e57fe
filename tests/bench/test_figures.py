"""Each figure is measured once at a size that says nothing about speed: the bench itself works."""

import math
from pathlib import Path

import pytest

from bench import machine
from bench.__main__ import BEGIN, END, main, write
from bench.figures import FIGURES, NEED_A_PEER
from bench.lab import Lab, median, ratio
from bench.raw import commits
from bench.table import Row, at_least, at_most, markdown

TINY = 0.002

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_measured_beside_another(name: str) -> None:
    lab = Lab(rounds=1, scale=TINY, apart=False)

    rows = FIGURES[name](lab)

    assert rows or (name in NEED_A_PEER and not machine.peer_is_here())
    for row in rows:
        assert row.figure and row.ours
        assert bool(row.bar) == bool(row.verdict)
        assert not row.bar or (row.beside and row.ratio)


def test_a_measurement_runs_in_a_process_of_its_own() -> None:
    lab = Lab(rounds=1)

    measured = lab.run(commits, rows=10, payload_bytes=10)

    assert math.isfinite(measured["per_s"]) and measured["per_s"] > 0


def test_rivals_take_turns() -> None:
    order: list[str] = []

    def a(folder: Path) -> dict[str, float]:
        order.append("a")
        return {"x": 2.0 * len(order)}

    def b(folder: Path) -> dict[str, float]:
        order.append("b")
        return {"x": 1.0 * len(order)}

    runs = Lab(rounds=3, apart=False).in_turns((a, {}), (b, {}))

    assert order == ["a", "b"] * 3
    assert [median(mine, "x") for mine in runs] == [6.0, 4.0]
    assert ratio(runs[0], runs[1], "x") == 1.5


def test_a_verdict_tells_aim_bar_and_failure_apart() -> None:
    assert [at_most(value, bar=3, aim=1) for value in (0.5, 2, 4)] == [
        "reaches the aim",
        "passes",
        "FAILS",
    ]
    assert [at_least(value, bar=1, aim=3) for value in (4, 2, 0.5)] == [
        "reaches the aim",
        "passes",
        "FAILS",
    ]


def test_the_table_is_markdown_with_one_line_per_row() -> None:
    row = Row(figure="f", ours="1", beside="other: 2", ratio="0.5 x")

    lines = markdown([row, row]).splitlines()

    assert len(lines) == 4
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines)
    assert {line.count("|") for line in lines} == {8}


def test_writing_keeps_what_stands_around_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n", "utf-8")

    write("new", page)

    assert page.read_text("utf-8") == f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"


def test_the_command_prints_the_table_and_the_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["store", "--rounds", "1", "--scale", str(TINY)])

    printed = capsys.readouterr().out
    assert code == 0
    assert "| the store alone" in printed
    assert f"- {machine.facts()[0]}" in printed


def test_an_unknown_name_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["nonsense"])

    assert refusal.value.code == 2
    assert "growth" in capsys.readouterr().err
