"""What the conductor does: checks, asks, hands out work, builds what stands on the rows, judges."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

import tenuto
from tenuto.teams.migration.databases.bookkeeping import TAKEN_BACK
from tenuto.teams.migration.databases.port import DatabaseError
from tenuto.teams.migration.directing import Standing, begun
from tenuto.teams.migration.failing import told
from tenuto.teams.migration.limits import deadline_from, window_from
from tenuto.teams.migration.options import options_from
from tenuto.teams.migration.permitting import check_permitted
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.recovery.fixes import Fix
from tenuto.teams.migration.recovery.mending import with_fixes
from tenuto.teams.migration.schema import Annotated
from tenuto.teams.migration.wire import from_json, to_json

SHOWN_MAX: Final = 20
"""Differences that a message names."""
_ONTO: Final = {
    True: "The plan fills tables that the target has already (`onto`): say so with "
    "--onto-existing (the input `onto`). Nothing was written.",
    False: "The plan makes the tables of the target anew, and was to fill what it has (`onto`): "
    "make a plan with --onto-existing. Nothing was written.",
}


def check(ctx: tenuto.Context, given: dict[str, Any]) -> dict[str, Any]:
    """Return what answers at both addresses; nothing is written. A dry run needs no target.

    Raises:
        Fatal: one cannot be reached, refuses us, may not be used, or the target is not empty; or a
            window or deadline is none.
    """
    from tenuto.teams.migration.databases.addresses import open_database, redacted

    options = options_from(given)
    try:
        window_from(options.window)
        deadline_from(options.deadline, 0)
    except ValueError as error:
        raise tenuto.Fatal(str(error), code="limit_wrong") from error
    with told():
        check_permitted(options)
    with told(), closing(open_database(options.source)) as source:
        source.query("SELECT 1")
    there: list[str] = []
    if not options.dry_run:
        with told(), closing(open_database(options.target, writing=True)) as target:
            tables = [table.name for table in target.describe().tables]
            there = [name for name in tables if name != TAKEN_BACK]
    if options.onto and not there and not options.dry_run:
        raise tenuto.Fatal(
            f"The target {redacted(options.target)} has no tables that could be filled. Leave "
            "--onto-existing (the input `onto`) out, and they are made.",
            code="target_empty",
        )
    if there and not options.onto:
        raise tenuto.Fatal(
            f"The target {redacted(options.target)} is not empty: it has {len(there)} tables, "
            f"among them {', '.join(map(repr, there[:3]))}. Name an empty database, or empty it; "
            "or have its tables filled, with --onto-existing (the input `onto`).",
            code="target_not_empty",
        )
    return {"source": redacted(options.source), "target": redacted(options.target)}


def settle(
    ctx: tenuto.Context, plan: dict[str, Any], annotated: dict[str, Any], said: Any
) -> dict[str, Any]:
    """Return the plan with what a person said of it, and whether it may be carried out.

    A plan that is wrong, or questions that are still open, are asked about again; why is in
    `message`.
    """
    from tenuto.teams.migration import planfile
    from tenuto.teams.migration.plan_diff import diff
    from tenuto.teams.migration.resolver import BadAnswer, resolve

    now, message = from_json(plan, Plan), ""
    data = said.get("data") or {}
    if said["approved"] and data.get("plan"):
        try:
            edited = planfile.load(data["plan"])
        except ValueError as error:
            return {"plan": plan, "next": "ask", "message": f"The plan is wrong: {error}"}
        ctx.note("plan_edited", {"by": said["by"], "changes": diff(now, edited)})
        now = msgspec.structs.replace(edited, revision=now.revision + 1)
    if said["approved"] and data.get("answers"):
        try:
            now = resolve(now, from_json(annotated, Annotated), answers=data["answers"])
        except BadAnswer as error:
            return {"plan": plan, "next": "ask", "message": f"An answer is wrong: {error}"}
        now = msgspec.structs.replace(now, revision=now.revision + 1)
    is_open = [question.id for question in now.questions if question.answer is None]
    if said["approved"] and is_open:
        message = f"Still to be answered: {', '.join(is_open)}."
    ctx.note("plan", {"revision": now.revision, "approved": said["approved"], "by": said["by"]})
    following = "stop" if not said["approved"] else "ask" if is_open else "go"
    return {"plan": to_json(now), "next": following, "message": message}


def tell(ctx: tenuto.Context, plan: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the plan of a dry run, as YAML too; nothing was written."""
    from tenuto.teams.migration import planfile

    return {"plan": plan, "yaml": planfile.dump(from_json(plan, Plan))}


def give_up(ctx: tenuto.Context, said: dict[str, Any]) -> None:
    """End the session, whose plan nobody wants.

    Raises:
        Fatal: always.
    """
    why = f": {said['note']}" if said.get("note") else ""
    raise tenuto.Fatal(
        f"The plan was not approved{why}. Nothing was written to the target.", code="plan_denied"
    )


def begin(ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Write down in the target what will be made there, so that it can be taken back; return under
    which name.

    Raises:
        Fatal: the plan does not fit the target; nothing was written.
    """
    from tenuto.teams.migration import existing, moving
    from tenuto.teams.migration.databases.addresses import open_database

    options, now = options_from(given), from_json(plan, Plan)
    if now.onto != options.onto:
        raise tenuto.Fatal(_ONTO[now.onto], code="plan_wrong")
    with told(asks=True), closing(open_database(options.target, writing=True)) as target:
        if now.onto:
            existing.ready(target, now, ctx.session_id)
        moving.intend(target, ctx.session_id, now)
    return {"migration": ctx.session_id}


def roll_back(ctx: tenuto.Context, output: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Take the migration back, where that is wished, when its session fails.

    Raises:
        Transient: the target is away.
        Fatal: it refuses; the verb `rollback` goes on where it was.
    """
    from tenuto.teams.migration import moving
    from tenuto.teams.migration.databases.addresses import open_database

    options = options_from(inputs["given"])
    if options.on_failure != "roll_back":
        return
    try:
        with closing(open_database(options.target, writing=True)) as target:
            undone = moving.take_back(target, output["migration"])
    except DatabaseError as error:
        why = f"{error} Go on with: tenuto migration rollback TARGET."
        ctx.note("not_taken_back", {"why": why})
        with told():
            raise
    ctx.note("taken_back", to_json(undone))


def prepare(
    ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any], started_ms: int
) -> dict[str, Any]:
    """Make the tables, without what stands on their rows; return where the migration stands, and
    what is known of fixes."""
    from tenuto.teams.migration import ddl, existing, moving
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.moving import kept

    options, now = options_from(given), from_json(plan, Plan)
    with (
        told(asks=True),
        closing(open_database(options.source)) as source,
        closing(open_database(options.target, writing=True)) as target,
    ):
        moving.prepare(target)
        # How far the source is, before the first row is read.
        kept.keep(target, ctx.session_id, now, kept.marks_of(source, now))
        moving.expect(target, ctx.session_id, now.tables)
        if now.onto:
            existing.set_keys_aside(target, now)
        for statement in ddl.prepare(now):
            if not (statement.unless and target.query(statement.unless).rows):
                moving.make(target, ctx.session_id, statement)
        ranges = [
            (table.name, one)
            for table in now.tables
            for one in moving.ranges_of(source, now, table)
        ]
    deadline_ms = deadline_from(options.deadline, started_ms)
    return {"standing": to_json(begun(now, ranges, deadline_ms)), "known": _known_fixes()}


def _known_fixes() -> dict[str, int]:
    """Return what the library knows of fixes. It is a help, and no more: without it, nothing."""
    from tenuto.teams.migration.learning.library import Library

    with suppress(sqlite3.Error, OSError):
        return {text: count for text, count in Library().known().items() if text[:4] == "fix "}
    return {}


def collect(ctx: tenuto.Context, plan: dict[str, Any], standing: dict[str, Any]) -> dict[str, Any]:
    """Return what was moved, table by table, and the plan as it was in the end."""
    now, stands = from_json(plan, Plan), from_json(standing, Standing)
    applied: list[dict[str, Any]] = []
    for table, fixes in stands.fixes.items():
        now = with_fixes(now, table, [from_json(fix, Fix) for fix in fixes])
        applied += [{"table": table, "fix": fix} for fix in fixes]
    told_of = to_json(stands)
    return {
        "moved": told_of.get("moved", {}),
        "fixes": applied,
        "plan": to_json(now),
        "happened": told_of.get("told", []),
    }


def build(ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Build what stands on the rows: indexes, constraints, counters, views; return what was built,
    which rows had to give way, and what could not be.

    Doing it again finds what is there.
    """
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.moving import kept
    from tenuto.teams.migration.recovery.building import build_all

    options, now = options_from(given), from_json(plan, Plan)
    with told(asks=True), closing(open_database(options.target, writing=True)) as target:
        # As it was in the end, with what was mended on the way.
        kept.keep(target, ctx.session_id, now)
        built = build_all(target, now, migration=ctx.session_id, on_error=options.on_error)
    for fault in built.unbuilt:
        ctx.note("unbuilt", to_json(fault))
    built_json: dict[str, Any] = to_json(built)
    return built_json


def verify(ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Return what KORA found, and the differences that are to be explained."""
    from tenuto.teams.migration import kora
    from tenuto.teams.migration.databases.addresses import open_database

    options, now = options_from(given), from_json(plan, Plan)
    with (
        told(asks=True),
        closing(open_database(options.source)) as source,
        closing(open_database(options.target, writing=True)) as target,
    ):
        workload = kora.workload_from(options.workload) if options.workload else ()
        found = kora.verify(source, target, now, workload=workload)
    defects = [to_json(one) for one in found.differences if one.verdict == "defect"]
    for one in defects[:SHOWN_MAX]:
        ctx.note("defect", one)
    return {
        "verification": to_json(found),
        "verified": found.verified,
        "defects": found.defects,
        "differences": defects[:SHOWN_MAX],
        "explanations": [],
        "advice": "mend",
        "reason": _reason(found.counts.get("defect", 0), now),
    }


def _reason(defects: int, plan: Plan) -> str:
    lost = "the source is as it was" if not plan.onto else "the target had its tables before"
    return f"{defects:,} defects; nothing is lost by mending them and starting again: {lost}."


def extract(
    ctx: tenuto.Context,
    plan: dict[str, Any],
    annotated: dict[str, Any],
    fixes: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return what a verified migration could teach."""
    from tenuto.teams.migration.learning.patterns import patterns_of

    helped = [(one["table"], from_json(one["fix"], Fix)) for one in fixes]
    found = patterns_of(from_json(plan, Plan), from_json(annotated, Annotated), helped)
    return {"patterns": [to_json(pattern) for pattern in found]}


def learn(
    ctx: tenuto.Context, found: list[dict[str, Any]], kept: list[dict[str, Any]], tenant: str
) -> dict[str, Any]:
    """Return what of it is in the library now: what was found, and is to be kept."""
    from tenuto.teams.migration.learning.library import Library
    from tenuto.teams.migration.learning.patterns import Pattern

    # Nothing gets into the library that rules did not find.
    taught = [from_json(one, Pattern) for one in found if one in kept]
    Library().contribute(tenant, ctx.session_id, taught)
    return {"patterns": [pattern.text for pattern in taught]}


def finish(ctx: tenuto.Context, given: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Write the report, and return the proof.

    Raises:
        Fatal: the target is not proven to behave as the source, and nobody takes it as it is.
    """
    from tenuto.teams.migration import report

    options = options_from(given)
    if options.report:
        Path(options.report).write_text(report.html(facts), "utf-8")
    is_verified = facts["verification"]["verified"]
    if not (is_verified or facts["accepted"]):
        where = f" The report is in {options.report}." if options.report else ""
        raise tenuto.Fatal(f"{report.account(facts)}{where}", code="not_verified")
    return {
        "verified": is_verified,
        "accepted": facts["accepted"],
        "moved": facts["moved"],
        "built": facts["built"],
        "report": report.markdown(facts),
    }
