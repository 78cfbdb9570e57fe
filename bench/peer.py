"""LangGraph with its asynchronous SQLite saver, doing what `bench.flows` does.

As its documentation shows it: one saver for all threads, `durability="sync"`, invocations gathered.
The saver itself sets WAL; SQLite's default for `synchronous` is FULL, as ours.
"""

import asyncio
import importlib
import operator
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict

from bench.flows import (
    TURN_CHARACTERS,
    WARMING_SESSIONS,
    WARMING_TURNS,
    slowdown,
    spoken_s,
)
from bench.lab import Measured
from bench.texts import paragraph


class Counting(TypedDict):
    count: Annotated[int, operator.add]


class Talking(TypedDict):
    history: Annotated[list[str], operator.add]
    turn: int


class Spreading(TypedDict):
    items: list[int]
    item: int
    numbers: Annotated[list[int], operator.add]
    total: int


async def count(state: Counting) -> dict[str, int]:
    return {"count": 1}


async def speak(state: Talking) -> dict[str, Any]:
    spoken_s.append(time.perf_counter())
    turn = len(state["history"])
    return {"history": [paragraph(turn, characters=TURN_CHARACTERS)], "turn": turn + 1}


async def double(state: Spreading) -> dict[str, list[int]]:
    return {"numbers": [2 * state["item"]]}


async def total(state: Spreading) -> dict[str, int]:
    return {"total": sum(state["numbers"])}


def module(name: str) -> Any:
    """Return a module of the rival, which not every environment has."""
    return importlib.import_module(name)


def opened(folder: Path) -> Any:
    """Return the saver on a new file, to be entered."""
    saver = module("langgraph.checkpoint.sqlite.aio").AsyncSqliteSaver
    return saver.from_conn_string(str(folder / "peer.db"))


def chain(nodes: int) -> Any:
    """Return the graph of `flows.chain`, not compiled."""
    graphs = module("langgraph.graph")

    graph = graphs.StateGraph(Counting)
    for n in range(nodes):
        graph.add_node(f"node_{n}", count)
        graph.add_edge(f"node_{n - 1}" if n else graphs.START, f"node_{n}")
    graph.add_edge(f"node_{nodes - 1}", graphs.END)
    return graph


def conversation(turns: int, *, deltas: bool) -> Any:
    """Return the graph of `flows.conversation`; `deltas`: its history is a `DeltaChannel`."""
    graphs = module("langgraph.graph")

    schema: Any = Talking
    if deltas:
        channel = module("langgraph.channels.delta").DeltaChannel(_extended, list)
        fields = {"history": Annotated[list[str], channel], "turn": int}
        schema = type("TalkingInDeltas", (dict,), {"__annotations__": fields})
    graph = graphs.StateGraph(schema)
    graph.add_node("speak", speak, input_schema=schema)
    graph.add_edge(graphs.START, "speak")
    graph.add_conditional_edges(
        "speak", lambda state: "speak" if state["turn"] < turns else graphs.END
    )
    return graph


def _extended(old: list[str], updates: Sequence[list[str]]) -> list[str]:
    return [*old, *(item for update in updates for item in update)]


def fan_out() -> Any:
    """Return the graph of `flows.fan_out`: one `Send` per item, then a node with all results."""
    graphs, types = module("langgraph.graph"), module("langgraph.types")

    graph = graphs.StateGraph(Spreading)
    graph.add_node("double", double)
    graph.add_node("total", total)
    graph.add_conditional_edges(
        graphs.START,
        lambda state: [types.Send("double", {"item": item}) for item in state["items"]],
        ["double"],
    )
    graph.add_edge("double", "total")
    graph.add_edge("total", graphs.END)
    return graph


def many_sessions(folder: Path, *, sessions: int) -> Measured:
    """Return steps per second of `sessions` threads at once, of 5 to 10 steps."""

    async def main() -> float:
        async with opened(folder) as saver:
            return await steps_per_s(saver, sessions)

    return {"per_s": asyncio.run(main())}


async def steps_per_s(saver: Any, sessions: int) -> float:
    """Return steps per second of threads of 5 to 10 steps with a saver."""
    graphs = [chain(nodes).compile(checkpointer=saver) for nodes in range(5, 11)]

    async def carry_out(first: int, count: int) -> list[Any]:
        threads = range(first, first + count)
        return await asyncio.gather(
            *[graphs[n % 6].ainvoke({"count": 0}, thread(n), durability="sync") for n in threads]
        )

    await carry_out(sessions, min(sessions, WARMING_SESSIONS))
    began_s = time.perf_counter()
    outputs = await carry_out(0, sessions)
    spent_s = time.perf_counter() - began_s
    steps: int = sum(output["count"] for output in outputs)
    assert steps == sum(5 + n % 6 for n in range(sessions)), "every step was done"
    return steps / spent_s


def growing_list(folder: Path, *, turns: int, deltas: bool) -> Measured:
    """Return bytes on disk and bytes of text, and how much slower the last turns were."""
    with tempfile.TemporaryDirectory(dir=folder) as other:
        asyncio.run(_conversation(Path(other), WARMING_TURNS, deltas=deltas))
    spoken_s.clear()
    history = asyncio.run(_conversation(folder, turns, deltas=deltas))
    assert len(history) == turns, "every turn was taken"
    return {
        "disk_bytes": disk_bytes(folder),
        "text_bytes": sum(len(text.encode()) for text in history),
        "slowdown": slowdown(),
    }


async def _conversation(folder: Path, turns: int, *, deltas: bool) -> list[str]:
    async with opened(folder) as saver:
        await saver.conn.execute("PRAGMA synchronous = NORMAL")
        graph = conversation(turns, deltas=deltas).compile(checkpointer=saver)
        config = {**thread(0), "recursion_limit": turns + 10}
        start = {"history": [], "turn": 0}
        output = await graph.ainvoke(start, config, durability="sync")
        history: list[str] = output["history"]
        return history


def map_and_join(folder: Path, *, items: int) -> Measured:
    """Return the seconds and tasks per second of a fan-out."""

    async def main() -> float:
        async with opened(folder) as saver:
            graph = fan_out().compile(checkpointer=saver)
            start = {"items": list(range(items)), "numbers": []}
            began_s = time.perf_counter()
            output = await graph.ainvoke(start, thread(0), durability="sync")
            spent_s = time.perf_counter() - began_s
            assert output["total"] == items * (items - 1), "every item was doubled"
            return spent_s

    spent_s = asyncio.run(main())
    return {"seconds": spent_s, "per_s": items / spent_s}


def thread(number: int) -> dict[str, Any]:
    """Return the configuration of a thread of its own."""
    return {"configurable": {"thread_id": str(number)}}


def disk_bytes(folder: Path) -> float:
    """Return the size of everything below `folder`, of all peers alike.

    SQLite's `-shm` is not counted: it holds nothing that lasts, and is made anew from the `-wal` by
    whoever opens the file first. Source: sqlite.org/walformat.html, section 2."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return float(sum(path.stat().st_size for path in files if not path.name.endswith("-shm")))
