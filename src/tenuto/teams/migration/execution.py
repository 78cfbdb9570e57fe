"""The layer that works: one range of a table, moved; when rows are refused, mended and moved on.

Each range is a session of its own. How far it is stands in the target, in the same transaction as
the rows: a session that is killed goes on there.

```text
move ──► done
 ▲ │ stopped
 │ ▼
 │ diagnose ──► recovery ──► mend ──► (three times in vain) ──► ask a person ─┐
 └───────────────────────────┴────────────────────────────────────────────────┘
```
"""

import time
from contextlib import closing
from typing import Any, Final

import msgspec

import tenuto
from tenuto import RetryPolicy, Workflow, body
from tenuto.teams.migration import agents
from tenuto.teams.migration.failing import told
from tenuto.teams.migration.options import PATIENCE
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.recovery.fixes import QUARANTINE, Fix
from tenuto.teams.migration.recovery.mending import with_fixes
from tenuto.teams.migration.wire import from_json, to_json

ATTEMPTS_MAX: Final = 3
"""How often a range is mended before a person is asked."""
AWAY: Final = RetryPolicy(max_attempts=12, initial_ms=500, max_ms=30_000)
"""A server that restarts is waited for; some four minutes in all."""
RANGE_S_MAX: Final = "2d"
TOLD: Final = (
    "done",
    "skipped",
    "read",
    "rows",
    "quarantined",
    "seconds",
    "source_seconds",
    "target_seconds",
    "slowest_seconds",
    "batch_rows",
    "parts",
)
"""What is reported upward of a range; counts are of all its rounds, seconds of this one."""
LANES_MAX: Final = 32

_WORK: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Addresses, the plan of one table, the range, and whose checkpoints they are.",
}


def worker_workflow(model: str = "offline") -> Workflow:
    """Return the workflow of a worker: ranges, one after the other; its output is what came of
    each."""
    flow = Workflow(
        "migration-worker",
        version="1",
        description="Moves ranges of tables, one after the other.",
        inputs={"ranges": {"type": "array", "items": _WORK}},
        output="outputs.each",
    )
    each = body(workflow=range_workflow(model), inputs={"work": "item"})
    flow.node("each", map="inputs.ranges", do=each, concurrency=1)
    return flow


def range_workflow(model: str = "offline") -> Workflow:
    """Return the workflow of one range in one round; its output is `table` and `number` of the
    range, the `fixes` by which its plan was changed, and what `TOLD` names."""
    told_of = ", ".join(f"'{name}': outputs.move.{name}" for name in TOLD)
    flow = Workflow(
        "migration-range",
        version="1",
        description="Moves a range of a table; mends what its rows are refused for.",
        inputs={"work": _WORK},
        state={"fixes": "extend"},
        output="{'table': inputs.work.table, 'number': inputs.work.range.number, "
        f"'fixes': state.fixes, {told_of}}}",
    )
    work = {"work": "inputs.work", "fixes": "state.fixes"}
    flow.node("move", function=move, inputs=work, updates={}, retry=AWAY, timeout=RANGE_S_MAX)
    flow.node(
        "diagnose",
        function=diagnose,
        inputs={**work, "failure": "outputs.move.failure"},
        updates={},
        retry=AWAY,
    )
    given = {name: f"outputs.diagnose.{name}" for name in ("failure", "fixes", "order")}
    flow.node("recovery", agent=agents.recovery(model), inputs=given)
    given = {"fixes": "outputs.diagnose.fixes", "order": "outputs.recovery.order"}
    flow.node("mend", function=mend, inputs={**given, "tried": "state.fixes"})
    flow.node(
        "ask",
        approval="Rows of a table cannot be moved. Put them aside with their values and go on?",
        timeout=PATIENCE,
        on_expiry="deny",
    )
    flow.node("give_way", function=give_way, inputs={"said": "outputs.ask"})
    flow.switch("move", [("outputs.move.failure != null", "diagnose")])
    flow.edge("diagnose", "recovery").edge("recovery", "mend").edge("give_way", "move")
    flow.edge("ask", "give_way")
    return flow.switch("mend", [("size(outputs.mend.fixes) == 0", "ask")], default="move")


def move(ctx: tenuto.Context, work: dict[str, Any], fixes: list[dict[str, Any]]) -> dict[str, Any]:
    """Move the range from where it is, until its end or that of the round; return what came.

    Raises:
        Transient: a server is away.
        Escalatable: somebody has to do something outside: make room, permit something. Approved, it
            goes on where it is.
        Fatal: rows are refused, and that is to stop everything.
    """
    from tenuto.teams.migration import moving
    from tenuto.teams.migration.databases.addresses import open_database

    if not work["is_first"] and time.time() * 1000 >= work["until_ms"]:
        return {
            **dict.fromkeys(TOLD, 0),
            "parts": [],
            "done": False,
            "skipped": True,
            "failure": None,
        }
    plan, table, kept = _planned(work, fixes)
    plan = msgspec.structs.replace(plan, parallel=work["lanes"])
    load = moving.Load(
        migration=work["migration"],
        plan=plan,
        table=table,
        range=from_json(work["range"], moving.Range),
        until_ms=work["until_ms"],
        source_share=min(work["load"] / work["lanes"], 1.0),
    )
    if any(fix.quarantines for fix in kept):
        load = msgspec.structs.replace(load, bad_share_max=1.0)
    with (
        told(asks=True),
        closing(open_database(work["source"])) as source,
        closing(open_database(work["target"], writing=True)) as target,
    ):
        moved = moving.move(source, target, load)
    if moved.failure is not None:
        _raise_unless_mendable(moved.failure, table, stops=plan.table(table).on_error == "stop")
    return {
        "done": moved.failure is None and not moved.stopped,
        "skipped": False,
        "read": moved.read,
        "rows": moved.loaded,
        "quarantined": moved.quarantined,
        "seconds": moved.seconds,
        "source_seconds": moved.source_seconds,
        "target_seconds": moved.target_seconds,
        "slowest_seconds": moved.slowest_seconds,
        "batch_rows": moved.batch_rows,
        "parts": [to_json(part) for part in moved.parts],
        "failure": None if moved.failure is None else to_json(moved.failure),
    }


def diagnose(
    ctx: tenuto.Context,
    work: dict[str, Any],
    fixes: list[dict[str, Any]],
    failure: dict[str, Any],
) -> dict[str, Any]:
    """Return the fixes that help the sample of rows, the best first."""
    from tenuto.teams.migration.moving import Failure
    from tenuto.teams.migration.recovery.trying import fixes_for

    plan, table, _ = _planned(work, fixes)
    found = from_json(failure, Failure)
    tried = {fix["name"] for fix in [*work["fixes"], *fixes]}
    helpful = fixes_for(plan, table, found, known=work["known"])
    ranked = [fix for fix in helpful if fix.name not in tried]
    told_of = {name: failure.get(name) for name in ("what", "message", "column", "reasons")}
    ctx.note("diagnosis", {**told_of, "fixes": [fix.name for fix in ranked]})
    return {
        "failure": {**told_of, "table": table},
        "fixes": [to_json(fix) for fix in ranked],
        "order": [],
    }


def mend(
    ctx: tenuto.Context,
    fixes: list[dict[str, Any]],
    order: list[dict[str, Any]],
    tried: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the fix to go on with, if one is left: what Recovery would use first, of those that
    help."""
    helping = {fix["name"]: fix for fix in fixes}
    wanted = [one["name"] for one in order if one["name"] in helping]
    names = list(dict.fromkeys([*wanted, *helping]))
    if not names or len(tried) >= ATTEMPTS_MAX:
        return {"fixes": []}
    ctx.note("fix", helping[names[0]])
    return {"fixes": [helping[names[0]]]}


def give_way(ctx: tenuto.Context, said: dict[str, Any]) -> dict[str, Any]:
    """Return the fix that a person agreed to.

    Raises:
        Fatal: they did not.
    """
    if not said["approved"]:
        raise tenuto.Fatal(
            "Rows of a table cannot be moved, and are not to be put aside. Mend them in the "
            "source, or edit the plan, and start again.",
            code="rows_refused",
        )
    return {"fixes": [to_json(QUARANTINE)]}


def _planned(work: dict[str, Any], fixes: list[dict[str, Any]]) -> tuple[Plan, str, list[Fix]]:
    kept = [from_json(fix, Fix) for fix in [*work["fixes"], *fixes]]
    return with_fixes(from_json(work["plan"], Plan), work["table"], kept), work["table"], kept


def _raise_unless_mendable(failure: Any, table: str, *, stops: bool) -> None:
    message = f"Table {table!r}: {failure.message}"
    if failure.severity == "transient":
        raise tenuto.Transient(message, code=failure.what)
    if failure.severity in ("escalatable", "fatal"):
        raise tenuto.Escalatable(message, code=failure.what)
    if stops:
        raise tenuto.Fatal(message, code=failure.what)
