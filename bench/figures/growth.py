"""One session whose list grows with every turn: what it takes on disk, and whether it slows."""

import asyncio
from pathlib import Path

import tenuto
from bench import flows, machine, peer
from bench.lab import Lab, Measured, Rival, median
from bench.table import Row, at_most, number


def growing_list(folder: Path, *, turns: int) -> Measured:
    """Return bytes on disk and bytes of text, and how much slower the last turns were."""
    asyncio.run(_conversation("memory://", flows.WARMING_TURNS))
    flows.spoken_s.clear()
    history = asyncio.run(_conversation(f"sqlite:///{folder}/ours.db", turns))
    assert len(history) == turns, "every turn was taken"
    return {
        "disk_bytes": peer.disk_bytes(folder),
        "text_bytes": sum(len(text.encode()) for text in history),
        "slowdown": flows.slowdown(),
    }


async def _conversation(url: str, turns: int) -> list[str]:
    # Without syncs: how long the disk takes for one would hide what grows.
    async with tenuto.open(url, durability="wal") as runtime:
        session = await runtime.start(flows.conversation(turns))
        await session.result()
        history = (await session.state()).values["history"]
    assert isinstance(history, list), "the history is a list"
    return [str(text) for text in history]


def growth(lab: Lab) -> list[Row]:
    """Measure figures 3 and 4 in the same runs."""
    turns, theirs = lab.count(1_000, least=50), lab.count(400, least=20)
    rivals: list[Rival] = [(growing_list, {"turns": turns})]
    if machine.peer_is_here():
        rivals.append((peer.growing_list, {"turns": theirs, "deltas": False}))
        rivals.append((peer.growing_list, {"turns": theirs, "deltas": True}))
    ours, *others = lab.in_turns(*rivals)
    disk, slowdown = _times_text(ours), median(ours, "slowdown")
    beside_disk, beside_slowdown = "the text itself", "its own first turns"
    for runs, name in zip(others, ("LangGraph", "its beta DeltaChannel"), strict=False):
        beside_disk += f"; {name}, {theirs} turns: {_times_text(runs):.1f} x"
        beside_slowdown += f"; {name}, {theirs} turns: {median(runs, 'slowdown'):.2f} x"
    return [
        Row(
            figure=f"one session, loop of {turns:,} turns growing a list: disk",
            ours=number(median(ours, "disk_bytes") / 1e6, "MB"),
            beside=f"{beside_disk} (text: {number(median(ours, 'text_bytes') / 1e6, 'MB')})",
            ratio=f"{disk:.2f} x",
            bar="<= 3 x",
            aim="1.5 x",
            verdict=at_most(disk, bar=3, aim=1.5),
        ),
        Row(
            figure=f"... its last {turns // 10} turns against its first {turns // 10}: time",
            ours=f"{slowdown:.2f} x",
            beside=beside_slowdown,
            ratio=f"{slowdown:.2f} x",
            bar="<= 1.2 x",
            aim="1.0 x",
            verdict=at_most(slowdown, bar=1.2, aim=1.0),
        ),
    ]


def _times_text(runs: list[Measured]) -> float:
    return median(runs, "disk_bytes") / median(runs, "text_bytes")
