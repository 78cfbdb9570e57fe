"""Catching up: a target that was filled is brought to where its source is now, and proven again.

```text
check → begin → follow → build → verify ─► finish
                  ▲                 │
                  └─────────────────┘ (rows differ of tables that were followed by marks alone)
```

The plan that was carried out, and how far the source was when that began, are in the target. A
table whose key grows, or whose rows tell when they were changed, is followed by these; where the
proof then finds rows that differ (deleted ones, say), and for all other tables, both sides are
compared.
"""

import datetime
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

import tenuto
from tenuto import Team, Workflow
from tenuto.teams.migration.execution import AWAY
from tenuto.teams.migration.failing import told
from tenuto.teams.migration.options import INPUTS, Options
from tenuto.teams.migration.permitting import check_permitted
from tenuto.teams.migration.plan import Plan, TablePlan
from tenuto.teams.migration.schema import Annotated, Schema
from tenuto.teams.migration.wire import from_json, to_json

DESCRIPTION: Final = (
    "Brings a target that was filled to where its source is now, by the plan that was carried out, "
    "and proves it again."
)
OVERLAP: Final = 300
"""Seconds before the latest moment of the snapshot from which rows are looked at again: clocks and
long transactions are late."""
LASTS: Final = "2d"

_INPUTS: Final[dict[str, Any]] = {
    **{name: INPUTS[name] for name in ("source", "target", "workload", "report")},
    "plan": {
        "type": "string",
        "default": "",
        "description": "A plan as YAML, in place of the one that the target keeps.",
    },
    "by": {
        "enum": ["marks", "comparison"],
        "default": "marks",
        "description": "What tells which rows changed: keys that grow and moments of changes, "
        "where tables have them; or a comparison of all rows.",
    },
    "overlap": {
        "type": "integer",
        "minimum": 0,
        "default": OVERLAP,
        "description": "Seconds before the latest moment of the snapshot that are looked at again.",
    },
}


class CatchUp(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of a session."""

    source: str
    target: str
    workload: str = ""
    report: str = ""
    plan: str = ""
    by: str = "marks"
    overlap: int = OVERLAP


def catch_up_workflow() -> Workflow:
    """Return the workflow; its output is `verified`, what became of each table, and the report."""
    flow = Workflow(
        "migration-catch-up",
        version="1",
        description=DESCRIPTION,
        inputs=_INPUTS,
        state={"plan": "replace", "thorough": ("replace", False)},
        output="outputs.finish",
    )
    given = {"given": "inputs", "plan": "state.plan"}
    flow.node("check", function=check, inputs={"given": "inputs"}, retry=AWAY)
    flow.node("begin", function=begin, inputs=given, retry=AWAY)
    follow_of = {**given, "begun": "outputs.begin", "thorough": "state.thorough"}
    flow.node("follow", function=follow, inputs=follow_of, retry=AWAY, timeout=LASTS)
    flow.node("build", function=build, inputs=given, retry=AWAY, timeout=LASTS)
    proof = {**given, "followed": "outputs.follow"}
    flow.node("verify", function=verify, inputs=proof, retry=AWAY, timeout=LASTS)
    facts = "{'followed': outputs.follow, 'built': outputs.build, 'proof': outputs.verify}"
    ended = {**given, "begun": "outputs.begin", "facts": facts}
    flow.node("finish", function=finish, inputs=ended, retry=AWAY)
    flow.edge("check", "begin").edge("begin", "follow").edge("follow", "build")
    flow.edge("build", "verify")
    return flow.switch("verify", [("outputs.verify.thorough", "follow")], default="finish")


def check(ctx: tenuto.Context, given: dict[str, Any]) -> dict[str, Any]:
    """Return the plan by which the target was filled; nothing is written.

    Raises:
        Fatal: a database cannot be used, or no plan is known.
    """
    from tenuto.teams.migration.databases.addresses import open_database, redacted
    from tenuto.teams.migration.moving.kept import kept

    asked = msgspec.convert(given, CatchUp)
    with told():
        check_permitted(
            Options(
                source=asked.source,
                target=asked.target,
                report=asked.report,
                workload=asked.workload,
            )
        )
    with (
        told(),
        closing(open_database(asked.source)) as source,
        closing(open_database(asked.target, writing=True)) as target,
    ):
        source.query("SELECT 1")
        known = kept(target)
        there = {table.name for table in target.describe().tables}
    if asked.plan:
        from tenuto.teams.migration.cognition import plan_from

        plan = plan_from(asked.plan)
    elif known is not None:
        plan = known.plan
    else:
        raise tenuto.Fatal(
            f"The target {redacted(asked.target)} keeps no plan: no migration has filled it, or an "
            "older one. Give the plan by which it was filled, with --plan.",
            code="no_plan",
        )
    missing = [table.name for table in plan.tables if table.name not in there]
    if missing:
        raise tenuto.Fatal(
            f"The target {redacted(asked.target)} has no table {missing[0]!r}, which the plan "
            "fills: the migration has not come so far. Resume it first.",
            code="plan_wrong",
        )
    return {"plan": to_json(plan)}


def begin(ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Return which rows of which tables were changed, by the marks of the snapshot, and the marks
    of now."""
    from tenuto.teams.migration import moving
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.moving import kept

    asked, now = msgspec.convert(given, CatchUp), from_json(plan, Plan)
    with (
        told(asks=True),
        closing(open_database(asked.source)) as source,
        closing(open_database(asked.target, writing=True)) as target,
    ):
        before = kept.kept(target)
        marks = kept.marks_of(source, now)
        moving.prepare(target)
        moving.expect(target, ctx.session_id, now.tables)
        wheres = {}
        if asked.by == "marks" and before is not None:
            overlap = datetime.timedelta(seconds=asked.overlap)
            for table in now.tables:
                mark = before.marks.get(table.name, kept.Mark())
                where = kept.changed_since(source.system, mark, overlap)
                if where is not None:
                    wheres[table.name] = where
    return {"wheres": wheres, "marks": msgspec.to_builtins(marks)}


def follow(
    ctx: tenuto.Context,
    given: dict[str, Any],
    plan: dict[str, Any],
    begun: dict[str, Any],
    thorough: bool,
) -> dict[str, Any]:
    """Return what became of each table; after a death it goes on behind its last checkpoint.
    Foreign keys of the target wait meanwhile."""
    from tenuto.teams.migration import existing
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.moving.following import Following
    from tenuto.teams.migration.moving.following import follow as bring

    asked, now = msgspec.convert(given, CatchUp), from_json(plan, Plan)
    wheres = {} if thorough else begun["wheres"]
    tables: dict[str, Any] = {}
    with (
        told(asks=True),
        closing(open_database(asked.source)) as source,
        closing(open_database(asked.target, writing=True)) as target,
    ):
        existing.set_keys_aside(target, now)
        for table in now.tables:
            one = Following(
                migration=ctx.session_id,
                plan=now,
                table=table.name,
                where=wheres.get(table.name),
            )
            done = bring(source, target, one)
            tables[table.name] = {
                "by": "marks" if table.name in wheres else "comparison",
                "deleted": done.deleted,
                "rows": done.loaded,
                "quarantined": done.quarantined,
                "seconds": 0.0,
            }
    return {"tables": tables}


def build(ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Put foreign keys back and let counters go on; return which rows had to give way, the plan as
    it is now, and what could not be built."""
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.recovery.building import build_all

    asked, now = msgspec.convert(given, CatchUp), from_json(plan, Plan)
    with (
        told(asks=True),
        closing(open_database(asked.source)) as source,
        closing(open_database(asked.target, writing=True)) as target,
    ):
        now = counting_on(now, source.describe())
        built = build_all(target, now, migration=ctx.session_id, on_error="quarantine", again=True)
    for fault in built.unbuilt:
        ctx.note("unbuilt", to_json(fault))
    return {**to_json(built), "plan": to_json(now)}


def counting_on(plan: Plan, source: Schema) -> Plan:
    """Return the plan with what the counters of a source give next by now."""
    given = {(one.table, one.column): one.next for one in source.sequences}

    def on(table: TablePlan) -> TablePlan:
        columns = tuple(
            msgspec.structs.replace(column, next=given.get((table.source, column.source)))
            if column.counts and (table.source, column.source) in given
            else column
            for column in table.columns
        )
        return msgspec.structs.replace(table, columns=columns)

    return msgspec.structs.replace(plan, tables=tuple(on(table) for table in plan.tables))


def verify(
    ctx: tenuto.Context, given: dict[str, Any], plan: dict[str, Any], followed: dict[str, Any]
) -> dict[str, Any]:
    """Return what KORA found, and whether rows of tables that were followed by marks differ: these
    are to be compared."""
    from tenuto.teams.migration import kora
    from tenuto.teams.migration.databases.addresses import open_database

    asked, now = msgspec.convert(given, CatchUp), from_json(plan, Plan)
    with (
        told(asks=True),
        closing(open_database(asked.source)) as source,
        closing(open_database(asked.target, writing=True)) as target,
    ):
        workload = kora.workload_from(asked.workload) if asked.workload else ()
        found = kora.verify(source, target, now, workload=workload)
    marked = any(table["by"] == "marks" for table in followed["tables"].values())
    return {
        "verification": to_json(found),
        "verified": found.verified,
        "thorough": marked and not found.verified,
    }


def finish(
    ctx: tenuto.Context,
    given: dict[str, Any],
    plan: dict[str, Any],
    begun: dict[str, Any],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Keep how far the source was, write the report, and return the proof.

    Raises:
        Fatal: the target is not proven to behave as the source.
    """
    from tenuto.teams.migration import report
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.moving import kept

    asked, now = msgspec.convert(given, CatchUp), from_json(plan, Plan)
    proof, tables = facts["proof"], facts["followed"]["tables"]
    with (
        told(asks=True),
        closing(open_database(asked.source)) as source,
        closing(open_database(asked.target, writing=True)) as target,
    ):
        annotated = Annotated(schema=source.describe(), columns={})
        if proof["verified"]:
            marks = msgspec.convert(begun["marks"], dict[str, kept.Mark])
            kept.keep(target, ctx.session_id, now, marks)
    told_of = {
        "plan": plan,
        "annotated": to_json(annotated),
        "moved": tables,
        "built": facts["built"],
        "verification": proof["verification"],
        "explanations": [],
        "accepted": False,
    }
    if asked.report:
        Path(asked.report).write_text(report.html(told_of), "utf-8")
    if not proof["verified"]:
        where = f" The report is in {asked.report}." if asked.report else ""
        raise tenuto.Fatal(f"{report.account(told_of)}{where}", code="not_verified")
    gone = {one["table"]: one["rows"] for one in facts["built"]["gave_way"]}
    return {
        "verified": True,
        "tables": tables,
        "gave_way": gone,
        "report": report.markdown(told_of),
    }


team = Team(name="migration-catch-up", description=DESCRIPTION, workflow=catch_up_workflow())
