"""The report as Markdown: short, for a terminal or a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tenuto.teams.migration.report.facts import SYSTEMS, Facts, facts_from
from tenuto.teams.migration.report.outcome import account, outcome

TOLD_MAX: Final = 20


def markdown(given: Facts | Mapping[str, Any]) -> str:
    """Return the outcome, each table, and the first differences."""
    facts = facts_from(given)
    plan = facts.plan
    lines = [
        f"# {SYSTEMS[plan.source_system]} to {SYSTEMS[plan.target_system]}",
        "",
        f"{plain(plan.source)} → {plain(plan.target)}",
        "",
        plain(account(facts)),
    ]
    found = outcome(facts)
    for name, texts in (
        ("Proven", found.proven),
        ("Not proven", found.not_proven),
        ("For a person to decide", found.to_decide),
    ):
        if texts:
            lines += ["", f"## {name}", "", *(f"- {plain(text)}" for text in texts)]
    if facts.happened:
        told = [f"- {plain(one.text)}" for one in facts.happened[:TOLD_MAX]]
        lines += ["", "## While rows were moved", "", *told]
    lines += ["", "## Tables", "", *_tables(facts)]
    if facts.verification and facts.verification.differences:
        lines += ["", "## Differences", "", *_differences(facts)]
    return "\n".join(lines) + "\n"


def _tables(facts: Facts) -> list[str]:
    lines = ["| table | rows | put aside | defects |", "| --- | ---: | ---: | ---: |"]
    checks = facts.verification.checks if facts.verification else ()
    for table in sorted(facts.plan.tables, key=lambda table: table.name):
        moved = facts.moved.get(table.name)
        defects = sum(check.defects for check in checks if check.table == table.name)
        rows, aside = (moved.rows, moved.quarantined) if moved else (0, 0)
        lines.append(f"| {plain(table.name)} | {rows:,} | {aside:,} | {defects:,} |")
    return lines


def _differences(facts: Facts) -> list[str]:
    assert facts.verification is not None
    order = {"defect": 0, "dialect": 1, "expected": 2}
    ranked = sorted(facts.verification.differences, key=lambda one: order[one.verdict])
    lines = ["| class | where | source | target | why |", "| --- | --- | --- | --- | --- |"]
    for one in ranked[:TOLD_MAX]:
        cells = (one.verdict, one.place, one.source, one.target, one.reason or one.what)
        told = (plain("NULL" if cell is None else cell, length=160) for cell in cells)
        lines.append(f"| {' | '.join(told)} |")
    if len(ranked) > TOLD_MAX:
        lines.append(f"\nAnd {len(ranked) - TOLD_MAX:,} more.")
    return lines


def plain(of: object, *, length: int = 600) -> str:
    """Return a text that cannot end a cell or begin markup."""
    text = " ".join(str(of).split())
    text = text if len(text) <= length else f"{text[: length - 1]}…"
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text
