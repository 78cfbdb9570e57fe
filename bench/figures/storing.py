"""The event store by itself, without a runtime: appends of one session, and of a thousand."""

from pathlib import Path

from bench import raw, store
from bench.lab import Lab, Measured, median, ratio
from bench.table import Row, number


def serial(folder: Path, *, appends: int) -> Measured:
    """Return appends per second of one session that waits for each."""
    return {"per_s": store.store_serial_per_s(folder, appends=appends)}


def concurrent(folder: Path, *, sessions: int, each: int) -> Measured:
    """Return appends per second of many sessions at once."""
    return {"per_s": store.store_concurrent_per_s(folder, sessions=sessions, each=each)}


def storing(lab: Lab) -> list[Row]:
    """Measure what the store leaves for the runtime to use."""
    appends, sessions = lab.count(2_000, least=20), lab.count(1_000, least=10)
    one, many, disk = lab.in_turns(
        (serial, {"appends": appends}),
        (concurrent, {"sessions": sessions, "each": lab.count(50, least=5)}),
        (raw.commits, {"rows": appends, "payload_bytes": len(store.PAYLOAD)}),
    )
    beside = f"raw commits of one row: {number(median(disk, 'per_s'))}"
    return [
        Row(
            figure="the store alone: appends/s of one session, `sync`",
            ours=number(median(one, "per_s")),
            beside=beside,
            ratio=f"{ratio(one, disk, 'per_s'):.0%}",
        ),
        Row(
            figure=f"... of {sessions:,} sessions at once",
            ours=number(median(many, "per_s")),
            beside=beside,
            ratio=f"{ratio(many, disk, 'per_s'):.0f} x",
        ),
    ]
