"""The layer that thinks: from a database to a plan. It reads the source, and writes nothing."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any, Final

import msgspec

import tenuto
from tenuto import Workflow
from tenuto.teams.migration import agents, architect
from tenuto.teams.migration.failing import told
from tenuto.teams.migration.options import Options, options_from
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Annotated, Meaning
from tenuto.teams.migration.wire import from_json, to_json

DOUBTS_MAX: Final = 60
"""Columns that a model is asked about at most; the least certain first."""
ADOPTED_MAX: Final = 0.95
"""No opinion of a model counts for more."""


def planning_workflow(model: str = "offline") -> Workflow:
    """Return the workflow; its output is `plan`, `open`, how many of its questions are, and
    `annotated`, the schema with its notes."""
    flow = Workflow(
        "migration-plan",
        version="1",
        description="Looks at a database and plans how it is moved.",
        inputs={"given": "object"},
        state={"plan": "replace"},
        output="{'plan': state.plan, 'open': outputs.resolve.open, "
        "'annotated': outputs.annotate.annotated}",
    )
    given = {"given": "inputs.given"}
    flow.node("survey", function=survey, inputs=given)
    doubts = {name: f"outputs.survey.{name}" for name in ("columns", "opinions")}
    flow.node("scout", agent=agents.scout(model), inputs=doubts)
    flow.node(
        "annotate",
        function=annotate,
        inputs={"annotated": "outputs.survey.annotated", "opinions": "outputs.scout.opinions"},
    )
    annotated = {"annotated": "outputs.annotate.annotated", **given}
    flow.node("draft", function=plan, inputs=annotated)
    drawn = {name: f"outputs.draft.{name}" for name in ("tables", "amendments")}
    flow.node("architect", agent=agents.architect(model), inputs=drawn)
    drawn = {"plan": "outputs.draft.plan", "amendments": "outputs.architect.amendments"}
    flow.node("amend", function=amend, inputs={**drawn, **given})
    doubts = {name: f"outputs.draft.{name}" for name in ("questions", "answers")}
    flow.node("resolver", agent=agents.resolver(model), inputs=doubts)
    settled = {"plan": "outputs.amend.plan", "answers": "outputs.resolver.answers"}
    flow.node("resolve", function=resolve, inputs={**annotated, **settled})
    for source, target in pairwise(
        ("survey", "scout", "annotate", "draft", "architect", "amend", "resolver", "resolve")
    ):
        flow.edge(source, target)
    return flow


def survey(ctx: tenuto.Context, given: dict[str, Any]) -> dict[str, Any]:
    """Return the annotated schema of the source, and the columns whose meaning is in doubt.

    Raises:
        Fatal: it cannot be read, or a table that was named is not there.
        Transient: it is away.
    """
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.scout import survey as look

    options = options_from(given)
    with told(), closing(open_database(options.source)) as source:
        found = look(source, tables=options.tables or None, exclude=options.exclude)
    for name, notes in found.columns.items():
        if notes.meaning.personal:
            ctx.note("personal_data", {"column": name, "semantic": notes.meaning.semantic})
    return {
        "annotated": to_json(found),
        "columns": _doubts(found, options.threshold),
        "opinions": [],
    }


def annotate(
    ctx: tenuto.Context, annotated: dict[str, Any], opinions: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the schema with the opinions that its data do not contradict."""
    found = from_json(annotated, Annotated)
    columns = dict(found.columns)
    for opinion in opinions:
        notes = columns.get(opinion["column"])
        if notes is None or opinion["confidence"] <= notes.meaning.confidence:
            continue
        meaning = Meaning(
            semantic=opinion["semantic"],
            confidence=min(opinion["confidence"], ADOPTED_MAX),
            evidence=(*notes.meaning.evidence, f"A model says: {opinion['reason']}"),
            # What the values are is seen in the values, and no model is believed on that.
            kind=notes.meaning.kind,
            personal=notes.meaning.personal,
        )
        columns[opinion["column"]] = msgspec.structs.replace(notes, meaning=meaning)
        ctx.note("opinion", opinion)
    return {"annotated": to_json(msgspec.structs.replace(found, columns=columns))}


def plan(ctx: tenuto.Context, annotated: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return a plan, its tables in short, and what in it is in doubt.

    Raises:
        Fatal: an option names what is not there, or the plan that was given is wrong.
    """
    from tenuto.teams.migration.databases.addresses import system_of
    from tenuto.teams.migration.resolver import resolve as settle

    options, found = options_from(given), from_json(annotated, Annotated)
    if options.plan:
        made = plan_from(options.plan)
    else:
        with told(), _as_asked():
            made = architect.make_plan(
                found,
                target_system=system_of(options.target),
                source=options.source,
                target=options.target,
                options=_asked(options),
            )
            made = _onto(made, found, options) if options.onto else made
    made = settle(made, found, answers={})
    ctx.note("plan", {"revision": made.revision, "tables": len(made.tables)})
    return {
        "plan": to_json(made),
        "tables": architect.summary(made),
        "amendments": [],
        "questions": _open_questions(made),
        "answers": [],
    }


def amend(
    ctx: tenuto.Context,
    plan: dict[str, Any],
    amendments: list[dict[str, Any]],
    given: dict[str, Any],
) -> dict[str, Any]:
    """Return the plan with the amendments that its data allow; one that a person wrote stays."""
    if not amendments or options_from(given).plan:
        return {"plan": plan}
    changed, refused = architect.amended(from_json(plan, Plan), amendments)
    for one in amendments:
        ctx.note("amendment_refused" if one in refused else "amendment", one)
    return {"plan": to_json(changed)}


def resolve(
    ctx: tenuto.Context,
    annotated: dict[str, Any],
    plan: dict[str, Any],
    answers: list[dict[str, Any]],
    given: dict[str, Any],
) -> dict[str, Any]:
    """Return the plan with the answers of the resolver that are sure enough."""
    from tenuto.teams.migration.resolver import resolve as settle

    threshold = options_from(given).threshold
    sure = {one["id"]: one["answer"] for one in answers if one["confidence"] >= threshold}
    for one in answers:
        ctx.note("answer", one)
    settled = from_json(plan, Plan)
    if sure:
        settled = settle(settled, from_json(annotated, Annotated), answers=sure, by="model")
    return {"plan": to_json(settled), "open": len(_open_questions(settled))}


def plan_from(text: str) -> Plan:
    """Return the plan that a person wrote.

    Raises:
        Fatal: with everything that is wrong in it, and where.
    """
    from tenuto.teams.migration import planfile

    try:
        return planfile.load(text)
    except ValueError as error:
        raise tenuto.Fatal(f"The plan is wrong: {error}", code="plan_wrong") from error


def _onto(plan: Plan, found: Annotated, options: Options) -> Plan:
    """Return the plan that fills what the target has.

    Raises:
        Fatal: a table that would be filled has rows, or nothing of the target can be filled.
        DatabaseError: the target cannot be read.
    """
    from tenuto.teams.migration import existing
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.matching import planned_onto

    with closing(open_database(options.target)) as target:
        made = planned_onto(plan, found, target, exclude=options.exclude)
        rows = [] if options.dry_run else existing.filled(target, made)
    if not made.tables:
        raise tenuto.Fatal(
            "Nothing of the source is like a table of the target: there is nothing to be filled.",
            code="nothing_to_move",
        )
    existing.check_empty(rows)
    return made


def _asked(options: Options) -> architect.Options:
    return architect.Options(
        tables=options.tables,
        exclude=options.exclude,
        where=options.where,
        names=options.names,
        parallel=options.parallel,
        rate_limit=options.rate_limit or None,
        on_error=options.on_error,
        masks=options.mask,
        threshold=options.threshold,
    )


@contextmanager
def _as_asked() -> Iterator[None]:
    """Raise that nothing is left to be moved as a failure for good."""
    try:
        yield
    except architect.NothingToMove as error:
        raise tenuto.Fatal(str(error), code="nothing_to_move") from error


def _doubts(found: Annotated, threshold: float) -> list[dict[str, Any]]:
    doubtful = [
        (notes.meaning.confidence, name, notes)
        for name, notes in found.columns.items()
        if notes.meaning.confidence < threshold
    ]
    doubtful.sort(key=lambda one: one[:2])
    return [
        {
            "column": name,
            "profile": to_json(notes.profile),
            "semantic": notes.meaning.semantic,
            "evidence": list(notes.meaning.evidence),
        }
        for _, name, notes in doubtful[:DOUBTS_MAX]
        # Nobody outside is shown what people are called.
        if not notes.meaning.personal
    ]


def _open_questions(plan: Plan) -> list[dict[str, Any]]:
    return [to_json(question) for question in plan.questions if question.answer is None]
