"""Lists of a million sessions: the first page of each filter and of each pair, worst first.

The file is skewed as real ones are: most sessions are one tenant's, one user's and one workflow's,
have completed and are children of others. So there are pairs that each find much and nothing
together: for a list without an index of its own these are the worst."""

import asyncio
import itertools
import random
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.lab import Lab, Measured, median
from bench.table import Row, at_most, number
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.sqlite.writing import INSERT_SESSION
from tenuto.adapters.tables.heads import row_of
from tenuto.core.lifecycle import WaitsFor
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import Commit, Head, HeadQuery

PAGE: Final = 50
ROWS_AT_ONCE: Final = 50_000
ASKED_TIMES: Final = 5
START_MS: Final = 1_760_000_000_000

RARE: Final = 0.0005
ASKING: Final = 40


def pages(folder: Path, *, sessions: int) -> Measured:
    """Return ms of the slowest first page, of the median, and of one without a filter."""

    async def main() -> Measured:
        store = await SqliteEventStore.open(folder / "lists.db", durability="wal")
        await asyncio.to_thread(_fill, folder / "lists.db", sessions)
        await store.lists.prepare()
        spent: dict[str, float] = {}
        for name, query in _queries(sessions).items():
            times = []
            for _ in range(ASKED_TIMES):
                asked_s = time.perf_counter()
                await store.heads(query)
                times.append(time.perf_counter() - asked_s)
            spent[name] = statistics.median(times)
        await store.close()
        return {
            "worst_ms": max(spent.values()) * 1000,
            "plain_ms": spent["tenant"] * 1000,
            "median_ms": statistics.median(spent.values()) * 1000,
            "alone_ms": max(s for name, s in spent.items() if "+" not in name) * 1000,
            "queries": len(spent),
        }

    return asyncio.run(main())


def starts(folder: Path, *, sessions: int, prepared: bool) -> Measured:
    """Return per second how many sessions are started, wait, go on and complete, in batches."""

    async def main() -> Measured:
        store = await SqliteEventStore.open(folder / "starts.db", durability="wal")
        if prepared:
            await store.lists.prepare()
        heads = [_head(n, random.Random(n)) for n in range(sessions)]
        began_s = time.perf_counter()
        for n, status in enumerate(("running", "waiting", "running", "completed")):
            commits = [_commit(head, n, status) for head in heads]
            await asyncio.gather(*[store.append(commit) for commit in commits])
        spent_s = time.perf_counter() - began_s
        await store.close()
        return {"per_s": 4 * sessions / spent_s}

    return asyncio.run(main())


def inbox(folder: Path, *, sessions: int) -> Measured:
    """Return ms of the first page of those that ask a person, few among many that wait: by the
    index, and by the words of what each waits for."""

    async def main() -> Measured:
        store = await SqliteEventStore.open(folder / "inbox.db", durability="wal")
        await asyncio.to_thread(_fill, folder / "inbox.db", sessions, _waiting)
        await store.lists.prepare()
        spent: dict[str, float] = {}
        for name, query in (
            ("inbox_ms", HeadQuery(tenant="big", waits_for=("approval",), limit=PAGE)),
            ("words_ms", HeadQuery(tenant="big", words=("a decision on ",), limit=PAGE)),
        ):
            times = []
            for _ in range(ASKED_TIMES):
                asked_s = time.perf_counter()
                found = await store.heads(query)
                times.append(time.perf_counter() - asked_s)
            spent[name] = statistics.median(times) * 1000
            spent[f"{name}_found"] = len(found)
        await store.close()
        assert spent["inbox_ms_found"] == spent["words_ms_found"]
        return spent

    return asyncio.run(main())


def listing(lab: Lab) -> list[Row]:
    """Measure first pages, and what being prepared for them costs commits."""
    count = lab.count(1_000_000, least=2_000)
    (runs,) = lab.in_turns((pages, {"sessions": count}), rounds=1)
    without, with_lists = lab.in_turns(
        (starts, {"sessions": lab.count(5_000, least=50), "prepared": False}),
        (starts, {"sessions": lab.count(5_000, least=50), "prepared": True}),
    )
    asleep = lab.count(100_000, least=1_000)
    (asked,) = lab.in_turns((inbox, {"sessions": asleep}), rounds=1)
    inbox_ms, words_ms = median(asked, "inbox_ms"), median(asked, "words_ms")
    worst_ms = median(runs, "worst_ms")
    rate, before = median(with_lists, "per_s"), median(without, "per_s")
    return [
        Row(
            figure=f"list of {count:,} sessions: first page, the slowest of"
            f" {median(runs, 'queries'):.0f} filters and pairs, ms",
            ours=number(worst_ms),
            beside=f"without a filter {number(median(runs, 'plain_ms'))}; of all the median"
            f" {number(median(runs, 'median_ms'))}, of filters alone the slowest"
            f" {number(median(runs, 'alone_ms'))}",
            ratio=f"{worst_ms / median(runs, 'plain_ms'):.0f} x",
            bar="300",
            aim="100",
            verdict=at_most(worst_ms, bar=300, aim=100),
        ),
        Row(
            figure=f"inbox of {asleep:,} sessions that wait, {ASKING} of them for a person, ms",
            ours=number(inbox_ms),
            beside=f"by the words of what they wait for: {number(words_ms)}",
            ratio=f"{inbox_ms / words_ms:.1%}",
            bar="300",
            aim="100",
            verdict=at_most(inbox_ms, bar=300, aim=100),
        ),
        Row(
            figure="... changes of status committed/s with the indexes of lists, `wal`",
            ours=number(rate),
            beside=f"without them: {number(before)}",
            ratio=f"{rate / before:.0%}",
        ),
    ]


def _queries(sessions: int) -> dict[str, HeadQuery]:
    end = START_MS + sessions * 10
    filters: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "user": [(name, {"user": name}) for name in ("heavy", "rare", "nobody")],
        "status": [
            (name, {"statuses": tuple(name.split())})
            for name in ("completed", "paused", "cancelled", "failed waiting running")
        ],
        "workflow": [(name, {"workflow": name}) for name in ("usual", "seldom", "none")],
        "roots": [("", {"roots": True})],
        "parent": [("", {"parent": _id(0)}), ("none", {"parent": SessionId("none")})],
        "since": [
            ("lately", {"since_ms": end - 1_000}),
            ("half", {"since_ms": (START_MS + end) // 2}),
            ("never", {"since_ms": end + 1_000_000}),
        ],
        "until": [
            ("first", {"until_ms": START_MS + 1_000}),
            ("half", {"until_ms": (START_MS + end) // 2}),
            ("never", {"until_ms": START_MS - 1}),
        ],
        "text": [
            ("ses_", {"text": "ses_"}),
            ("one id", {"text": _id(sessions // 3)}),
            ("order-", {"text": "order-"}),
            ("seldom", {"text": "eldo"}),
            ("nothing", {"text": "zzz"}),
        ],
        "waits": [
            (name, {"waits_for": tuple(name.split())}) for name in ("approval", "signal timer")
        ],
        "page": [("in the middle", {"before": _id(sessions // 2)})],
    }
    asked: dict[str, HeadQuery] = {"tenant": HeadQuery(tenant="big", limit=PAGE)}
    for tenant in ("small", "none"):
        asked[f"tenant {tenant}"] = HeadQuery(tenant=tenant, limit=PAGE)
    for choices in (*itertools.combinations(filters, 1), *itertools.combinations(filters, 2)):
        for parts in itertools.product(*(filters[choice] for choice in choices)):
            pairs = zip(choices, parts, strict=True)
            name = " + ".join(f"{choice} {what}".strip() for choice, (what, _) in pairs)
            given = {field: value for _, values in parts for field, value in values.items()}
            query = HeadQuery(tenant="big", limit=PAGE)
            asked[name] = msgspec.structs.replace(query, **given)
    return asked


def _fill(
    file: Path, sessions: int, made: Callable[[int, random.Random], Head] | None = None
) -> None:
    """Write rows of sessions by the statement with which the store itself starts them."""
    connection = sqlite3.connect(file)
    chance = random.Random(7)
    for first in range(0, sessions, ROWS_AT_ONCE):
        last = min(sessions, first + ROWS_AT_ONCE)
        rows = [(n + 1, *row_of((made or _head)(n, chance))) for n in range(first, last)]
        connection.executemany(INSERT_SESSION, rows)
        connection.commit()
    connection.close()


def _id(n: int) -> SessionId:
    return SessionId(f"ses_1m8{n:022d}")


def _head(n: int, chance: random.Random) -> Head:
    rare = chance.random() < RARE
    status = "completed"
    if chance.random() < 0.1:
        status = chance.choice(("running", "waiting", "failed", "cancelled"))
    waits: tuple[WaitsFor, ...] = ()
    if status == "waiting":
        waits = ("approval",) if n % 97 == 0 else ("signal",) if n % 2 else ("timer",)
    # What is rare is never together with what else is rare: such pairs find nothing.
    return Head(
        session=_id(n),
        tenant="small" if n % 5_000 == 17 else "big",
        user="rare" if rare else "heavy" if n % 2 else f"user-{n % 997}",
        workflow="seldom" if n % 2 == 0 and n % 4_000 < 2 else "usual" if n % 3 else f"w{n % 50}",
        workflow_version="1",
        parent=_id(0) if n and n % 10 else None,
        key=f"order-{n}" if n % 4 == 0 else None,
        status=status,  # type: ignore[arg-type]  # one of them
        waits_for=waits,
        active=False,
        started_ms=START_MS + n * 10,
        updated_ms=START_MS + n * 10,
        version=Version(12),
    )


def _waiting(n: int, chance: random.Random) -> Head:
    """Return one that waits: the oldest for a person."""
    head = msgspec.structs.replace(_head(n, chance), tenant="big", status="waiting")
    if n < ASKING:
        asks = "a decision on 'sign' (task 1)"
        return msgspec.structs.replace(head, waiting_for=asks, waits_for=("approval",))
    return msgspec.structs.replace(head, waiting_for="a signal for 'go'", waits_for=("signal",))


def _commit(head: Head, n: int, status: str) -> Commit:
    changed = msgspec.structs.replace(
        head, status=status, active=status == "running", version=Version(n + 1), key=None
    )
    return Commit(
        session=head.session,
        expected=Version(n),
        count=1,
        payload=b"x" * 200,
        at_ms=head.started_ms,
        head=changed,
    )
