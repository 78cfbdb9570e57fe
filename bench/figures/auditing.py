"""Verifying the audit log of a million entries: its time beside that of reading and hashing the
same rows, and its memory beside that of a tenth of them."""

import asyncio
import hashlib
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import tenuto
from bench.figures.spreading import peak_bytes
from bench.lab import ROOT, Lab, Measured, median
from bench.table import Row, at_most, number
from tenuto.ports.ledger import Change, Source

AT_ONCE: Final = 2_000
SELECT_ALL: Final = """
    SELECT number, at_ms, tenant, actor, action, kind, target, version, body, digest
    FROM ledger ORDER BY number"""


def verified(folder: Path, *, entries: int) -> Measured:
    """Return seconds of an audit, of reading and hashing the same rows, and MB of its peak."""
    file = folder / "ledger.db"
    # In a process of its own: what writing takes is not what an audit takes.
    call = f"from {__name__} import fill; fill({str(file)!r}, {entries})"
    subprocess.run([sys.executable, "-c", call], cwd=ROOT, check=True)
    began_s = time.perf_counter()
    before = bytes(32)
    connection = sqlite3.connect(file)
    for row in connection.execute(SELECT_ALL):
        before = hashlib.sha256(before + row[8]).digest()
    connection.close()
    raw_s = time.perf_counter() - began_s

    async def audit() -> float:
        async with tenuto.open_audit(f"sqlite:///{file}") as trail:
            began_s = time.perf_counter()
            found = await trail.verify()
            assert found.entries >= entries and not found.faults
            return time.perf_counter() - began_s

    audit_s = asyncio.run(audit())
    return {"audit_s": audit_s, "raw_s": raw_s, "peak_mb": peak_bytes() / 2**20}


def auditing(lab: Lab) -> list[Row]:
    """Measure an audit of many entries, and of a tenth of them."""
    count = lab.count(1_000_000, least=2_000)
    (many,) = lab.in_turns((verified, {"entries": count}), rounds=1)
    (few,) = lab.in_turns((verified, {"entries": count // 10}), rounds=1)
    audit_s, raw_s = median(many, "audit_s"), median(many, "raw_s")
    grown = median(many, "peak_mb") / median(few, "peak_mb")
    return [
        Row(
            figure=f"`tenuto audit verify` of {count:,} entries, s",
            ours=number(audit_s),
            beside=f"reading the rows and SHA-256 of their bodies: {number(raw_s)}",
            ratio=f"{audit_s / raw_s:.1f} x",
        ),
        Row(
            figure="... peak of resident memory",
            ours=f"{number(median(many, 'peak_mb'))} MB",
            beside=f"of a tenth of the entries: {number(median(few, 'peak_mb'))} MB",
            ratio=f"{grown:.2f} x",
            bar="<= 1.2 x",
            verdict=at_most(grown, bar=1.2, aim=1.0),
        ),
    ]


def fill(file: str, entries: int) -> None:
    """Write so many entries, as a server does."""

    async def main() -> None:
        async with tenuto.open(f"sqlite:///{file}", durability="wal") as runtime:
            assert runtime.ledger is not None, "a file has a ledger"
            for first in range(0, entries, AT_ONCE):
                numbers = range(first, min(entries, first + AT_ONCE))
                await runtime.ledger.append([_change(n) for n in numbers])

    asyncio.run(main())


def _change(n: int) -> Change:
    return Change(
        at_ms=1_760_000_000_000 + n,
        tenant="local",
        actor=f"user:u{n % 50}",
        action="session.start",
        kind="session",
        target=f"ses_{n}",
        source=Source(),
        detail={"workflow": "triage", "key": f"order-{n}"},
    )
