"""The composition root: settings to adapters to runtime. May import everything but `cli`; no
rules."""

from tenuto.bootstrap.delivering import deliver
from tenuto.bootstrap.finding import LoadedWorkflow, installed_teams, load_workflow, read_file
from tenuto.bootstrap.opening import OpenRuntime, run
from tenuto.bootstrap.opening import open as open_runtime

__all__ = [
    "LoadedWorkflow",
    "OpenRuntime",
    "deliver",
    "installed_teams",
    "load_workflow",
    "open_runtime",
    "read_file",
    "run",
]
