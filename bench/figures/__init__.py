"""The figures by name, in the order of the issue's table."""

from collections.abc import Callable
from typing import Final

from bench.figures.agents import agents
from bench.figures.auditing import auditing
from bench.figures.growth import growth
from bench.figures.guards import guards
from bench.figures.listing import listing
from bench.figures.live import live
from bench.figures.long_logs import long_logs
from bench.figures.migrating import migrating
from bench.figures.parking import parking
from bench.figures.recovery import recovery
from bench.figures.remembering import remembering
from bench.figures.serving import serving
from bench.figures.sharing import sharing
from bench.figures.spreading import spreading
from bench.figures.starting import starting
from bench.figures.steps import many, one
from bench.figures.storing import storing
from bench.figures.streams import streams
from bench.figures.workers import workers
from bench.lab import Lab
from bench.table import Row

FIGURES: Final[dict[str, Callable[[Lab], list[Row]]]] = {
    "many": many,
    "one": one,
    "growth": growth,
    "map": spreading,
    "parked": parking,
    "long": long_logs,
    "import": starting,
    "live": live,
    "recovery": recovery,
    "store": storing,
    "postgres": sharing,
    "workers": workers,
    "lists": listing,
    "audit": auditing,
    "agents": agents,
    "memory": remembering,
    "guards": guards,
    "streams": streams,
    "serving": serving,
    "migration": migrating,
}

NEED_A_PEER: Final = ("many",)
"""Figures that say nothing without LangGraph."""
