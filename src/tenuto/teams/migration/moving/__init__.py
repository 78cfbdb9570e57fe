"""Moving rows, exactly once: read in batches, changed, and written with a checkpoint in one
transaction of the target. Below the workflow, and synchronous.

Its parts are loaded when they are asked for: they need libraries of the extra `migration`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenuto.teams.migration.moving.checkpoints import Batch as Batch
    from tenuto.teams.migration.moving.loads import BadRow as BadRow
    from tenuto.teams.migration.moving.loads import Failure as Failure
    from tenuto.teams.migration.moving.loads import Load as Load
    from tenuto.teams.migration.moving.loads import Moved as Moved
    from tenuto.teams.migration.moving.loads import Range as Range
    from tenuto.teams.migration.moving.mover import move as move
    from tenuto.teams.migration.moving.mover import prepare as prepare
    from tenuto.teams.migration.moving.progress import expect as expect
    from tenuto.teams.migration.moving.ranges import ranges_of as ranges_of
    from tenuto.teams.migration.moving.replaying import Replayed as Replayed
    from tenuto.teams.migration.moving.replaying import replay as replay
    from tenuto.teams.migration.moving.rows import changed as changed
    from tenuto.teams.migration.moving.splitting import split as split
    from tenuto.teams.migration.moving.undoing import intend as intend
    from tenuto.teams.migration.moving.undoing import make as make
    from tenuto.teams.migration.moving.undoing import take_back as take_back

_PLACES: Final = {
    "Batch": "checkpoints",
    "BadRow": "loads",
    "Failure": "loads",
    "Load": "loads",
    "Moved": "loads",
    "Range": "loads",
    "changed": "rows",
    "expect": "progress",
    "intend": "undoing",
    "make": "undoing",
    "move": "mover",
    "prepare": "mover",
    "ranges_of": "ranges",
    "replay": "replaying",
    "Replayed": "replaying",
    "split": "splitting",
    "take_back": "undoing",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
