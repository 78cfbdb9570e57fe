"""What the conductor does in each round: hands out work, measures what came, alerts people."""

import time
from contextlib import closing
from typing import Any, Final

import msgspec

import tenuto
from tenuto.teams.migration import directing
from tenuto.teams.migration.directing import Came, Open, Report, Standing
from tenuto.teams.migration.failing import told
from tenuto.teams.migration.limits import deadline_from, window_from
from tenuto.teams.migration.options import Options, options_from
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.wire import from_json, to_json

SPLITS_MAX: Final = 4
"""Ranges that are cut between two rounds."""
ASIDE_MIN: Final = 100
ASIDE_SHARE: Final = 0.01
"""People are told when more rows than both are put aside: so many, and this part of all."""


def direct(
    ctx: tenuto.Context,
    given: dict[str, Any],
    plan: dict[str, Any],
    standing: dict[str, Any],
    known: dict[str, int],
) -> dict[str, Any]:
    """Return the work of the next round, or why there is none now: `next` is `work`, `rest`, `late`
    or `done`.

    Raises:
        Transient: a server is away, and a range was to be cut.
    """
    options, now = options_from(given), from_json(plan, Plan)
    stands = from_json(standing, Standing)
    at_ms = _now_ms()
    if not stands.open:
        return _turn("done", stands)
    if stands.deadline_ms and at_ms >= stands.deadline_ms:
        ctx.note("alert", {"kind": "deadline_passed", "text": _late(stands)})
        return _turn("late", directing.telling(stands, "deadline_passed", _late(stands)))
    window = window_from(options.window)
    is_open, change_ms = window.until(at_ms) if window else (True, 0)
    if not is_open:
        ctx.note("resting", {"until_ms": change_ms, "window": options.window})
        stands = directing.telling(stands, "resting", f"The window {options.window} is closed.")
        return _turn("rest", stands, until_ms=change_ms)
    seconds = directing.round_s(stands, options.report_seconds)
    stands = _balanced(ctx, options, now, stands, seconds)
    if not stands.open:
        return _turn("done", stands)
    ends = [at_ms + round(seconds * 1000), change_ms, stands.deadline_ms]
    until_ms = min(end for end in ends if end)
    lanes = directing.lanes_of(stands, seconds, now)
    units = [
        [
            _unit(ctx, options, now, stands, one)
            | {
                "until_ms": until_ms,
                "is_first": not place,
                "known": known,
                "lanes": len(lanes),
            }
            for place, one in enumerate(lane)
        ]
        for lane in lanes
    ]
    return _turn("work", stands, until_ms=until_ms, lanes=units) | {"began_ms": at_ms}


def _turn(
    following: str, standing: Standing, *, until_ms: int = 0, lanes: list[Any] | None = None
) -> dict[str, Any]:
    return {
        "next": following,
        "standing": to_json(standing),
        "until_ms": until_ms,
        "lanes": lanes or [],
    }


def _now_ms() -> int:
    return round(time.time() * 1000)


def _late(standing: Standing) -> str:
    return f"The deadline has passed, and about {standing.left:,} rows are still to be moved."


def _unit(
    ctx: tenuto.Context, options: Options, plan: Plan, standing: Standing, one: Open
) -> dict[str, Any]:
    """Return the work on one range: complete in itself, and no larger than it must be."""
    table = plan.table(one.table)
    rows = standing.batch_rows.get(one.table, table.batch_rows)
    table = msgspec.structs.replace(table, batch_rows=rows)
    small = msgspec.structs.replace(plan, tables=(table,), views=(), left_out={}, questions=())
    return {
        "source": options.source,
        "target": options.target,
        "migration": ctx.session_id,
        "table": one.table,
        "plan": to_json(small),
        "range": to_json(one.range),
        "fixes": list(standing.fixes.get(one.table, ())),
        "load": options.max_source_load,
    }


def _balanced(
    ctx: tenuto.Context, options: Options, plan: Plan, standing: Standing, seconds: float
) -> Standing:
    """Return where it stands when what is left of large ranges was cut for workers without any."""
    from tenuto.teams.migration import moving
    from tenuto.teams.migration.databases.addresses import open_database
    from tenuto.teams.migration.moving import checkpoints

    if directing.to_split(standing, seconds) is None:
        return standing
    with (
        told(asks=True),
        closing(open_database(options.source)) as source,
        closing(open_database(options.target, writing=True)) as target,
    ):
        for _ in range(SPLITS_MAX):
            one = directing.to_split(standing, seconds)
            if one is None:
                break
            load = moving.Load(
                migration=ctx.session_id, plan=plan, table=one.table, range=one.range
            )
            parts = moving.split(
                source,
                target,
                load,
                parts=standing.lanes - len(standing.open) + 1,
                first_number=standing.next[one.table],
            )
            if len(parts) == 1 and parts[0].number == one.range.number:
                standing = directing.counted(standing, one, parts[0].rows or 0)
                if parts[0].rows is None:
                    break
                continue
            batches = checkpoints.of_range(target, ctx.session_id, one.table, one.range.number)
            came = Came(
                rows=sum(batch.loaded for batch in batches),
                quarantined=sum(batch.bad for batch in batches),
            )
            standing = directing.cut(standing, one, parts, came)
            about = {"table": one.table, "range": one.range.number, "parts": len(parts)}
            text = f"What is left of a range of {one.table} is moved in {len(parts)} parts."
            ctx.note("answer_to_load", {"kind": "rebalanced", **about, "text": text})
            standing = directing.telling(standing, "rebalanced", text)
    return standing


def measure(
    ctx: tenuto.Context,
    plan: dict[str, Any],
    standing: dict[str, Any],
    turn: dict[str, Any],
    reports: list[list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return where the migration stands after a round, what people are to be told, and `answers`:
    what rules would do about it."""
    now, at_ms = from_json(plan, Plan), _now_ms()
    took_s = max(at_ms - turn["began_ms"], 1) / 1000
    told_of = [from_json(one, Report) for lane in reports for one in lane]
    stands = directing.measured(from_json(standing, Standing), told_of, took_s)
    stands, adapted = directing.adapted(stands, told_of, now)
    metrics = _metrics(stands, told_of, took_s)
    ctx.note("metrics", metrics)
    for text in adapted:
        ctx.note("answer_to_load", {"kind": "adapted", "text": text})
        stands = directing.telling(stands, "adapted", text)
    alerts = []
    for kind, text in _alerts(stands, told_of, metrics, at_ms):
        if kind not in stands.alerted:
            ctx.note("alert", {"kind": kind, "text": text})
            alerts.append({"kind": kind, "text": text})
            stands = directing.telling(stands, kind, text)
            stands = msgspec.structs.replace(stands, alerted=(*stands.alerted, kind))
    at_risk = any(one["kind"] == "deadline_at_risk" for one in alerts)
    answers = []
    if at_risk and stands.lanes < now.parallel:
        reason = "The deadline is near."
        answers.append({"what": "workers", "table": "", "to": now.parallel, "reason": reason})
    limits = {"workers": now.parallel, "batch_rows": {t.name: t.batch_rows for t in now.tables}}
    return {
        "standing": to_json(stands),
        "alerts": alerts,
        "metrics": metrics,
        "limits": limits,
        "answers": answers,
    }


def answer(
    ctx: tenuto.Context,
    plan: dict[str, Any],
    standing: dict[str, Any],
    answers: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return where it stands with the answers of the monitor that are within the plan's limits."""
    now, stands = from_json(plan, Plan), from_json(standing, Standing)
    planned = {table.name: table.batch_rows for table in now.tables}
    for one in answers:
        what, to = one["what"], one["to"]
        if what == "workers" and 1 <= to <= now.parallel:
            # Rates of before say nothing about what is to come.
            stands = msgspec.structs.replace(stands, lanes=to, rates={})
            text = f"{to} workers go on. {one['reason']}"
        elif what == "batch_rows" and (
            directing.BATCH_ROWS_MIN <= to <= planned.get(one["table"], 0)
        ):
            rows = {**stands.batch_rows, one["table"]: to}
            stands = msgspec.structs.replace(stands, batch_rows=rows)
            text = f"Batches of {one['table']} have {to:,} rows now. {one['reason']}"
        else:
            ctx.note("answer_refused", one)
            continue
        ctx.note("answer_to_load", {"kind": "answered", "text": text})
        stands = directing.telling(stands, "answered", text)
    return {"standing": to_json(stands)}


def _metrics(standing: Standing, reports: list[Report], took_s: float) -> dict[str, Any]:
    eta_s = standing.eta_s
    return {
        "round": standing.rounds,
        "rows_per_second": round(standing.rate),
        "rows": standing.rows,
        "rows_left": standing.left,
        "eta_s": None if eta_s is None else round(eta_s, 1),
        "ranges_open": len(standing.open),
        "workers": standing.lanes,
        "errors": sum(one.quarantined for one in reports),
        "seconds": round(took_s, 2),
        "source_seconds": round(sum(one.source_seconds for one in reports), 2),
        "target_seconds": round(sum(one.target_seconds for one in reports), 2),
    }


def _alerts(
    standing: Standing, reports: list[Report], metrics: dict[str, Any], at_ms: int
) -> list[tuple[str, str]]:
    found = []
    eta_s = standing.eta_s
    if standing.deadline_ms and eta_s is not None and standing.open:
        over_s = at_ms / 1000 + eta_s - standing.deadline_ms / 1000
        if over_s > 0:
            at = f"At {standing.rate:,.0f} rows/s the deadline will be missed"
            found.append(("deadline_at_risk", f"{at} by about {over_s:,.0f} s."))
    if standing.open and not standing.rate:
        found.append(("stalled", "No row was moved in the last round."))
    slow = [one for one in reports if one.slowest_seconds > directing.BATCH_S_SLOW]
    if slow:
        worst = max(slow, key=lambda one: one.slowest_seconds)
        text = f"A batch of {worst.table} took {worst.slowest_seconds:.1f} s to be written."
        found.append(("slow_target", text))
    aside, rows = metrics["errors"], metrics["rows"]
    if aside > ASIDE_MIN and aside > rows * ASIDE_SHARE:
        found.append(("many_aside", f"{aside:,} of {rows:,} rows were put aside so far."))
    return found


def go_on(
    ctx: tenuto.Context, said: dict[str, Any], standing: dict[str, Any], started_ms: int
) -> dict[str, Any]:
    """Return where it stands with the deadline that a person gave, or none.

    Raises:
        Fatal: nobody wants it to go on.
    """
    if not said["approved"]:
        raise tenuto.Fatal(
            "The deadline has passed, and the migration is not to go on.", code="deadline_passed"
        )
    text = (said.get("data") or {}).get("deadline", "")
    try:
        deadline_ms = deadline_from(text, started_ms) if text else 0
    except ValueError as error:
        raise tenuto.Escalatable(str(error), code="deadline_wrong") from error
    stands = from_json(standing, Standing)
    alerted = tuple(kind for kind in stands.alerted if kind != "deadline_at_risk")
    stands = msgspec.structs.replace(stands, deadline_ms=deadline_ms, alerted=alerted)
    ctx.note("deadline", {"by": said["by"], "deadline": text or "none"})
    return {"standing": to_json(stands)}
