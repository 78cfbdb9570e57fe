"""The report as one page that stands alone: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tenuto.teams.migration.report import parts
from tenuto.teams.migration.report.drawing import source_drawing, target_drawing
from tenuto.teams.migration.report.facts import SYSTEMS, Facts, facts_from
from tenuto.teams.migration.report.marking import Markup, bullets, code, join, tag
from tenuto.teams.migration.report.outcome import account, outcome, plural
from tenuto.teams.migration.report.style import STYLE

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Whatever a database holds: the page loads nothing and runs nothing."""


def html(given: Facts | Mapping[str, Any]) -> str:
    """Return the page."""
    facts = facts_from(given)
    title = f"Migration of {facts.plan.source} to {facts.plan.target}"
    sections = [
        ("outcome", "Proven and not proven", _exits(facts)),
        ("tables", "Tables", parts.tables(facts)),
        ("differences", "Differences", parts.differences(facts)),
        ("queries", "Queries", parts.queries(facts)),
        ("quarantine", "Rows put aside", parts.quarantine(facts)),
        ("happened", "While rows were moved", parts.happened(facts)),
        ("decisions", "Decisions", parts.decisions(facts)),
        ("mapping", "Mapping", parts.mapping(facts)),
        ("diagrams", "Diagrams", _diagrams(facts)),
        ("timings", "Timings", parts.timings(facts)),
        ("rules", "What counts as alike", parts.rules(facts)),
    ]
    there = [section for section in sections if section[2] is not None]
    links = tag(
        "nav", *(tag("a", name, href=f"#{id}") for id, name, _ in there), aria_label="Parts"
    )
    body = join(tag("section", tag("h2", name, id=id), inner) for id, name, inner in there)
    head = join(
        (
            Markup('<meta charset="utf-8">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
            tag("title", title),
            tag("style", Markup(STYLE)),
        )
    )
    main = tag("main", _top(facts), _facts(facts), links, body, _foot(facts))
    whole = tag("html", tag("head", head), tag("body", main), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _top(facts: Facts) -> Markup:
    plan = facts.plan
    word, kind = (
        ("Verified", "good")
        if facts.verified
        else ("Taken as it is", "odd")
        if facts.accepted
        else ("Not verified", "bad")
    )
    systems = f"{SYSTEMS[plan.source_system]} to {SYSTEMS[plan.target_system]}"
    return tag(
        "header",
        tag("p", f"Migration report · revision {plan.revision} of the plan", class_="over"),
        tag("h1", systems),
        tag("p", code(plan.source), " → ", code(plan.target), class_="way"),
        tag("div", tag("strong", word), tag("p", account(facts)), class_=f"verdict {kind}"),
    )


def _facts(facts: Facts) -> Markup:
    counts = facts.verification.counts if facts.verification else {}
    queries = facts.verification.queries if facts.verification else ()
    asked = [query for query in queries if query.answer != "skipped"]
    good = sum(query.answer != "defect" for query in asked)
    cells: list[tuple[str, str, str | None]] = [
        (f"{facts.rows:,}", "rows moved", None),
        (f"{len(facts.plan.tables):,}", "tables", None),
        (f"{facts.quarantined:,}", "rows put aside", "odd" if facts.quarantined else None),
    ]
    if facts.verification:
        defects = counts.get("defect", 0)
        cells.append((f"{defects:,}", "defects", "bad" if defects else None))
        if asked:
            cells.append((f"{good:,} of {len(asked):,}", "queries alike or explained", None))
        cells.append((parts.duration(facts.verification.seconds), "to verify it", None))
    inner = [
        tag("div", tag("b", number), tag("span", name), class_=f"fact {kind or ''}".strip())
        for number, name, kind in cells
    ]
    return tag("div", *inner, class_="facts")


def _exits(facts: Facts) -> Markup:
    found = outcome(facts)
    return tag(
        "div",
        tag(
            "div",
            tag("h3", "Proven"),
            bullets(found.proven, empty="Nothing."),
            class_="exit good",
        ),
        tag(
            "div",
            tag("h3", "Not proven"),
            bullets(found.not_proven, empty="Nothing is left open."),
            class_="exit bad" if not facts.verified else "exit",
        ),
        tag(
            "div",
            tag("h3", "For a person to decide"),
            bullets(found.to_decide, empty="Nothing."),
            class_="exit odd" if found.to_decide else "exit",
        ),
        class_="exits",
    )


def _diagrams(facts: Facts) -> Markup:
    plan = facts.plan
    return join(
        (
            tag(
                "p",
                "A filled mark is a primary key, an open one a foreign key; a line leads to the "
                "table that is named.",
                class_="quiet",
            ),
            tag("h3", f"Source: {SYSTEMS[plan.source_system]}"),
            tag("div", source_drawing(facts), class_="plot", tabindex="0"),
            tag("h3", f"Target: {SYSTEMS[plan.target_system]}"),
            tag("div", target_drawing(facts), class_="plot", tabindex="0"),
        )
    )


def _foot(facts: Facts) -> Markup:
    schema = facts.annotated.schema
    text = (
        f"Source: {SYSTEMS[schema.system]} {schema.version}, {plural(len(schema.tables), 'table')}."
    )
    return tag("footer", text)
