"""The parts of the page, each as a function of the facts; None: there is nothing to tell."""

from __future__ import annotations

from typing import Final

from tenuto.teams.migration.kora.findings import Check, Difference, Query, Verdict
from tenuto.teams.migration.plan import Change, ColumnPlan, Question, TablePlan
from tenuto.teams.migration.report.facts import Facts
from tenuto.teams.migration.report.marking import Markup, bullets, code, join, table, tag, value
from tenuto.teams.migration.report.outcome import plural

TOLD_MAX: Final = 200
"""Differences of a class that the page tells one by one."""

WORDS: Final = {
    "changed": "value differs",
    "missing": "row is missing",
    "extra": "row too many",
    "doubled": "row is doubled",
    "accepted": "accepted, and should be refused",
    "refused": "refused, and should be accepted",
    "declared": "declared otherwise",
    "result": "result differs",
    "order": "order differs",
    "error": "does not work",
    "number": "number differs",
}
CLASSES: Final[tuple[tuple[Verdict, str, str, str], ...]] = (
    ("defect", "Defects", "bad", "The target does not behave as the source."),
    (
        "dialect",
        "Dialect",
        "odd",
        "The systems understand the same words otherwise; how is known, and that this is all.",
    ),
    ("expected", "Expected", "good", "What the plan declares, and rows in quarantine."),
)


def duration(seconds: float) -> str:
    """Return a time for people."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def badge(text: str, kind: str) -> Markup:
    return tag("span", text, class_=f"badge {kind}")


def tables(facts: Facts) -> Markup:
    """Return each table with its rows, and what came of comparing them."""
    checks = {
        (check.name, check.table): check
        for check in (facts.verification.checks if facts.verification else ())
    }
    rows = []
    for one in sorted(facts.plan.tables, key=lambda table: table.name):
        moved = facts.moved.get(one.name)
        check = checks.get(("rows", one.name))
        rows.append(
            (
                code(one.name),
                code(one.source),
                f"{moved.rows:,}" if moved else "",
                f"{moved.quarantined:,}" if moved and moved.quarantined else "",
                f"{check.compared:,}" if check else "",
                _standing(check),
            )
        )
    heads = ("Table", "Made of", "Rows moved", "Put aside", "Rows compared", "Values")
    return table(heads, rows, numbers="  nnn ")


def _standing(check: Check | None) -> Markup:
    if check is None:
        return badge("not compared", "")
    if check.defects:
        return badge(plural(check.defects, "defect"), "bad")
    return badge("equal", "good") if not check.expected else badge("equal, as planned", "good")


def differences(facts: Facts) -> Markup | None:
    """Return the differences of each class."""
    if facts.verification is None:
        return None
    said = {one.place: one.text for one in facts.explanations}
    told = []
    for verdict, name, kind, meaning in CLASSES:
        number = facts.verification.counts.get(verdict, 0)
        found = [one for one in facts.verification.differences if one.verdict == verdict]
        if not number and verdict != "defect":
            continue
        head = tag("h3", name, " ", badge(f"{number:,}", kind if number else "good"))
        if not number:
            told.append(join((head, tag("p", "None was found.", class_="quiet"))))
            continue
        rows = [_difference(one, said.get(one.place, "")) for one in found[:TOLD_MAX]]
        heads = ("Where", "What", "Source", "Target", "Why")
        more = number - len(rows)
        rest = tag("p", f"And {more:,} more, of the same kinds.", class_="quiet") if more else None
        told.append(join((head, tag("p", meaning, class_="quiet"), table(heads, rows), rest or "")))
    return join(told)


def _difference(one: Difference, said: str) -> tuple[object, ...]:
    why = " ".join(part for part in (one.reason, said) if part)
    row = ("", "") if one.source is None and one.target is None and one.what != "changed" else None
    source, target = row or (value(one.source), value(one.target))
    return code(one.place), WORDS.get(one.what, one.what), source, target, why


def queries(facts: Facts) -> Markup | None:
    """Return the queries that both sides were asked."""
    if facts.verification is None or not facts.verification.queries:
        return None
    asked = facts.verification.queries
    counts = {
        answer: sum(query.answer == answer for query in asked)
        for answer in ("same", "dialect", "expected", "defect", "skipped")
    }
    told = ", ".join(
        f"{number:,} {ANSWERS[answer][0]}" for answer, number in counts.items() if number
    )
    shown = [query for query in asked if query.answer != "same"]
    same = [query for query in asked if query.answer == "same"]
    return join(
        (
            tag("p", f"{plural(len(asked), 'query', 'queries')}: {told}."),
            *(_query(query) for query in shown[:TOLD_MAX]),
            tag(
                "details",
                tag("summary", "Queries with the same answers ", tag("span", f"{len(same):,}")),
                tag(
                    "div",
                    table(
                        ("Query", "In SQL", "Rows", "Source", "Target"),
                        [
                            (
                                query.name,
                                code(query.sql),
                                f"{query.rows:,}",
                                duration(query.source_seconds),
                                duration(query.target_seconds),
                            )
                            for query in same[:TOLD_MAX]
                        ],
                        numbers="  nnn",
                    ),
                    class_="in",
                ),
            )
            if same
            else "",
        )
    )


ANSWERS: Final = {
    "same": ("the same", "good"),
    "dialect": ("explained by the dialects", "odd"),
    "expected": ("as the plan has it", "good"),
    "defect": ("with another answer", "bad"),
    "skipped": ("not asked", ""),
}


def _query(query: Query) -> Markup:
    name, kind = ANSWERS[query.answer]
    parts = [tag("h3", "In the source"), tag("pre", query.sql)]
    if query.translated:
        parts += [tag("h3", "Translated"), tag("pre", query.translated)]
    if query.rewritten:
        parts += [tag("h3", "What gives the same on the target"), tag("pre", query.rewritten)]
    summary = tag("summary", badge(name, kind), " ", query.name, " ", tag("span", query.reason))
    opened = "" if query.answer == "defect" else None
    return tag("details", summary, tag("div", *parts, class_="in"), open=opened)


def quarantine(facts: Facts) -> Markup | None:
    """Return how many rows were put aside, and why."""
    rows: list[tuple[object, ...]] = [
        (code(name), f"{moved.quarantined:,}", "They do not fit the columns of the target.")
        for name, moved in sorted(facts.moved.items())
        if moved.quarantined
    ]
    rows += [
        (code(one.table), f"{one.rows:,}", f"They contradict {one.constraint}.")
        for one in facts.built.gave_way
    ]
    if not rows:
        return None
    text = (
        "Their original values and the reason of each are in the table tenuto_quarantine of the "
        "target."
    )
    return join((table(("Table", "Rows", "Why"), rows, numbers=" n "), tag("p", text)))


def happened(facts: Facts) -> Markup | None:
    """Return alerts while rows were moved, and what was done about them."""
    rows = [(one.round, one.kind.replace("_", " "), one.text) for one in facts.happened]
    return table(("Round", "What", "In words"), rows, numbers="n  ") if rows else None


def decisions(facts: Facts) -> Markup | None:
    """Return what was asked and answered, what is left out, and what could not be built."""
    asked = [_question(one) for one in facts.plan.questions]
    asked += [(one.what, "", one.by, one.at) for one in facts.decisions]
    told: list[object] = []
    if asked:
        told.append(table(("About", "Question", "Answer", ""), asked))
    if facts.plan.left_out:
        told.append(tag("h3", "Left out"))
        told.append(
            bullets(
                join((code(name), " ", why)) for name, why in sorted(facts.plan.left_out.items())
            )
        )
    if facts.built.unbuilt:
        told.append(tag("h3", "Not built"))
        told.append(
            table(
                ("What", "Name", "Table", "Why"),
                [
                    (one.what, code(one.name), code(one.table), one.why)
                    for one in facts.built.unbuilt
                ],
            )
        )
    return join(told) if told else None


def _question(one: Question) -> tuple[object, ...]:
    answer = badge("open", "odd") if one.answer is None else one.answer
    return code(one.id), one.text, answer, ", ".join(one.choices)


def mapping(facts: Facts) -> Markup:
    """Return what becomes of each column."""
    return join(_mapping(one) for one in sorted(facts.plan.tables, key=lambda table: table.name))


def _mapping(one: TablePlan) -> Markup:
    rows = [
        (
            code(column.source or ", ".join(column.sources) or "–"),
            code(column.name),
            code(column.type),
            column.semantic.replace("_", " "),
            ", ".join(map(_change, column.changes)),
            _confidence(column),
            " ".join(column.reasons),
        )
        for column in one.columns
    ]
    heads = ("Source", "Target", "Type", "Meaning", "Changes", "Confidence", "Reasons")
    least = min((column.confidence for column in one.columns), default=1.0)
    told = f"{plural(len(one.columns), 'column')}, least confidence {least:.2f}"
    summary = tag("summary", code(one.source), " → ", code(one.name), " ", tag("span", told))
    return tag("details", summary, tag("div", table(heads, rows), class_="in"))


def _change(change: Change) -> str:
    options = ", ".join(f"{name}: {of}" for name, of in change.options.items())
    return f"{change.do} ({options})" if options else change.do


def _confidence(column: ColumnPlan) -> Markup:
    share = max(0.0, min(column.confidence, 1.0))
    kind = "bar low" if share < 0.8 else "bar"
    fill = tag("i", style=f"width: {share * 100:.0f}%")
    by = f" {column.decided_by}" if column.decided_by else ""
    return join((tag("span", fill, class_=kind), f"{share:.2f}{by}"))


def timings(facts: Facts) -> Markup | None:
    """Return how long each part of the verification took."""
    if facts.verification is None:
        return None
    checks = sorted(facts.verification.checks, key=lambda check: -check.seconds)
    longest = max((check.seconds for check in checks), default=0.0) or 1.0
    rows = [
        (
            check.name,
            code(check.table) if check.table else "",
            f"{check.compared:,} {check.unit}",
            tag(
                "span",
                tag("i", style=f"width: {check.seconds / longest * 100:.0f}%"),
                class_="bar time",
            ),
            duration(check.seconds),
        )
        for check in checks
        if check.seconds >= longest / 1000
    ]
    return table(("Check", "Of", "Compared", "", "Time"), rows[:TOLD_MAX], numbers="  n n")


def rules(facts: Facts) -> Markup | None:
    """Return by which rules values count as alike."""
    return bullets(facts.verification.rules) if facts.verification else None
